import type { Chunk } from '../../../../src/audio/chunk.ts';
import type { AudioFormat } from '../../../../src/audio/format.ts';
import { createResampler, type Resampler } from '../../../../src/audio/resampler.ts';
import { decodeSamples } from '../../../../src/audio/samples.ts';
import { CallError } from '../../../../src/ports/errors.ts';
import type {
  RecognisedWord,
  SpeechToTextEvent,
  SpeechToTextSession,
} from '../../../../src/ports/speech-to-text.ts';
import { BoundedQueue } from '../../../../src/streams/bounded-queue.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import type { HeardBeforeCounters } from './counters.ts';
import type { SoundLibrary } from './library.ts';
import { analysisHz } from './spectrum.ts';
import { WordTrack } from './word-track.ts';

const eventLimit = 512;
/** Longest audio that is looked at in one go, ms: more at once is not live, and its rest is dropped. */
const longestPushMs = 2000;

export interface HeardBeforeSessionOptions {
  readonly library: SoundLibrary;
  readonly format: AudioFormat;
  readonly clock: Clock;
  readonly counters: HeardBeforeCounters;
  readonly onClose: () => void;
}

/** One caller's audio, compared with what was heard before as it comes. */
export class HeardBeforeSession implements SpeechToTextSession {
  readonly events = new BoundedQueue<SpeechToTextEvent>({ limit: eventLimit, overflow: 'fail' });
  readonly #options: HeardBeforeSessionOptions;
  readonly #resampler: Resampler;
  readonly #track: WordTrack;
  #text = '';
  #closed = false;

  constructor(options: HeardBeforeSessionOptions) {
    this.#options = options;
    this.#resampler = createResampler({ fromHz: options.format.rateHz, toHz: analysisHz });
    this.#track = new WordTrack(options.library);
    options.counters.sessionsOpened += 1;
  }

  push({ bytes, codec, rateHz, samples }: Chunk): void {
    if (this.#closed || samples === 0) return;
    const { clock, counters } = this.#options;
    const fromMs = clock.nowMs();
    const limit = Math.round((longestPushMs * rateHz) / 1000);
    const pcm = decodeSamples(bytes, codec);
    counters.droppedSamples += Math.max(0, pcm.length - limit);
    const changed = this.#track.push(this.#resampler.process(pcm.subarray(0, limit)));
    if (changed) this.#partial();
    const tookMs = clock.nowMs() - fromMs;
    counters.pushes += 1;
    counters.pushMsTotal += tookMs;
    counters.pushMsMax = Math.max(counters.pushMsMax, tookMs);
  }

  finish(finishId: number): void {
    if (this.#closed) return;
    const words = this.#track.cut();
    this.#text = '';
    this.#options.counters.finals += 1;
    if (words.length > 0) this.#options.counters.recognisedFinals += 1;
    this.#tell({ type: 'final', finishId, text: textOf(words), words, complete: true });
  }

  clear(): void {
    if (this.#closed) return;
    this.#track.cut();
    this.#text = '';
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#resampler.close();
    this.events.close();
    this.#options.onClose();
  }

  #partial(): void {
    const text = textOf(this.#track.words());
    if (text === this.#text) return;
    if (this.#text === '') this.#tell({ type: 'speech.started' });
    this.#text = text;
    this.#options.counters.partials += 1;
    // Another recording may turn out to be the better reading of it all.
    this.#tell({ type: 'partial', text, settled: 0 });
  }

  #tell(event: SpeechToTextEvent): void {
    const result = this.events.push(event);
    if (result === 'closed') this.close();
    if (result !== 'failed') return;
    this.events.drain();
    const message = `the reader of a transcript is ${eventLimit} events behind`;
    this.events.push({ type: 'failed', error: new CallError('queue_overflow', message) });
    this.close();
  }
}

function textOf(words: readonly RecognisedWord[]): string {
  return words.map(({ text }) => text).join(' ');
}
