import type { Chunk } from '../../../src/audio/chunk.ts';
import { msToSamples, pcm16k, samplesToMs } from '../../../src/audio/format.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import type { Counters } from './counters.ts';
import { UpstreamPositions } from './upstream-positions.ts';

const { rateHz } = pcm16k;
/** The upstream refuses shorter pieces, ms. */
const leastPieceMs = 10;
/** It is advised to send no longer ones, ms. */
const longestPieceMs = 40;
const leastSamples = msToSamples(leastPieceMs, rateHz);
const longestSamples = msToSamples(longestPieceMs, rateHz);
/** Audio kept until the upstream takes it, ms. */
const waitingLimitMs = 15_000;
/** Without audio for this long the upstream is sent silence, ms: it ends turns by silence alone. */
const silenceAfterMs = 200;
/** Between two looks at whether silence is owed, ms. */
const silenceEveryMs = 100;
/** Silence sent at once at most, ms: after a stall of ours there is no use in more. */
const silenceAtOnceMs = 1000;

export interface CallerAudioOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  /** Sends one piece, PCM16 at 16 kHz; `false` = not taken. The bytes are only read. */
  readonly send: (bytes: Uint8Array) => boolean;
  /** Uplink samples that were thrown away while they waited. */
  readonly onDropped: (samples: number) => void;
}

/**
 * What the caller says, on its way to the upstream: it waits until the upstream takes audio, goes
 * in pieces that it accepts, and is never interrupted, as the upstream demands: where the client
 * sends nothing, silence takes its place in real time.
 */
export class CallerAudio {
  readonly #options: CallerAudioOptions;
  readonly #positions = new UpstreamPositions(rateHz);
  #waiting: Chunk[] = [];
  #waitingSamples = 0;
  /** Too short to be sent alone. */
  #rest: Uint8Array = new Uint8Array(0);
  #started = false;
  #heard = false;
  #lastInputMs = 0;
  /** Silence sent since the last input, ms. */
  #filledMs = 0;
  #timer: Timer | null = null;

  constructor(options: CallerAudioOptions) {
    this.#options = options;
  }

  /** Whether the caller has sent any audio. */
  get heard(): boolean {
    return this.#heard;
  }

  /** Uplink sample behind the last one sent. */
  get endSample(): number {
    return this.#positions.end;
  }

  /** Uplink sample of a position of the upstream's, which counts what it was sent. */
  sampleAt(upstreamMs: number): number {
    return this.#positions.at(upstreamMs);
  }

  push(chunk: Chunk): 'ok' | 'overflow' {
    this.#heard = true;
    if (!this.#started) {
      this.#wait(chunk);
      return 'ok';
    }
    this.#lastInputMs = this.#options.clock.nowMs();
    this.#filledMs = 0;
    return this.#write(chunk) ? 'ok' : 'overflow';
  }

  /** The upstream takes audio from now on. */
  start(): void {
    this.#started = true;
    this.#lastInputMs = this.#options.clock.nowMs();
    for (const chunk of this.#waiting.splice(0)) this.#write(chunk);
    this.#lookAt(this.#lastInputMs + silenceAfterMs);
  }

  close(): void {
    this.#timer?.cancel();
    this.#waiting = [];
  }

  #wait(chunk: Chunk): void {
    this.#waiting.push(chunk);
    this.#waitingSamples += chunk.samples;
    while (samplesToMs(this.#waitingSamples, rateHz) > waitingLimitMs) {
      const samples = this.#waiting.shift()?.samples ?? 0;
      this.#waitingSamples -= samples;
      this.#options.counters.inputOverflowSamples += samples;
      this.#options.onDropped(samples);
    }
  }

  /** @returns whether all of it was taken, or is kept until it is long enough */
  #write(chunk: Chunk): boolean {
    const bytes = this.#rest.byteLength === 0 ? chunk.bytes : joined(this.#rest, chunk.bytes);
    const samples = bytes.byteLength / 2;
    if (samples < leastSamples) {
      this.#rest = bytes;
      return true;
    }
    const fromSample = chunk.startSample + chunk.samples - samples;
    this.#rest = new Uint8Array(0);
    const pieces = Math.ceil(samples / longestSamples);
    for (let piece = 0, from = 0; piece < pieces; piece += 1) {
      const to = Math.round((samples * (piece + 1)) / pieces);
      if (!this.#options.send(bytes.subarray(from * 2, to * 2))) {
        this.#options.counters.inputOverflowSamples += samples - from;
        return false;
      }
      this.#positions.sent(to - from, fromSample + from);
      from = to;
    }
    return true;
  }

  #lookAt(atMs: number): void {
    this.#timer = this.#options.clock.timerAt(atMs, () => this.#look());
  }

  #look(): void {
    const nowMs = this.#options.clock.nowMs();
    const gapMs = nowMs - this.#lastInputMs;
    if (gapMs < silenceAfterMs) {
      this.#lookAt(this.#lastInputMs + silenceAfterMs);
      return;
    }
    this.#fill(Math.min(gapMs - this.#filledMs, silenceAtOnceMs));
    this.#filledMs = gapMs;
    this.#lookAt(nowMs + silenceEveryMs);
  }

  #fill(ms: number): void {
    const { counters, send } = this.#options;
    if (this.#rest.byteLength > 0) {
      const padded = new Uint8Array(leastSamples * 2);
      padded.set(this.#rest);
      const samples = this.#rest.byteLength / 2;
      if (send(padded)) {
        this.#positions.sent(samples, this.#positions.end);
        this.#positions.filled(leastSamples - samples);
      }
      this.#rest = new Uint8Array(0);
    }
    for (let left = msToSamples(ms, rateHz); left >= leastSamples; left -= longestSamples) {
      const samples = Math.min(left, longestSamples);
      if (!send(new Uint8Array(samples * 2))) return;
      this.#positions.filled(samples);
      counters.silenceSamples += samples;
    }
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.byteLength + second.byteLength);
  whole.set(first);
  whole.set(second, first.byteLength);
  return whole;
}
