import { CallError } from './errors.ts';
import type { ToolDefinition } from './settings.ts';

/** What a tool may do to the call that asked for it. Each throws `CallError` with words for the model. */
export interface CallActions {
  /** The call ends once the goodbye has been heard. */
  endCall(reason: string | null): void;
  /** The app is asked to hand the caller on; the call itself goes on until the app ends it. */
  transfer(target: string, reason: string | null): void;
  /** The call goes on with another agent's instructions, voice and tools. */
  switchAgent(name: string): void;
  switchBackend(name: string): void;
  /** Writes down what the call came to; the latest word counts. */
  setDisposition(value: string, note: string | null): void;
}

export interface ToolInvocation {
  readonly callId: string;
  readonly toolCallId: string;
  /** JSON text as the model wrote it; the tool validates it. */
  readonly arguments: string;
  /** The same for the same request of the same turn, however often it is sent. */
  readonly idempotencyKey: string;
  readonly call: CallActions;
}

/** How a tool is run and what is said about it, beyond its deadline. */
export interface ToolManner {
  /** `asynchronous`: the conversation goes on meanwhile and the result is told later. */
  readonly mode: 'blocking' | 'asynchronous';
  /** Running it twice does no more than running it once. */
  readonly idempotent: boolean;
  /** Further attempts after a failure that may pass (a count, 0–5); none unless idempotent. */
  readonly retries: number;
  /** Asked again in the same turn with the same arguments it runs again; else its answer is repeated. */
  readonly repeatable: boolean;
  /** Interrupting the agent stops it. */
  readonly cancellable: boolean;
  /** Said when it has not answered at once; `auto`: a sentence that the backend makes up. */
  readonly preamble: string | null;
  /**
   * Said while it runs, after 900 ms and 6 s of silence; `auto`: the backend makes them up, `null`: as
   * the agent's turns have it.
   */
  readonly fillers: readonly string[] | 'auto' | null;
  /** A result that comes after its turn is told at the next pause, or only to the model. */
  readonly late: 'speak' | 'silent';
  /** Longest result that is passed on, characters. */
  readonly maxResultChars: number;
}

export const defaultToolManner: ToolManner = {
  mode: 'blocking',
  idempotent: false,
  retries: 0,
  repeatable: false,
  cancellable: false,
  preamble: null,
  fillers: null,
  late: 'speak',
  maxResultChars: 262_144,
};

/** A tool that Parley runs itself. */
export interface ToolPort {
  readonly definition: ToolDefinition;
  /** Longest run, ms, all attempts together. After it the model is told that there is no answer. */
  readonly deadlineMs: number;
  /** Absent keys are {@link defaultToolManner}'s. */
  readonly manner?: Partial<ToolManner>;
  /** Resolves with the text for the model. May reject; the model is then told so in words. */
  run(invocation: ToolInvocation, signal: AbortSignal): Promise<string>;
}

/** Tools that may come and go while calls run. */
export interface ToolSet {
  /** The tools there are now, no name twice. */
  readonly tools: readonly ToolPort[];
  /** Told after each change. @returns stops the telling */
  listen(onChange: () => void): () => void;
}

/** A tool that failed, in words for the model. Never holds a secret, an argument or an address. */
export class ToolError extends CallError {
  readonly #retryable: boolean;
  /** It was not run at all. */
  readonly refused: boolean;

  constructor(
    message: string,
    options: { retryable?: boolean; refused?: boolean; cause?: unknown } = {},
  ) {
    super('tool_failed', message, { cause: options.cause });
    this.#retryable = options.retryable ?? false;
    this.refused = options.refused ?? false;
  }

  override get retryable(): boolean {
    return this.#retryable;
  }
}

/** What every tool declaration has. */
interface DeclarationBase {
  readonly deadlineMs: number;
  readonly manner: ToolManner;
  /** Most runs at once, over all calls (a count). */
  readonly maxConcurrent: number;
}

/** Headers of requests to a tool server; what is secret stands in the environment. */
export interface ToolHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** Header name → name of the environment variable that holds its value. */
  readonly headersEnv: Readonly<Record<string, string>>;
  /** Environment variable that holds a bearer token. */
  readonly bearerEnv: string | null;
}

/** A tool behind an HTTP endpoint. */
export interface HttpToolDeclaration extends DeclarationBase, ToolHeaders {
  readonly kind: 'http';
  readonly definition: ToolDefinition;
  /** `{name}` in path or query stands for an argument. */
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Longest single attempt, ms. */
  readonly timeoutMs: number;
  readonly allowPrivateAddresses: boolean;
}

/** All tools, or some, of one MCP server. */
export interface McpToolDeclaration extends DeclarationBase {
  readonly kind: 'mcp';
  readonly server:
    | {
        readonly type: 'stdio';
        readonly command: string;
        readonly args: readonly string[];
        readonly env: Readonly<Record<string, string>>;
        /** Variables of Parley's own environment that the process gets as well. */
        readonly passEnv: readonly string[];
      }
    | (ToolHeaders & {
        readonly type: 'http';
        readonly url: string;
        readonly allowPrivateAddresses: boolean;
      });
  /** Names, as the server has them, of those that are shown; `null`: all. */
  readonly only: readonly string[] | null;
  /** Put before each name. */
  readonly prefix: string;
}

/** A tool that Parley brings. */
export interface BuiltinToolDeclaration extends DeclarationBase {
  readonly kind: 'builtin';
  readonly builtin: 'end_call' | 'transfer' | 'switch_agent' | 'switch_backend' | 'set_disposition';
  readonly description: string | null;
  /** Agents, backends or targets that may be named; `null`: any. */
  readonly choices: readonly string[] | null;
}

/** A tool that the program registered under this name. */
export interface RegisteredToolDeclaration {
  readonly kind: 'registered';
  readonly name: string;
}

export type ToolDeclaration =
  HttpToolDeclaration | McpToolDeclaration | BuiltinToolDeclaration | RegisteredToolDeclaration;
