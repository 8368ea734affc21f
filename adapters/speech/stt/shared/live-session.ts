import type { Chunk } from '../../../../src/audio/chunk.ts';
import { bytesPerSample, msToSamples, samplesToMs } from '../../../../src/audio/format.ts';
import { asCallError, CallError } from '../../../../src/ports/errors.ts';
import type {
  SpeechToTextContext,
  SpeechToTextEvent,
  SpeechToTextSession,
} from '../../../../src/ports/speech-to-text.ts';
import { BoundedQueue, type Incoming } from '../../../../src/streams/bounded-queue.ts';
import type { Timer } from '../../../../src/time/clock.ts';
import type { RolloverOptions } from '../../../shared/rollover.ts';
import { AudioRing } from './audio-ring.ts';
import type { SttCounters } from './counters.ts';
import type { SttDialect, WireEvent } from './dialect.ts';
import { Line } from './line.ts';
import type { Opened, Refusal } from './opening.ts';
import { SentAudio } from './sent-audio.ts';
import { StretchBook } from './stretch-book.ts';
import type { Segment } from './segment.ts';

/** Events that may wait for the consumer (a count). */
export const sttEventLimit = 1024;
/** Silence that keeps a connection alive, ms. */
const fillerMs = 100;
/** Finals in a row that were waited for in vain, not a word in between: the connection is given up. */
const silentFinalsLimit = 2;

export interface LiveSessionOptions {
  readonly dialect: SttDialect;
  readonly context: SpeechToTextContext;
  readonly counters: SttCounters;
  readonly finalTimeoutMs: number;
  readonly replayMs: number;
  readonly rollover: RolloverOptions;
  /** Another connection; see `openWire`. */
  readonly connect: (signal: AbortSignal, done: (result: Opened | Refusal) => void) => void;
  /** From [0, 1), for the time between attempts to connect. */
  readonly chance: () => number;
  /** Called once. */
  readonly onClosed: () => void;
}

/** One caller's audio to a recogniser that listens while it comes, over as many connections as it takes. */
export class LiveSession implements SpeechToTextSession {
  readonly #options: LiveSessionOptions;
  /** One more than the limit: room for the word that it was exceeded. */
  readonly #queue = new BoundedQueue<SpeechToTextEvent>({
    limit: sttEventLimit + 1,
    overflow: 'fail',
  });
  readonly #book: StretchBook;
  readonly #ring: AudioRing;
  readonly #line: Line;
  #sent = new SentAudio();
  /** Audio that was sent and not told as usage, ms. */
  #unpaidMs = 0;
  #silentFinals = 0;
  #wake: Timer | null = null;
  #alive: Timer | null = null;
  #closed = false;

  constructor(opened: Opened, options: LiveSessionOptions) {
    const { dialect, context, counters, finalTimeoutMs, replayMs } = options;
    this.#options = options;
    this.#ring = new AudioRing(context.format, replayMs);
    this.#book = new StretchBook({
      finalTimeoutMs,
      quietMs: dialect.quietMs,
      slackMs: dialect.slackMs,
      leastMs: dialect.leastMs,
      wordTimes: dialect.capabilities.wordTimes,
      emit: (event) => this.#tell(event),
    });
    counters.sessionsOpen += 1;
    counters.sessionsTotal += 1;
    this.#line = new Line(opened, {
      ...options,
      clock: context.clock,
      log: context.log,
      handlers: {
        event: (event) => this.#hear(event),
        left: () => this.#book.disconnected(),
        connected: () => this.#replay(),
        failed: (error) => this.#fail(error),
      },
    });
    this.#stayAlive();
  }

  get events(): Incoming<SpeechToTextEvent> {
    return this.#queue;
  }

  push(chunk: Chunk): void {
    if (this.#closed) return;
    const { counters } = this.#options;
    const startMs = this.#book.endMs;
    const durationMs = samplesToMs(chunk.samples, chunk.rateHz);
    this.#ring.push(chunk);
    this.#book.pushed(durationMs);
    if (!this.#line.connected) return;
    if (this.#send(chunk.bytes, startMs)) {
      this.#stayAlive();
      return;
    }
    counters.audioDroppedMs += durationMs;
    this.#book.missed(startMs, startMs + durationMs);
  }

  finish(finishId: number): void {
    if (this.#closed) return;
    const closing = this.#book.close({ kind: 'finish', finishId }, this.#nowMs);
    if (closing === 'ask') this.#ask();
    else if (closing === 'too_short' && this.#line.wire.clear !== null) {
      this.#line.send(this.#line.wire.clear);
    }
    this.#after();
  }

  clear(): void {
    if (this.#closed) return;
    const { clear } = this.#line.wire;
    if (clear !== null) {
      this.#line.send(clear);
      this.#book.restart();
    } else if (this.#book.close({ kind: 'discard' }, this.#nowMs) === 'ask') this.#ask();
    this.#after();
  }

  close(): void {
    if (!this.#closed) this.#end();
    this.#queue.drain();
  }

  get #nowMs(): number {
    return this.#options.context.clock.nowMs();
  }

  #ask(): void {
    const text = this.#line.wire.flush();
    if (text !== null && this.#line.connected && this.#line.send(text)) this.#book.asked();
  }

  /** @returns whether it was taken */
  #send(bytes: Uint8Array, sessionMs: number): boolean {
    const { context, counters } = this.#options;
    if (!this.#line.sendAudio(bytes)) return false;
    const { codec, rateHz } = context.format;
    const durationMs = samplesToMs(bytes.byteLength / bytesPerSample(codec), rateHz);
    this.#sent.sent(durationMs, sessionMs);
    this.#unpaidMs += durationMs;
    counters.audioSentMs += durationMs;
    return true;
  }

  /** A new connection hears what the last one did not settle, and is asked what that one was asked. */
  #replay(): void {
    const { counters, context } = this.#options;
    const wantedMs = this.#book.resumeFromMs;
    this.#sent = new SentAudio();
    const { fromMs, endsMs } = this.#book.reconnected(this.#ring.startMs, this.#nowMs);
    counters.audioLostMs += Math.max(0, fromMs - wantedMs);
    let atMs = fromMs;
    for (const [place, endMs] of [...endsMs, this.#book.endMs].entries()) {
      for (const bytes of this.#ring.between(atMs, endMs)) {
        const { codec, rateHz } = context.format;
        const durationMs = samplesToMs(bytes.byteLength / bytesPerSample(codec), rateHz);
        if (!this.#send(bytes, atMs)) this.#book.missed(atMs, atMs + durationMs);
        counters.audioRepeatedMs += durationMs;
        atMs += durationMs;
      }
      if (place < endsMs.length) this.#ask();
    }
    this.#stayAlive();
    this.#after();
  }

  #hear(event: WireEvent): void {
    const { counters, context } = this.#options;
    const nowMs = this.#nowMs;
    this.#silentFinals = 0;
    switch (event.type) {
      case 'segment':
        this.#book.take(this.#placed(event), nowMs, event.key);
        break;
      case 'heard':
        this.#book.heard(this.#sent.at(event.untilMs), nowMs);
        break;
      case 'flushed':
        this.#book.flushed(event.untilMs === null ? null : this.#sent.at(event.untilMs), nowMs);
        break;
      case 'named':
        this.#book.named(event.key);
        break;
      case 'through':
        this.#book.through(event.key, event.ok, nowMs);
        break;
      case 'speech':
        this.#book.speechStarted();
        break;
      case 'turn':
        this.#book.turn(event.event, event.probability);
        break;
      case 'warning':
        counters.warnings += 1;
        context.log.info('upstream.warning', { code: event.code });
        break;
      case 'passed':
        if (!event.known) counters.eventsUnknown += 1;
        break;
      case 'ready':
      case 'reply':
      case 'broken':
        // Of the line's own concern.
        break;
    }
    this.#after();
  }

  #placed(segment: WireEvent & { readonly type: 'segment' }): Segment {
    const { text, settled, startMs, endMs, words } = segment;
    const at = (ms: number): number => this.#sent.at(ms);
    return {
      text,
      settled,
      startMs: startMs === null ? null : at(startMs),
      endMs: endMs === null ? null : at(endMs),
      words:
        words?.map((word) => ({ ...word, startMs: at(word.startMs), endMs: at(word.endMs) })) ??
        null,
    };
  }

  /** What follows whatever happened: timers, room, quiet. */
  #after(): void {
    if (this.#closed) return;
    const { context, counters } = this.#options;
    counters.segmentsRepeated += this.#book.repeated;
    counters.segmentsLate += this.#book.late;
    this.#book.repeated = 0;
    this.#book.late = 0;
    this.#ring.forget(this.#book.resumeFromMs);
    this.#line.quiet(this.#book.quiet);
    this.#wake?.cancel();
    const { wakeAtMs } = this.#book;
    this.#wake =
      wakeAtMs === null
        ? null
        : context.clock.timerAt(wakeAtMs, () => {
            this.#book.tick(this.#nowMs);
            this.#doubt();
            this.#after();
          });
  }

  /** Whether the connection is one in name only. */
  #doubt(): void {
    if (this.#silentFinals < silentFinalsLimit) return;
    this.#silentFinals = 0;
    this.#line.abandon(new CallError('backend_stalled', 'the upstream answers nothing any more'));
  }

  #stayAlive(): void {
    this.#alive?.cancel();
    if (this.#closed) return;
    const { keepAliveMs } = this.#options.dialect;
    const { clock } = this.#options.context;
    this.#alive = clock.timerAt(this.#nowMs + keepAliveMs, () => {
      this.#keepAlive();
      this.#stayAlive();
    });
  }

  #keepAlive(): void {
    const { keepAlive } = this.#line.wire;
    if (keepAlive === null || !this.#line.connected) return;
    const { codec, rateHz } = this.#options.context.format;
    if (keepAlive.by === 'silence') {
      const bytes = new Uint8Array(msToSamples(fillerMs, rateHz) * bytesPerSample(codec));
      // The companded value of no sound.
      if (codec !== 'pcm16') bytes.fill(codec === 'pcmu' ? 0xff : 0xd5);
      if (!this.#line.sendAudio(bytes)) return;
      this.#sent.filled(fillerMs, this.#book.endMs);
      this.#unpaidMs += fillerMs;
    } else if (!this.#line.send(keepAlive.text)) return;
    this.#options.counters.keepAlives += 1;
  }

  #tell(event: SpeechToTextEvent): void {
    const { counters } = this.#options;
    if (event.type === 'partial') counters.partials += 1;
    this.#emit(event);
    if (event.type !== 'final') return;
    counters.finals += 1;
    if (event.complete) this.#line.progress();
    else {
      counters.finalsIncomplete += 1;
      this.#silentFinals += 1;
    }
    if (this.#unpaidMs === 0) return;
    const audioMs = this.#unpaidMs;
    this.#unpaidMs = 0;
    this.#emit({ type: 'usage', audioMs });
  }

  #emit(event: SpeechToTextEvent): void {
    if (this.#closed) return;
    if (this.#queue.size < sttEventLimit) {
      this.#queue.push(event);
      return;
    }
    this.#options.counters.eventsOverflowed += 1;
    this.#fail(new CallError('queue_overflow', `${sttEventLimit} events that nobody takes`));
  }

  #fail(error: CallError): void {
    if (this.#closed) return;
    this.#queue.push({ type: 'failed', error: asCallError(error) });
    this.#end();
  }

  #end(): void {
    const { counters, onClosed } = this.#options;
    this.#closed = true;
    counters.sessionsOpen -= 1;
    this.#wake?.cancel();
    this.#alive?.cancel();
    this.#line.close();
    this.#queue.close();
    onClosed();
  }
}
