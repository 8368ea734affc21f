import { samplesToMs } from '../../../src/audio/format.ts';
import type {
  BackendCommand,
  BackendContext,
  BackendEvent,
  BackendSession,
  LineOutcome,
} from '../../../src/ports/backend.ts';
import type { ConversationItem } from '../../../src/ports/conversation.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { BoundedQueue } from '../../../src/streams/bounded-queue.ts';
import type { Timer } from '../../../src/time/clock.ts';
import { drawShapedMs, type DelayShape, type DelaySpread, type Random } from './chance.ts';
import { inputTokens, ofItem, RehearsalContext, type BelievedEntry } from './context.ts';
import type { Counters } from './counters.ts';
import { faultPlan, type FaultPlan } from './fault-plan.ts';
import { RehearsalLine, type LineHost } from './line.ts';
import { nonsenseAfter, nonsenseNow } from './nonsense.ts';
import type { Fail } from './options.ts';
import { Prompter, verbatim } from './prompter.ts';
import type { Script } from './script.ts';
import { wordsOf } from './speech.ts';

export interface RehearsalSessionOptions {
  readonly context: BackendContext;
  readonly script: Script;
  readonly speak: LineHost['speak'];
  readonly firstAudioMs: DelaySpread;
  readonly shape: DelayShape;
  readonly realTimeFactor: number;
  readonly random: Random;
  readonly fail: Fail | null;
  readonly counters: Counters;
  /** Called once. */
  readonly onClosed: () => void;
}

type Respond = BackendCommand & { readonly type: 'respond' };

/** Events that may wait for the consumer: with 100 ms pieces about half a minute of audio. */
export const eventLimit = 512;
const linesAtOnce = 16;
const contextEntries = 2000;
/** Audio of a slow rehearsal, times real time. */
const slowFactor = 0.5;

/** One call's scripted conversation. */
export class RehearsalSession implements BackendSession {
  readonly #options: RehearsalSessionOptions;
  readonly #counters: Counters;
  readonly #context = new RehearsalContext(contextEntries);
  readonly #prompter: Prompter;
  readonly #lines = new Map<string, RehearsalLine>();
  /** One more than the limit: room for the word that it was exceeded. */
  readonly #queue = new BoundedQueue<BackendEvent>({ limit: eventLimit + 1, overflow: 'fail' });
  readonly #lineHost: LineHost;
  readonly #faults: FaultPlan;
  readonly #faultTimer: Timer | null;
  #settings: CallSettings;
  #answers = 0;
  #factor: number;
  #stalled = false;
  #closed = false;
  /** The line in which a rehearsal began to send nonsense. */
  #nonsenseLineId: string | null = null;

  constructor(options: RehearsalSessionOptions) {
    const { context, counters } = options;
    const { clock } = context;
    this.#options = options;
    this.#counters = counters;
    this.#prompter = new Prompter(options.script);
    this.#settings = context.settings;
    this.#factor = options.realTimeFactor;
    this.seed(context.seed?.items ?? []);
    counters.sessionsOpen += 1;
    counters.sessionsTotal += 1;
    this.#lineHost = {
      clock,
      factor: () => this.#factor,
      speak: options.speak,
      emit: (event) => this.#emit(event),
      onSpeech: ({ request: { lineId, outOfBand, settings } }, speech) => {
        if (!outOfBand) this.#context.openLine(lineId, settings.modality, speech.words);
      },
      onToolCall: ({ request: { outOfBand } }, { name, arguments: argumentsText, then }) => {
        const toolCallId = context.ids.next('call');
        counters.toolsCalled += 1;
        if (then !== null) this.#prompter.wait(toolCallId, then);
        if (!outOfBand) this.#context.addToolCall(toolCallId, name, argumentsText);
        return toolCallId;
      },
      onProgress: ({ request: { lineId, outOfBand }, words, audioMs }) => {
        if (!outOfBand) this.#context.progress(lineId, words, audioMs);
      },
      onMark: ({ request: { lineId } }) => this.#goWrong(lineId),
      onEnd: (line, outcome) => {
        counters.linesCompleted += 1;
        this.#finish(line, outcome);
      },
    };
    this.#faults = faultPlan(options.fail);
    const { afterMs } = this.#faults;
    this.#faultTimer =
      afterMs === null
        ? null
        : clock.timerAt(clock.nowMs() + afterMs, () => this.#goWrong(this.#speakingLineId()));
  }

  get events(): AsyncIterable<BackendEvent> {
    return this.#queue;
  }

  get callId(): string {
    return this.#options.context.callId;
  }

  /** What it believes was said, for tests of what the gateway told it. */
  get believed(): readonly BelievedEntry[] {
    return this.#context.entries;
  }

  /** What was said before the session. */
  seed(items: readonly ConversationItem[]): void {
    for (const item of items) this.#context.addItem(item, undefined);
  }

  send(command: BackendCommand): 'ok' | 'closed' {
    if (this.#closed) return 'closed';
    switch (command.type) {
      case 'audio':
        this.#counters.inputSamples += command.chunk.samples;
        break;
      case 'configure':
        this.#settings = command.settings;
        break;
      case 'commit':
        this.#commit(command.itemId, command.toSample - command.fromSample);
        break;
      // Only backends that say they can are asked for these.
      case 'speculate':
      case 'speculation.drop':
      case 'caller.floor':
      case 'server_tool.approve':
        break;
      case 'clear':
        // Caller audio is counted and never kept: there is nothing to forget.
        break;
      case 'respond':
        this.#respond(command);
        break;
      case 'cancel':
        this.#cancel(command.lineId);
        break;
      case 'truncate': {
        const { lineId, heardMs, heardText } = command;
        this.#count(this.#context.truncate(lineId, heardMs, heardText));
        break;
      }
      case 'item.add':
        this.#context.addItem(command.item, command.afterItemId);
        if (command.item.kind === 'tool_output') {
          this.#prompter.answered(command.item.toolCallId, command.item.output);
        }
        break;
      case 'item.delete':
        this.#count(this.#context.delete(command.itemId));
    }
    return 'ok';
  }

  close(): void {
    if (!this.#closed) this.#end();
    this.#queue.drain();
  }

  #commit(itemId: string, samples: number): void {
    const audioMs = samplesToMs(samples, this.#options.context.inputFormat.rateHz);
    const text = this.#prompter.callerText ?? `(${Math.round(audioMs / 100) / 10} s of speech)`;
    this.#context.addCaller(itemId, audioMs, text);
    if (!this.#settings.callerTranscripts) return;
    const words = wordsOf(text);
    if (words.length > 1) {
      const half = words.slice(0, Math.ceil(words.length / 2)).join(' ');
      this.#emit({ type: 'caller.transcript', itemId, text: half, final: false });
    }
    this.#emit({ type: 'caller.transcript', itemId, text, final: true });
  }

  #respond({ lineId, outOfBand, overrides, input, words }: Respond): void {
    if (this.#lines.has(lineId)) {
      this.#count(false);
      return;
    }
    const refusal = this.#refusal(outOfBand);
    if (refusal !== null) {
      this.#counters.linesRefused += 1;
      const outcome = { status: 'failed', error: refusal } as const;
      this.#emit({ type: 'line.done', lineId, outcome, usage: null });
      return;
    }
    const settings: CallSettings = { ...this.#settings, ...overrides };
    const entries = input === null ? this.#context.entries : input.map(ofItem);
    const cue =
      words !== undefined
        ? verbatim(words)
        : outOfBand
          ? this.#prompter.nextOutOfBand(settings)
          : this.#prompter.next(settings);
    if (!outOfBand && words === undefined) this.#answers += 1;
    const line = new RehearsalLine(
      {
        lineId,
        outOfBand,
        cue,
        settings,
        input: inputTokens(settings.instructions, entries),
        mark:
          !outOfBand && words === undefined && this.#faults.inAnswer === this.#answers
            ? this.#faults.place
            : null,
      },
      this.#lineHost,
    );
    this.#lines.set(lineId, line);
    this.#counters.linesStarted += 1;
    const fixedMs = cue.kind === 'say' ? cue.answer.firstAudioMs : cue.firstAudioMs;
    const { shape, firstAudioMs, random } = this.#options;
    line.start(fixedMs ?? drawShapedMs(shape, firstAudioMs, random));
    if (this.#stalled) line.stop();
  }

  #refusal(outOfBand: boolean): CallError | null {
    if (this.#lines.size >= linesAtOnce) {
      return new CallError('backend_overloaded', `more than ${linesAtOnce} answers at once`);
    }
    if (outOfBand || this.#speakingLineId() === null) return null;
    return new CallError(
      'conversation_already_has_active_response',
      'the rehearsal gives one answer at a time',
    );
  }

  /** The line that runs in the conversation. */
  #speakingLineId(): string | null {
    for (const { request } of this.#lines.values()) {
      if (!request.outOfBand) return request.lineId;
    }
    return null;
  }

  #cancel(lineId: string): void {
    const line = this.#lines.get(lineId);
    // A line that has just finished is none of a cancel's business.
    if (line === undefined) return;
    line.stop();
    this.#counters.linesCancelled += 1;
    this.#finish(line, { status: 'cancelled' });
  }

  #finish(line: RehearsalLine, outcome: LineOutcome): void {
    const { lineId } = line.request;
    this.#lines.delete(lineId);
    this.#emit({ type: 'line.done', lineId, outcome, usage: line.usage });
    if (lineId !== this.#nonsenseLineId) return;
    for (const event of nonsenseAfter(lineId)) this.#emit(event);
  }

  #goWrong(lineId: string | null): void {
    switch (this.#faults.kind) {
      case 'close':
        this.#fail(new CallError('backend_closed', 'the rehearsal was told to close'));
        break;
      case 'stall':
        this.#stalled = true;
        for (const line of this.#lines.values()) line.stop();
        break;
      case 'nonsense':
        this.#nonsenseLineId = lineId;
        for (const event of nonsenseNow(lineId)) this.#emit(event);
        break;
      case 'slow':
        this.#factor = slowFactor;
        break;
      case 'refuse':
      case null:
    }
  }

  /** Stalled, it says nothing at all, whatever it is asked. */
  #emit(event: BackendEvent): void {
    if (this.#closed || this.#stalled) return;
    if (this.#queue.size < eventLimit) {
      this.#queue.push(event);
      return;
    }
    this.#counters.queueOverflows += 1;
    this.#fail(new CallError('queue_overflow', `${eventLimit} backend events were not taken`));
  }

  #fail(error: CallError): void {
    this.#counters.sessionsFailed += 1;
    this.#queue.push({ type: 'failed', error });
    this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.#faultTimer?.cancel();
    for (const line of this.#lines.values()) line.stop();
    this.#lines.clear();
    this.#queue.close();
    this.#counters.sessionsOpen -= 1;
    this.#counters.contextForgotten += this.#context.forgotten;
    this.#options.onClosed();
  }

  #count(matched: boolean): void {
    if (!matched) this.#counters.commandsUnmatched += 1;
  }
}
