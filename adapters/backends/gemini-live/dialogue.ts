import type { ClientMessage } from '../../../protocol/gemini-live/client-messages.ts';
import { bytesPerSample } from '../../../src/audio/format.ts';
import type { BackendCommand, BackendContext, BackendEvent } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { Answers, type EndedAnswer } from './answers.ts';
import { CallerSide } from './caller-side.ts';
import type { Counters } from './counters.ts';
import type { UpstreamEvent } from './decode.ts';
import { encodeResponses, requestRefusal, wireContent } from './encode.ts';
import type { Memory } from './memory.ts';
import { toolBehavior, type SetupFrame } from './setup.ts';
import { Telling } from './telling.ts';
import { ToolBook } from './tool-book.ts';

/**
 * A turn is answered as soon as it has gone up, and what is said to nobody counts as said: so it waits
 * this long for somebody to ask, with what is to be told behind it, ms.
 */
const unaskedMs = 600;

/** What of the wire is about the conversation, and not about connections. */
export type DialogueEvent = Exclude<
  UpstreamEvent,
  { readonly type: 'setup.complete' | 'go.away' | 'unknown' }
>;

/** What of the commands has to wait for a connection. */
export type DialogueCommand = Exclude<
  BackendCommand,
  { readonly type: 'audio' | 'configure' | 'cancel' }
>;

export interface DialogueOptions {
  readonly context: BackendContext;
  readonly frame: SetupFrame;
  readonly counters: Counters;
  readonly memory: Memory;
  readonly settings: () => CallSettings;
  /** @returns whether it was taken */
  readonly send: (text: string, kind: 'audio' | 'control') => boolean;
  readonly write: (message: ClientMessage) => void;
  readonly emit: (event: BackendEvent) => void;
  /** An answer was given, all of it. */
  readonly onProgress: () => void;
  readonly onFailed: (error: CallError) => void;
}

/** What the upstream was asked last, as long as it has not answered. */
type Ask = { readonly kind: 'turn'; readonly audio: readonly Uint8Array[] } | { kind: 'words' };

/** The conversation with the upstream's model: what it is told and asked, and what it says. */
export class Dialogue {
  readonly caller: CallerSide;
  readonly answers: Answers;
  readonly #options: DialogueOptions;
  readonly #tools: ToolBook;
  readonly #telling: Telling;
  #ask: Ask | null = null;
  /** A committed turn that nobody has asked to be answered yet. */
  #unsent: { readonly audio: readonly Uint8Array[]; readonly untilMs: number } | null = null;
  /** The caller's turn that was sent last. */
  #turnId: string | null = null;
  /** What the caller said in it: remembered before its answer. */
  #callerWords = '';
  #used = false;
  #activeAtMs: number;

  constructor(options: DialogueOptions) {
    const { context, counters, emit, frame, memory, settings, send, write } = options;
    const { authority, ids, outputFormat } = context;
    this.#options = options;
    this.#activeAtMs = context.clock.nowMs();
    this.caller = new CallerSide({
      context,
      counters,
      send,
      write,
      emit,
      transcribes: () => settings().callerTranscripts,
      onWords: (text) => (this.#callerWords = text),
    });
    this.answers = new Answers({
      ownLineId: () => {
        const isAsked = settings().turnDetection?.createResponse === false;
        return authority === 'backend' && !isAsked ? ids.next('line') : null;
      },
      bytesPerMs: (outputFormat.rateHz * bytesPerSample(outputFormat.codec)) / 1000,
      emit,
      turnId: () => (authority === 'backend' ? this.caller.transcripts.itemId : this.#turnId),
      onEnded: (answer) => this.#answerEnded(answer),
      onUnasked: () => (counters.unaskedAnswers += 1),
      onOtherUsage: (usage) => emit({ type: 'usage', usage }),
      onStale: () => (counters.staleEvents += 1),
    });
    this.#tools = new ToolBook({
      newId: () => ids.next('call'),
      asynchronous: toolBehavior(frame) === 'NON_BLOCKING',
      scheduling: frame.options.toolScheduling,
    });
    this.#telling = new Telling({ family: frame.family, memory, write });
  }

  /** When to call {@link tick}; `null`: never. */
  get wakeAtMs(): number | null {
    const times = [this.answers.wakeAtMs, this.caller.wakeAtMs, this.#unsent?.untilMs ?? null];
    return times.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);
  }

  /** Something was asked or said. */
  get used(): boolean {
    return this.#used;
  }

  /** When the upstream was asked or said something last. */
  get activeAtMs(): number {
    return this.#activeAtMs;
  }

  /** Nothing is owed by either side. */
  get settled(): boolean {
    const { speaking, uploading } = this.caller;
    const owed = this.#tools.waits || this.answers.owes || this.#unsent !== null;
    return !owed && !speaking && !uploading;
  }

  execute(command: DialogueCommand): void {
    switch (command.type) {
      case 'commit':
        this.#commit(command);
        return;
      case 'caller.floor':
        // An answer that may be said to its end would end with the first of it.
        if (this.answers.saying) return;
        this.#sendTurn();
        this.#telling.words();
        this.caller.beginUpload(command.fromSample);
        return;
      case 'clear':
        this.caller.clear();
        // What has gone up is answered: nobody wants to hear it.
        if (this.caller.endUpload()) this.answers.unwanted(this.#nowMs());
        return;
      case 'respond':
        this.#respond(command);
        return;
      case 'item.add':
        this.#addItem(command);
        return;
      case 'truncate':
      case 'item.delete':
      case 'speculate':
      case 'speculation.drop':
      case 'server_tool.approve':
        this.#options.counters.commandsUnmatched += 1;
    }
  }

  /** What the upstream says. */
  take(event: DialogueEvent): void {
    const { counters, memory } = this.#options;
    const nowMs = this.#nowMs();
    switch (event.type) {
      case 'audio':
        this.#active();
        this.answers.audio(event.bytes, nowMs);
        return;
      case 'agent.text':
        this.answers.text(event.text, nowMs, event.finished);
        return;
      case 'interrupted':
        counters.interruptions += 1;
        this.caller.interrupted();
        this.answers.interrupted(nowMs);
        return;
      case 'generation.complete':
        this.answers.generationComplete(nowMs);
        return;
      case 'turn.complete':
        this.answers.turnComplete(event.outcome, nowMs);
        return;
      case 'usage':
        this.answers.usage(event.usage);
        return;
      case 'speech':
      case 'caller.text':
      case 'caller.interim':
        if (!this.caller.take(event, nowMs)) counters.staleEvents += 1;
        return;
      case 'tool.call':
        this.#takeCalls(event);
        return;
      case 'tool.cancelled':
        counters.toolsCancelled += this.#tools.cancelled(event.ids);
        return;
      case 'resumption': {
        const whole = !this.answers.running && !this.answers.owes && !this.#tools.waits;
        if (event.handle !== null) memory.resumable(event.handle, whole);
      }
    }
  }

  tick(nowMs: number): void {
    this.answers.tick(nowMs);
    this.caller.tick(nowMs);
    if (this.#unsent !== null && nowMs >= this.#unsent.untilMs) this.#sendTurn();
  }

  /** Sees to it that the first line that waits gets an answer. */
  serve(): void {
    const news = this.#telling.hasNews || this.#tools.hasNews;
    if (this.answers.next(this.#nowMs(), news) !== 'request') return;
    this.#telling.request(this.#tools.news(true));
    this.#ask = { kind: 'words' };
    this.#requested();
  }

  /** The connection is gone. */
  left(error: CallError): void {
    if (!this.answers.lost(error, this.#nowMs())) this.#ask = null;
  }

  /** The first connection is there. */
  begin(announced = false): void {
    this.#telling.history(announced);
  }

  /**
   * Another connection is there.
   *
   * @param resumed it knows what the handle holds
   */
  reconnected(resumed: boolean): void {
    this.#activeAtMs = this.#nowMs();
    if (!resumed || !this.#options.memory.fresh) this.#tools.forgotten();
    if (resumed) this.#telling.uncovered();
    else this.#telling.history();
    this.caller.reconnected();
    if (this.#ask === null) return;
    // Its words come once more, with the turn.
    this.#callerWords = '';
    this.#requested();
    if (this.#ask.kind === 'turn') this.caller.sendTurn(this.#ask.audio);
    else this.#telling.requestAgain();
  }

  #commit({ itemId, fromSample, toSample }: BackendCommand & { readonly type: 'commit' }): void {
    this.#sendTurn();
    const audio = this.caller.takeTurn(fromSample, toSample);
    if (audio.length === 0) return;
    this.#rememberCaller();
    this.caller.transcripts.begin(itemId);
    this.#turnId = itemId;
    this.#telling.words();
    this.#unsent = { audio, untilMs: this.#nowMs() + unaskedMs };
    // What goes up as it is spoken is answered where it ends.
    if (this.caller.uploading) this.#sendTurn();
  }

  /** The turn that waits for somebody to ask for its answer goes up. */
  #sendTurn(): void {
    if (this.#unsent === null) return;
    const { audio } = this.#unsent;
    this.#unsent = null;
    this.#ask = { kind: 'turn', audio };
    this.#requested();
    if (this.caller.endUpload() || this.caller.sendTurn(audio)) return;
    const error = new CallError('queue_overflow', 'the upstream does not read what it is sent');
    this.#options.onFailed(error);
  }

  #respond(command: BackendCommand & { readonly type: 'respond' }): void {
    const { lineId, overrides } = command;
    const refused = requestRefusal(command);
    if (refused !== null) {
      const error = new CallError('unsupported_by_backend', `the upstream has not: ${refused}`);
      const outcome = { status: 'failed', error } as const;
      this.#options.emit({ type: 'line.done', lineId, outcome, usage: null });
      return;
    }
    this.#sendTurn();
    if (this.answers.ask(lineId) === 'refused') return;
    const { instructions = '' } = overrides;
    if (instructions !== '') this.#telling.add({ role: 'user', parts: [{ text: instructions }] });
    this.serve();
  }

  #addItem({ item }: BackendCommand & { readonly type: 'item.add' }): void {
    switch (item.kind) {
      case 'message': {
        const content = wireContent(item);
        if (content === null) this.#options.counters.itemsSkipped += 1;
        else this.#telling.add(content);
        return;
      }
      case 'tool_output': {
        this.#tools.answered(item.toolCallId, item.output);
        const { responses } = this.#tools.news(false);
        if (!this.#telling.results(responses)) return;
        this.#ask = { kind: 'words' };
        this.#requested();
        return;
      }
      case 'tool_call':
        // The model made it, or is told what came of it in words.
        return;
    }
  }

  #takeCalls({ calls }: UpstreamEvent & { readonly type: 'tool.call' }): void {
    const { counters, frame, write } = this.#options;
    const { fresh, repeated, responses } = this.#tools.called(calls);
    counters.toolsRepeated += repeated;
    counters.toolsCalled += fresh.length;
    if (responses.length > 0) write(encodeResponses(responses));
    if (fresh.length === 0) return;
    this.#active();
    this.answers.tools(fresh, this.#nowMs(), toolBehavior(frame) === 'BLOCKING');
  }

  /** The upstream was asked for an answer. */
  #requested(): void {
    this.#used = true;
    this.#activeAtMs = this.#nowMs();
    this.#options.memory.stale();
    this.answers.requested(this.#nowMs());
  }

  /** The upstream says something of its own. */
  #active(): void {
    this.#used = true;
    this.#activeAtMs = this.#nowMs();
    if (this.answers.running) return;
    this.#options.memory.stale();
    this.caller.answerBegan(this.answers.owes);
  }

  #answerEnded({ text, turnId, whole }: EndedAnswer): void {
    this.#activeAtMs = this.#nowMs();
    this.caller.answered(turnId, this.#nowMs());
    this.#rememberCaller();
    this.#options.memory.add('model', text);
    if (!this.answers.owes) this.#ask = null;
    if (whole) this.#options.onProgress();
  }

  #rememberCaller(): void {
    this.#options.memory.add('user', this.#callerWords);
    this.#callerWords = '';
  }

  #nowMs(): number {
    return this.#options.context.clock.nowMs();
  }
}
