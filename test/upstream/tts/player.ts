import { drawDelayMs, type Random } from '../../../adapters/backends/rehearsal/chance.ts';
import type { Timer } from '../../../src/time/clock.ts';
import type { VoiceStandInSettings } from './options.ts';

/** A word and where it lies, ms from the player's first sample. */
export interface SpokenWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface PlayerOptions {
  readonly settings: VoiceStandInSettings;
  readonly rateHz: number;
  readonly random: Random;
  readonly onDelay: (delayMs: number) => void;
  /** A piece of audio, and the words that begin in it; `false` = nothing more is to come. */
  readonly onAudio: (bytes: Buffer, words: readonly SpokenWord[], fromMs: number) => boolean;
}

interface Job {
  readonly audio: Uint8Array;
  readonly words: readonly SpokenWord[];
  readonly onDone: () => void;
}

/** Speaks texts one after the other, at a pace, after a delay wherever it was silent. */
export class Player {
  readonly #options: PlayerOptions;
  readonly #jobs: Job[] = [];
  #sentBytes = 0;
  /** Bytes of all jobs before the current one. */
  #baseBytes = 0;
  /** Length of everything that was ever given to be spoken, ms. */
  #plannedMs = 0;
  #timer: Timer | null = null;
  #nextAtMs = 0;

  constructor(options: PlayerOptions) {
    this.#options = options;
  }

  get busy(): boolean {
    return this.#jobs.length > 0;
  }

  /** Audio sent so far, ms. */
  get sentMs(): number {
    return this.#ms(this.#baseBytes + this.#sentBytes);
  }

  /** @returns length of the text, ms */
  say(text: string, onDone: () => void): number {
    const { onDelay, random, rateHz, settings } = this.#options;
    const audio = settings.speak(text, rateHz);
    const lengthMs = this.#ms(audio.byteLength);
    this.#jobs.push({ audio, words: wordsOf(text, this.#plannedMs, lengthMs), onDone });
    this.#plannedMs += lengthMs;
    if (this.#jobs.length > 1) return lengthMs;
    const delayMs = drawDelayMs(settings.firstAudioMs, random);
    onDelay(delayMs);
    this.#nextAtMs = settings.clock.nowMs();
    this.#after(delayMs);
    return lengthMs;
  }

  /** Texts that have not begun are forgotten. */
  dropWaiting(): void {
    this.#jobs.splice(this.#sentBytes > 0 ? 1 : 0);
    if (this.#jobs.length === 0) this.#timer?.cancel();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#jobs.splice(0);
    this.#baseBytes += this.#sentBytes;
    this.#sentBytes = 0;
    this.#plannedMs = this.sentMs;
  }

  /** Stops after this much more of what it speaks. */
  stopAfter(ms: number): void {
    if (this.#sentBytes > 0) {
      for (let leftMs = ms; leftMs > 0; leftMs -= this.#options.settings.pieceMs) {
        if (this.busy && this.#sentBytes < this.#jobs[0]!.audio.byteLength) this.#send();
      }
    }
    this.stop();
  }

  #step(): void {
    const [job] = this.#jobs;
    if (job === undefined) return;
    if (this.#sentBytes < job.audio.byteLength) {
      if (!this.#send()) return;
      const { pieceMs, realTimeFactor } = this.#options.settings;
      this.#after(pieceMs / realTimeFactor);
      return;
    }
    this.#jobs.shift();
    this.#baseBytes += this.#sentBytes;
    this.#sentBytes = 0;
    if (this.#jobs.length > 0) this.#after(0);
    job.onDone();
  }

  #send(): boolean {
    const { onAudio, rateHz, settings } = this.#options;
    const { audio, words } = this.#jobs[0]!;
    const fromBytes = this.#sentBytes;
    const fromMs = this.sentMs;
    const pieceBytes = 2 * Math.round((settings.pieceMs * rateHz) / 1000);
    const oddBytes = settings.oddBytes && fromBytes % 2 === 0 ? 1 : 0;
    this.#sentBytes = Math.min(audio.byteLength, fromBytes + pieceBytes + oddBytes);
    const piece = audio.subarray(fromBytes, this.#sentBytes);
    const toMs = this.#sentBytes === audio.byteLength ? Infinity : this.sentMs;
    const inPiece = words.filter(({ startMs }) => startMs >= fromMs && startMs < toMs);
    return onAudio(Buffer.from(piece), inPiece, fromMs);
  }

  /** Drift-free: the next step is counted from when this one was due. */
  #after(delayMs: number): void {
    this.#nextAtMs += delayMs;
    this.#timer = this.#options.settings.clock.timerAt(this.#nextAtMs, () => this.#step());
  }

  #ms(bytes: number): number {
    return (bytes * 500) / this.#options.rateHz;
  }
}

/** Words over the length of their sound, the longer ones longer; exact for the voice of tones. */
function wordsOf(text: string, fromMs: number, lengthMs: number): readonly SpokenWord[] {
  const words = text.split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const weights = words.map((word) => 70 + 10 * word.replace(/[^\p{L}\p{N}]/gu, '').length);
  const msPerWeight = lengthMs / weights.reduce((sum, weight) => sum + weight, 0);
  let atMs = fromMs;
  return words.map((word, place) => {
    const startMs = atMs;
    atMs += weights[place]! * msPerWeight;
    return { text: word, startMs, endMs: atMs - 30 * msPerWeight };
  });
}
