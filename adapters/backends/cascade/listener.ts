import type { Chunk } from '../../../src/audio/chunk.ts';
import type { BackendEvent } from '../../../src/ports/backend.ts';
import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type {
  SpeechToTextContext,
  SpeechToTextEvent,
  SpeechToTextPort,
  SpeechToTextSession,
} from '../../../src/ports/speech-to-text.ts';
import type { Timer } from '../../../src/time/clock.ts';
import { consume } from './consume.ts';
import type { Counters } from './counters.ts';
import type { PartHealth } from './part-health.ts';
import { Reopening } from './reopening.ts';

export interface ListenerOptions {
  readonly port: SpeechToTextPort;
  readonly context: SpeechToTextContext;
  readonly counters: Counters;
  readonly chance: () => number;
  readonly health: PartHealth;
  readonly finalTimeoutMs: number;
  readonly emit: (event: BackendEvent) => void;
  /** More of a turn that is committed, before the last word on it. */
  readonly onMore: (itemId: string, text: string) => void;
  /** Some of what was said in a committed turn is lost; its last word comes all the same. */
  readonly onHole: (itemId: string) => void;
  /** The last word on a committed turn. */
  readonly onFinal: (itemId: string, text: string) => void;
}

interface Awaited {
  readonly finishId: number;
  readonly itemId: string;
  /** Newest text of the turn. */
  text: string;
  /** What earlier sessions had made of the turn. */
  readonly carried: string;
  readonly timer: Timer;
}

/**
 * One call's recogniser: partial texts and judgements of the turn in progress, one last word on each
 * committed turn, whatever becomes of the session, which is had again when it is lost.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #reopening: Reopening<SpeechToTextSession>;
  #session: SpeechToTextSession | null = null;
  /** Turns whose last word has not come, oldest first. */
  readonly #awaited: Awaited[] = [];
  #finishes = 0;
  /** Newest text of the turn in progress; what earlier sessions had made of it is in front. */
  #text = '';
  #carried = '';
  /** Samples dropped since that was told. */
  #droppedSamples = 0;
  /** End of the latest that nobody heard or that was not settled when its session was lost. */
  #holeToSample = 0;
  #heardToSample = 0;
  #closed = false;

  private constructor(options: ListenerOptions) {
    const { port, context, counters, chance, health } = options;
    this.#options = options;
    this.#reopening = new Reopening({
      clock: context.clock,
      chance,
      health,
      open: (signal) => port.open(context, signal),
      onOpen: (session) => {
        counters.recogniserReopened += 1;
        this.#tellDropped();
        this.#attend(session);
      },
    });
  }

  /** Rejects with `CallError`. */
  static async open(options: ListenerOptions, signal: AbortSignal): Promise<Listener> {
    const session = await options.port.open(options.context, signal);
    const listener = new Listener(options);
    listener.#attend(session);
    return listener;
  }

  /** Newest text of the turn in progress. */
  get text(): string {
    return this.#text;
  }

  push(chunk: Chunk): void {
    this.#heardToSample = chunk.startSample + chunk.samples;
    if (this.#session === null) this.#holeToSample = this.#heardToSample;
    if (this.#session !== null) {
      this.#session.push(chunk);
      return;
    }
    this.#options.counters.inputDroppedSamples += chunk.samples;
    this.#droppedSamples += chunk.samples;
  }

  /** The turn in progress is over: `onFinal` comes for it. @param fromSample where it began */
  finish(itemId: string, fromSample: number): void {
    const { context, counters, finalTimeoutMs, onHole } = this.#options;
    if (this.#holeToSample > fromSample) onHole(itemId);
    const text = this.#text;
    const carried = this.#carried;
    this.#begin();
    if (this.#session === null) {
      counters.finalsLost += 1;
      this.#options.onFinal(itemId, text);
      return;
    }
    this.#finishes += 1;
    const finishId = this.#finishes;
    const timer = context.clock.timerAt(context.clock.nowMs() + finalTimeoutMs, () => {
      counters.finalsOverdue += 1;
      this.#final(finishId, null);
    });
    this.#awaited.push({ finishId, itemId, text, carried, timer });
    this.#session.finish(finishId);
  }

  /** The turn in progress was nothing. */
  clear(): void {
    this.#begin();
    this.#session?.clear();
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { timer } of this.#awaited.splice(0)) timer.cancel();
    this.#reopening.close();
    this.#session?.close();
    this.#session = null;
  }

  #begin(): void {
    this.#text = '';
    this.#carried = '';
  }

  #attend(session: SpeechToTextSession): void {
    if (this.#closed) {
      session.close();
      return;
    }
    this.#session = session;
    const over = (error: CallError): void => this.#lost(session, error);
    consume(session.events, (event) => this.#hear(session, event)).then(
      () => over(new CallError('backend_closed', 'the recogniser ended its session')),
      (thrown: unknown) => over(asCallError(thrown, 'backend_protocol')),
    );
  }

  /** @returns whether more of this session is wanted */
  #hear(session: SpeechToTextSession, event: SpeechToTextEvent): boolean {
    if (this.#session !== session) return false;
    switch (event.type) {
      case 'partial':
        this.#partial(event.text, event.settled >= event.text.length);
        break;
      case 'eager_end':
      case 'end':
        this.#judgement(event);
        break;
      case 'resumed':
        if (this.#awaited.length > 0) break;
        this.#options.emit({ type: 'caller.turn', event: 'resumed', probability: 0 });
        break;
      case 'final':
        this.#options.health.worked();
        if (event.hole === true) this.#hole(event.finishId);
        this.#final(event.finishId, event.text);
        break;
      case 'usage':
        this.#options.counters.recognisedAudioMs += event.audioMs;
        this.#options.emit({ type: 'usage', usage: null, recognisedAudioMs: event.audioMs });
        break;
      case 'failed':
        this.#lost(session, event.error);
        break;
      case 'speech.started':
    }
    return this.#session === session;
  }

  /** Until the last word on a committed turn has come, what comes is about that turn. */
  #partial(said: string, settled: boolean): void {
    const [turn] = this.#awaited;
    if (turn !== undefined) {
      turn.text = joined(turn.carried, said);
      this.#options.onMore(turn.itemId, turn.text);
      return;
    }
    const text = joined(this.#carried, said);
    if (text === this.#text && !settled) return;
    this.#text = text;
    this.#options.emit({ type: 'caller.partial', text, final: settled && said !== '' });
  }

  #judgement({ type, text, probability }: SpeechToTextEvent & { type: 'eager_end' | 'end' }): void {
    this.#partial(text, type === 'end');
    if (this.#awaited.length > 0) return;
    this.#options.emit({ type: 'caller.turn', event: type, probability });
  }

  /** @param said `null` = what was known by then counts */
  #final(finishId: number, said: string | null): void {
    const at = this.#awaited.findIndex((turn) => turn.finishId === finishId);
    // Its time was over.
    if (at < 0) return;
    const [turn] = this.#awaited.splice(at, 1);
    if (turn === undefined) return;
    turn.timer.cancel();
    this.#options.onFinal(turn.itemId, said === null ? turn.text : joined(turn.carried, said));
  }

  /** Its text comes next, and may lack words. */
  #hole(finishId: number): void {
    const turn = this.#awaited.find((awaited) => awaited.finishId === finishId);
    if (turn !== undefined) this.#options.onHole(turn.itemId);
  }

  #lost(session: SpeechToTextSession, error: CallError): void {
    if (this.#closed || this.#session !== session) return;
    this.#session = null;
    session.close();
    const { counters, onFinal, onHole } = this.#options;
    counters.recogniserLost += 1;
    this.#carried = this.#text;
    // What it had not said anything about yet may have been heard, and may not.
    this.#holeToSample = this.#heardToSample;
    for (const { itemId } of this.#awaited) onHole(itemId);
    for (const { itemId, text, timer } of this.#awaited.splice(0)) {
      timer.cancel();
      counters.finalsLost += 1;
      onFinal(itemId, text);
    }
    this.#reopening.lost(error);
  }

  #tellDropped(): void {
    const samples = this.#droppedSamples;
    this.#droppedSamples = 0;
    if (samples > 0) this.#options.emit({ type: 'dropped', what: 'input', samples });
  }
}

function joined(before: string, text: string): string {
  return before === '' || text === '' ? before + text : `${before} ${text}`;
}
