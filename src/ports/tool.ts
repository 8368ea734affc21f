import type { ToolDefinition } from './settings.ts';

export interface ToolInvocation {
  readonly callId: string;
  readonly toolCallId: string;
  /** JSON text as the model wrote it; the tool validates it. */
  readonly arguments: string;
}

/** A tool that Parley runs itself. */
export interface ToolPort {
  readonly definition: ToolDefinition;
  /** Longest run, ms. After it the model is told that the tool did not answer. */
  readonly deadlineMs: number;
  /** Resolves with the text for the model. May reject; the model is then told so in words. */
  run(invocation: ToolInvocation, signal: AbortSignal): Promise<string>;
}
