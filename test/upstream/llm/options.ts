import type { DelaySpread } from '../../../adapters/backends/rehearsal/chance.ts';
import type { Clock } from '../../../src/time/clock.ts';

/** A message of a request, as the wire spells it, after it was found in order. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly tool_calls?: readonly ChatToolCall[];
  readonly tool_call_id?: string;
}

export interface ChatToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** What the stand-in says to a request. */
export interface ChatAnswer {
  readonly text?: string;
  readonly calls?: readonly {
    readonly id?: string;
    readonly name: string;
    readonly arguments: string;
  }[];
  readonly finish?: 'stop' | 'length' | 'content_filter';
}

/** What it was asked, besides the messages. */
export interface ChatQuestion {
  readonly messages: readonly ChatMessage[];
  /** Names of the tools it may call; none where it must not. */
  readonly tools: readonly string[];
  /** Tokens it may write. */
  readonly maxTokens: number;
  /** Must call one. */
  readonly mustCall: boolean;
}

export type ChatRule = (question: ChatQuestion) => ChatAnswer;

/** In what local servers write otherwise than the original. */
export interface ChatSpelling {
  /** Ollama leaves `index` out of tool calls. */
  readonly noIndex?: boolean;
  /** llama.cpp repeats the name with every piece of the arguments. */
  readonly nameInEveryDelta?: boolean;
  /** vLLM leaves `type: "function"` out. */
  readonly noType?: boolean;
  /** `finish_reason: "stop"` although tools were called. */
  readonly stopWithCalls?: boolean;
  /** A whole call in one delta, as Ollama and Gemini do. */
  readonly wholeCalls?: boolean;
  /** Characters of arguments in a delta; 1 cuts every escape sequence. */
  readonly argumentCharacters?: number;
  /** Deltas with nothing in them. */
  readonly emptyDeltas?: boolean;
  /** `: keep-alive` between the events. */
  readonly keepAlives?: boolean;
  readonly lineEnd?: '\n' | '\r\n';
  /** The stream ends without `[DONE]`. */
  readonly noDone?: boolean;
  /** The connection stays open behind `[DONE]`. */
  readonly openAfterDone?: boolean;
  readonly noUsage?: boolean;
  /** Thoughts come before the text. */
  readonly reasoning?: string;
}

export type ChatFault =
  | {
      readonly kind: 'refuse';
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Nothing comes, not even the head. */
  | { readonly kind: 'hang' }
  /** Nothing more comes after so many tokens. */
  | { readonly kind: 'hang_after'; readonly tokens: number }
  /** Keep-alive lines alone come after so many tokens, one every so many ms. */
  | { readonly kind: 'keep_alives_after'; readonly tokens: number; readonly everyMs: number }
  /** The socket is gone after so many tokens. */
  | { readonly kind: 'cut'; readonly tokens: number }
  /** Ends orderly after so many tokens, without a reason. */
  | { readonly kind: 'end'; readonly tokens: number }
  /** This text comes as it is after so many tokens. */
  | { readonly kind: 'send'; readonly tokens: number; readonly text: string }
  /** A page of a proxy instead of events. */
  | { readonly kind: 'page' };

export interface ChatStandInOptions {
  readonly clock?: Clock;
  readonly port?: number;
  /** The key that is asked for; `null` takes anyone. */
  readonly apiKey?: string | null;
  /** Models it has; `null` takes any name. */
  readonly models?: readonly string[] | null;
  /** OpenAI's newer models refuse `max_tokens`. */
  readonly refusesMaxTokens?: boolean;
  readonly answer?: ChatRule;
  /** Spread of the time from a request to its first token; log-normal. 0: at once. */
  readonly firstTokenMs?: DelaySpread | 0;
  /** The same from each token to the next. */
  readonly tokenMs?: DelaySpread | 0;
  readonly seed?: number;
  readonly spelling?: ChatSpelling;
  readonly fault?: ChatFault | null;
  /** Cuts the bytes of an answer, each piece one write; `null` writes event by event. */
  readonly cutBytes?: ((bytes: Buffer) => readonly Buffer[]) | null;
  readonly keepAliveMs?: number;
}

/** One request, as it went. */
export interface ChatRecord {
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** By the stand-in's clock. */
  readonly atMs: number;
  /** The delay that was drawn; 0 where it was refused. */
  firstTokenMs: number;
  /** When the first token was written; `null` while there is none. */
  firstTokenAtMs: number | null;
  tokensWritten: number;
  /** Tokens that it was charged for; `null` unless it was written to its end. */
  usage: { readonly prompt: number; readonly completion: number; readonly cached: number } | null;
  /** When its connection was free again or gone; `null` while it is not. */
  closedAtMs: number | null;
  state: 'open' | 'done' | 'aborted' | 'refused';
}

export interface ChatStats {
  readonly requests: readonly ChatRecord[];
  /** Requests whose connection the other side closed before they were done. */
  readonly aborted: number;
  readonly active: number;
  readonly tokensWritten: number;
  readonly lastBody: Readonly<Record<string, unknown>> | null;
}
