import type {
  FunctionScheduling,
  WireContent,
  WireFunctionResponse,
} from '../../../protocol/gemini-live/client-messages.ts';
import { responseObject, toolWords } from './encode.ts';

/** Calls remembered (a count); the oldest are forgotten. */
const callLimit = 256;

interface Call {
  readonly toolCallId: string;
  readonly name: string;
  /** What the upstream calls it; `null` where it has no name and takes none. */
  readonly wireId: string | null;
  readonly arguments: string;
  /** The message it came in: its calls are answered together. */
  readonly batch: number;
  output: string | null;
  /** The upstream waits for it. */
  open: boolean;
}

/** A call as the upstream makes it. */
export interface IncomingCall {
  readonly id: string | null;
  readonly name: string;
  readonly arguments: string;
}

/** A call as the call's ledger knows it. */
export interface OutgoingCall {
  readonly toolCallId: string;
  readonly name: string;
  readonly arguments: string;
}

/** What is to be told upstream. */
export interface ToolNews {
  readonly responses: readonly WireFunctionResponse[];
  /** Results that the upstream asked nobody for, or no longer: they are told in words. */
  readonly words: readonly WireContent[];
}

export interface ToolBookOptions {
  readonly newId: () => string;
  /** The upstream does not wait: it is answered at once, and told the result later. */
  readonly asynchronous: boolean;
  readonly scheduling: FunctionScheduling;
}

/** The upstream's calls and what became of them: each is run once and answered once. */
export class ToolBook {
  readonly #options: ToolBookOptions;
  readonly #calls = new Map<string, Call>();
  #batch = 0;
  /** Results in words that were not told yet. */
  #words: WireContent[] = [];

  constructor(options: ToolBookOptions) {
    this.#options = options;
  }

  /** The upstream waits for results. */
  get waits(): boolean {
    return !this.#options.asynchronous && this.#calls.values().some((call) => call.open);
  }

  /** There is a result that was not told yet. */
  get hasNews(): boolean {
    return this.#words.length > 0 || this.#calls.values().some(isDue);
  }

  /**
   * Calls of one message. One that came before, by its id or, while it is open, by name and
   * arguments, is not called again: it shares the answer of the first.
   */
  called(calls: readonly IncomingCall[]): {
    readonly fresh: readonly OutgoingCall[];
    readonly repeated: number;
    /** To be sent at once. */
    readonly responses: readonly WireFunctionResponse[];
  } {
    this.#batch += 1;
    const fresh: OutgoingCall[] = [];
    const taken: Call[] = [];
    for (const { id, name, arguments: text } of calls) {
      if (id !== null && this.#find(id) !== undefined) continue;
      const same = this.#calls
        .values()
        .find((call) => call.open && call.name === name && call.arguments === text);
      // Without ids the same call cannot be told from its repetition.
      if (same !== undefined && id === null) continue;
      const toolCallId = same === undefined ? (id ?? this.#options.newId()) : this.#options.newId();
      const batch = same?.batch ?? this.#batch;
      const call = { toolCallId, name, wireId: id, arguments: text, batch, output: null };
      this.#add({ ...call, open: true });
      taken.push({ ...call, open: true });
      if (same === undefined) fresh.push({ toolCallId, name, arguments: text });
    }
    const responses = this.#options.asynchronous ? taken.map(underWay) : [];
    return { fresh, repeated: calls.length - fresh.length, responses };
  }

  /** The upstream does not want these any more. Their results are told in words. */
  cancelled(ids: readonly string[]): number {
    const calls = ids.flatMap((id) => this.#find(id) ?? []).filter((call) => call.open);
    for (const call of calls) call.open = false;
    return calls.length;
  }

  /** The session was taken up where it did not know its open calls. */
  forgotten(): void {
    for (const call of this.#calls.values()) call.open = false;
  }

  /** A tool brought something. */
  answered(toolCallId: string, output: string): void {
    const call = this.#calls.get(toolCallId);
    if (call?.open !== true) {
      this.#words.push(toolWords(call?.name ?? 'of before', output));
      if (this.#words.length > callLimit) this.#words.shift();
      return;
    }
    for (const other of this.#calls.values()) {
      if (other === call || sameWork(other, call)) other.output ??= output;
    }
  }

  /**
   * What is to be told now.
   *
   * @param all also of messages whose other calls have not been answered
   */
  news(all: boolean): ToolNews {
    const { asynchronous } = this.#options;
    const responses: WireFunctionResponse[] = [];
    for (const call of this.#calls.values()) {
      if (!isDue(call) || (!all && !asynchronous && this.#isPartial(call.batch))) continue;
      call.open = false;
      responses.push(this.#response(call));
    }
    const words = this.#words;
    if (all) this.#words = [];
    return { responses, words: all ? words : [] };
  }

  #response({ name, wireId, output }: Call): WireFunctionResponse {
    const { asynchronous, scheduling } = this.#options;
    return {
      ...(wireId === null ? {} : { id: wireId }),
      name,
      response: responseObject(output ?? ''),
      ...(asynchronous ? { scheduling, willContinue: false } : {}),
    };
  }

  #isPartial(batch: number): boolean {
    return this.#calls
      .values()
      .some((call) => call.batch === batch && call.open && call.output === null);
  }

  #find(wireId: string): Call | undefined {
    return this.#calls.values().find((call) => call.wireId === wireId);
  }

  #add(call: Call): void {
    this.#calls.set(call.toolCallId, call);
    const [oldest] = this.#calls.keys();
    if (this.#calls.size > callLimit && oldest !== undefined) this.#calls.delete(oldest);
  }
}

function isDue({ open, output }: Call): boolean {
  return open && output !== null;
}

function sameWork(a: Call, b: Call): boolean {
  return a.open && a.batch === b.batch && a.name === b.name && a.arguments === b.arguments;
}

function underWay({ name, wireId }: Call): WireFunctionResponse {
  return {
    ...(wireId === null ? {} : { id: wireId }),
    name,
    response: {},
    willContinue: true,
  };
}
