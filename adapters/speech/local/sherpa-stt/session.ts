import { decodePcm16 } from '../../../../src/audio/pcm16.ts';
import type { Chunk } from '../../../../src/audio/chunk.ts';
import { samplesToMs } from '../../../../src/audio/format.ts';
import { CallError } from '../../../../src/ports/errors.ts';
import type {
  RecognisedWord,
  SpeechToTextEvent,
  SpeechToTextSession,
} from '../../../../src/ports/speech-to-text.ts';
import { BoundedQueue } from '../../../../src/streams/bounded-queue.ts';
import type { Clock, Timer } from '../../../../src/time/clock.ts';
import type { RecogniserCounters } from './counters.ts';
import type { StreamStep } from './link.ts';
import { rateHz } from './stretch-book.ts';

const eventLimit = 512;
/** Finishes that may wait for their finals at once. */
const finishLimit = 64;

/** A step with its audio, on its way to the thread. */
export interface WaitingStep {
  readonly step: StreamStep;
  readonly pcm: Float32Array | null;
}

export interface SessionHost {
  readonly clock: Clock;
  readonly counters: RecogniserCounters;
  readonly queueLimitSamples: number;
  readonly finalTimeoutMs: number;
  /** Steps wait; `soon` says that somebody waits for what comes of them. */
  waiting(session: SherpaSession, soon: boolean): void;
  closed(session: SherpaSession): void;
}

interface OpenFinish {
  readonly finishId: number;
  readonly askedAtMs: number;
  readonly textBefore: string;
  readonly timeout: Timer;
}

/** One caller's audio on its way through the thread. */
export class SherpaSession implements SpeechToTextSession {
  readonly events = new BoundedQueue<SpeechToTextEvent>({ limit: eventLimit, overflow: 'fail' });
  readonly #streamId: number;
  readonly #host: SessionHost;
  #steps: WaitingStep[] = [];
  #queuedSamples = 0;
  #pushedSamples = 0;
  #finishes: OpenFinish[] = [];
  /** Finishes and clears that were asked for, and that the thread was sent: partials between are old. */
  #asked = 0;
  #sent = 0;
  #text = '';
  #closed = false;

  constructor(streamId: number, host: SessionHost) {
    this.#streamId = streamId;
    this.#host = host;
    host.counters.sessionsOpened += 1;
  }

  get streamId(): number {
    return this.#streamId;
  }

  push({ bytes, samples }: Chunk): void {
    if (this.#closed || samples === 0) return;
    const atMs = samplesToMs(this.#pushedSamples, rateHz);
    this.#pushedSamples += samples;
    this.#queuedSamples += samples;
    const pcm = decodePcm16(bytes);
    this.#steps.push({ step: { type: 'audio', streamId: this.#streamId, samples, atMs }, pcm });
    while (this.#queuedSamples > this.#host.queueLimitSamples) this.#dropOldest();
    this.#host.waiting(this, false);
  }

  finish(finishId: number): void {
    if (this.#closed) return;
    const { clock, counters, finalTimeoutMs } = this.#host;
    counters.finishes += 1;
    if (this.#finishes.length >= finishLimit) {
      this.fail(new CallError('queue_overflow', `${finishLimit} stretches wait for their texts`));
      return;
    }
    const askedAtMs = clock.nowMs();
    const timeout = clock.timerAt(askedAtMs + finalTimeoutMs, () => this.#late(finishId));
    this.#finishes.push({ finishId, askedAtMs, textBefore: this.#text, timeout });
    this.#step({ type: 'finish', streamId: this.#streamId, finishId });
  }

  clear(): void {
    if (this.#closed) return;
    // Audio of the same stretch that has not gone out need not go.
    while (this.#steps.at(-1)?.step.type === 'audio') {
      this.#queuedSamples -= this.#steps.pop()!.pcm!.length;
    }
    this.#step({ type: 'clear', streamId: this.#streamId });
  }

  /** Steps for the thread; the session forgets them. */
  take(): readonly WaitingStep[] {
    const steps = this.#steps;
    this.#steps = [];
    this.#queuedSamples = 0;
    this.#sent = this.#asked;
    return steps;
  }

  partial(text: string): void {
    // Of a stretch that was finished or cleared since.
    if (this.#closed || this.#sent !== this.#asked || text === this.#text) return;
    if (this.#text === '') this.#tell({ type: 'speech.started' });
    this.#text = text;
    this.#host.counters.partials += 1;
    // Greedy search only ever appends; the last word may still grow.
    this.#tell({ type: 'partial', text, settled: text.lastIndexOf(' ') + 1 });
  }

  final(finishId: number, text: string, words: readonly RecognisedWord[]): void {
    const open = this.#takeFinish(finishId);
    if (this.#closed || open === null) return;
    const { clock, counters } = this.#host;
    counters.finals += 1;
    counters.finishMsLast = clock.nowMs() - open.askedAtMs;
    counters.finishMsTotal += counters.finishMsLast;
    this.#tell({ type: 'final', finishId, text, words, complete: true });
  }

  fail(error: CallError): void {
    if (this.#closed) return;
    if (this.events.size >= eventLimit)
      this.#host.counters.droppedEvents += this.events.drain().length;
    this.events.push({ type: 'failed', error });
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { timeout } of this.#finishes) timeout.cancel();
    this.#finishes = [];
    this.#steps = [];
    this.#queuedSamples = 0;
    this.events.close();
    this.#host.closed(this);
  }

  #step(step: StreamStep): void {
    this.#steps.push({ step, pcm: null });
    this.#asked += 1;
    this.#text = '';
    this.#host.waiting(this, true);
  }

  #late(finishId: number): void {
    // Finals come in order: those before it are late too.
    while (this.#finishes.some((open) => open.finishId === finishId)) {
      const oldest = this.#finishes.shift()!;
      oldest.timeout.cancel();
      this.#host.counters.lateFinals += 1;
      const { finishId: id, textBefore: text } = oldest;
      this.#tell({ type: 'final', finishId: id, text, words: null, complete: false });
    }
  }

  #takeFinish(finishId: number): OpenFinish | null {
    const index = this.#finishes.findIndex((open) => open.finishId === finishId);
    const [open] = index === -1 ? [] : this.#finishes.splice(index, 1);
    open?.timeout.cancel();
    return open ?? null;
  }

  #dropOldest(): void {
    const index = this.#steps.findIndex(({ step }) => step.type === 'audio');
    const [oldest] = this.#steps.splice(index, 1);
    const samples = oldest?.pcm?.length ?? 0;
    this.#queuedSamples -= samples;
    this.#host.counters.droppedSamples += samples;
  }

  #tell(event: SpeechToTextEvent): void {
    const result = this.events.push(event);
    if (result === 'closed') this.close();
    if (result === 'failed') {
      const message = `the reader of a transcript is ${eventLimit} events behind`;
      this.fail(new CallError('queue_overflow', message));
    }
  }
}
