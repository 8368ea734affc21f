import type { ToolChoice, ToolDefinition } from './settings.ts';

/** One entry of what the model is shown. */
export type ModelMessage =
  | { readonly role: 'system' | 'user' | 'assistant'; readonly text: string }
  /** Tools that the model called in one go, and what it said before them. */
  | {
      readonly role: 'assistant.tools';
      readonly text: string;
      readonly calls: readonly ModelToolCall[];
    }
  | {
      readonly role: 'tool';
      readonly toolCallId: string;
      readonly name: string;
      readonly output: string;
    };

export interface ModelToolCall {
  readonly toolCallId: string;
  readonly name: string;
  /** JSON text as the model wrote it. */
  readonly arguments: string;
}

export interface ModelRequest {
  readonly callId: string;
  /** Oldest first; instructions are a `system` message in front. */
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  /** `null` = as many as the model gives. */
  readonly maxOutputTokens: number | null;
}

/** Tokens as the vendor counted them; `null` where it did not say. Cached is part of input. */
export interface ModelUsage {
  readonly inputTokens: number | null;
  readonly inputCachedTokens: number | null;
  readonly outputTokens: number | null;
}

/**
 * What a model writes, in order. A tool call comes once, whole. `done` is last; a fault is thrown by
 * the iterator as a `CallError`, an abort ends it without an event.
 */
export type ModelEvent =
  | { readonly type: 'text'; readonly delta: string }
  | { readonly type: 'tool_call'; readonly call: ModelToolCall }
  | {
      readonly type: 'done';
      readonly finish: 'stop' | 'length' | 'content_filter' | 'tool_calls';
      readonly usage: ModelUsage | null;
    };

export interface LanguageModelCapabilities {
  readonly tools: boolean;
}

/** Writes answers. */
export interface LanguageModelPort {
  readonly type: string;
  readonly capabilities: LanguageModelCapabilities;
  /** Reaches the server once, so that connections and caches are warm. Rejects with `CallError`. */
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * Tells the server what a call will begin with, where that saves time later; never waits, never
   * fails. At most one at a time for a call.
   */
  warm(request: ModelRequest, signal: AbortSignal): void;
  /** Begins at once. Aborting `signal` stops the server's work and ends the events. */
  write(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
  figures(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}
