import { decodeSamples } from '../audio/samples.ts';
import { levelDbfs } from '../audio/level.ts';
import { bytesPerSample, msToSamples, samplesToMs, type AudioFormat } from '../audio/format.ts';

/** Audio is judged in windows of this length, ms. */
const windowMs = 20;
/** A window sounds when its level lies above this, dBFS. */
const soundsAboveDbfs = -50;
/** Silence within speech counts as speech for so long, ms: longer than between words it is a pause. */
const pauseMs = 200;
/** Less silence than this lies within a word, ms. */
const betweenWordsMs = 60;
/** Windows that have gone by are forgotten this many at a time (a count). */
const forgottenWindows = 3_000;

/** A piece of audio as it came, or what is left of it. */
export interface HeldPiece {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** Position on the line's audio, ms. */
  readonly fromMs: number;
  readonly receivedAtMs: number;
}

/** Audio that may go. */
export interface LineAudio {
  readonly bytes: Uint8Array;
  /** Something in it can be heard. */
  readonly sounds: boolean;
}

/** The audio of a line that waits, and where in all of it something is said. */
export class HeldSound {
  readonly #format: AudioFormat;
  #pieces: HeldPiece[] = [];
  #lengthMs = 0;
  /** Windows without a sound, from window `#forgotten` on. */
  #silent: boolean[] = [];
  /** Speech up to the beginning of each window, ms, and of the next one. */
  #speechMs: number[] = [0];
  #forgotten = 0;
  /** Silence since the last sound, ms. */
  #quietMs = Infinity;
  /** Samples of a window that is not whole yet. */
  #rest = new Float32Array(0);

  constructor(format: AudioFormat) {
    this.#format = format;
  }

  /** All audio so far, ms. */
  get lengthMs(): number {
    return this.#lengthMs;
  }

  get first(): HeldPiece | undefined {
    return this.#pieces[0];
  }

  /** Audio that waits, ms. */
  get heldMs(): number {
    const { first } = this;
    return first === undefined ? 0 : this.#lengthMs - first.fromMs;
  }

  /** @param bytes whole samples, kept */
  push(seq: number, bytes: Uint8Array, nowMs: number): void {
    const fromMs = this.#lengthMs;
    this.#lengthMs += this.durationMs(bytes);
    this.#listen(decodeSamples(bytes, this.#format.codec));
    this.#pieces.push({ seq, bytes, fromMs, receivedAtMs: nowMs });
  }

  durationMs(bytes: Uint8Array): number {
    const { codec, rateHz } = this.#format;
    return samplesToMs(bytes.byteLength / bytesPerSample(codec), rateHz);
  }

  /** Speech (without the pauses in it) before this position, ms. */
  speechBefore(atMs: number): number {
    const at = Math.min(this.#windowAt(atMs), this.#silent.length);
    const knownMs = (at + this.#forgotten) * windowMs;
    // What is not judged yet counts as speech, and so does any part of a window that is.
    const counts = at === this.#silent.length || this.#speechMs[at + 1]! > this.#speechMs[at]!;
    return this.#speechMs[at]! + (counts ? Math.max(0, atMs - knownMs) : 0);
  }

  /** The furthest position with no more than so much speech before it, ms. */
  reach(speechMs: number): number {
    if (speechMs === Infinity) return Infinity;
    const last = this.#speechMs.findLastIndex((each) => each <= speechMs);
    const at = Math.max(0, last);
    const restMs = Math.max(0, speechMs - this.#speechMs[at]!);
    return (at + this.#forgotten) * windowMs + restMs;
  }

  /**
   * Where the silence after a position ends, ms; the position itself where something is said.
   *
   * @param tailMs sound that may lie between, ms: what is left of the word that ends there
   */
  quietUntil(fromMs: number, tailMs: number): number {
    const from = this.#windowAt(fromMs);
    let at = from;
    while (this.#silent[at] === false && (at - from) * windowMs < tailMs) at += 1;
    let end = at;
    while (this.#silent[end] === true) end += 1;
    const isBetweenWords = at === from || (end - at) * windowMs >= betweenWordsMs;
    return end > at && isBetweenWords ? (end + this.#forgotten) * windowMs : fromMs;
  }

  /** Bytes of the first piece that lie before a position. */
  room(untilMs: number): number {
    const { first } = this;
    if (first === undefined) return 0;
    const whole = first.bytes.byteLength;
    if (untilMs === Infinity) return whole;
    const { codec, rateHz } = this.#format;
    const samples = msToSamples(Math.max(0, untilMs - first.fromMs), rateHz);
    return Math.min(whole, samples * bytesPerSample(codec));
  }

  /** Takes so much of the first piece, whole samples. */
  take(lengthBytes: number): LineAudio {
    const piece = this.#pieces[0]!;
    const { bytes, fromMs } = piece;
    const taken = bytes.subarray(0, lengthBytes);
    const sounds = this.#sounds(fromMs, fromMs + this.durationMs(taken));
    if (lengthBytes === bytes.byteLength) this.#pieces.shift();
    else {
      const rest = bytes.subarray(lengthBytes);
      this.#pieces[0] = { ...piece, bytes: rest, fromMs: fromMs + this.durationMs(taken) };
    }
    this.#forget();
    return { bytes: taken, sounds };
  }

  /** Whether something can be heard between two positions; what is not judged yet counts. */
  #sounds(fromMs: number, toMs: number): boolean {
    for (let at = this.#windowAt(fromMs); (at + this.#forgotten) * windowMs < toMs; at += 1) {
      if (this.#silent[at] !== true) return true;
    }
    return false;
  }

  #windowAt(atMs: number): number {
    return Math.max(0, Math.floor(atMs / windowMs) - this.#forgotten);
  }

  #listen(samples: Float32Array): void {
    const all = new Float32Array(this.#rest.length + samples.length);
    all.set(this.#rest);
    all.set(samples, this.#rest.length);
    const window = msToSamples(windowMs, this.#format.rateHz);
    let at = 0;
    for (; at + window <= all.length; at += window) {
      const isSilent = levelDbfs(all.subarray(at, at + window)) <= soundsAboveDbfs;
      this.#quietMs = isSilent ? this.#quietMs + windowMs : 0;
      this.#silent.push(isSilent);
      this.#speechMs.push(this.#speechMs.at(-1)! + (this.#quietMs <= pauseMs ? windowMs : 0));
    }
    this.#rest = all.slice(at);
  }

  #forget(): void {
    const gone = this.#windowAt(this.first?.fromMs ?? this.#lengthMs) - 1;
    if (gone < forgottenWindows) return;
    this.#silent = this.#silent.slice(gone);
    this.#speechMs = this.#speechMs.slice(gone);
    this.#forgotten += gone;
  }
}
