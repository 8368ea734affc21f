import { agreement, type SoundFrame } from './fingerprint.ts';
import type { SoundLibrary } from './library.ts';

/** Where in the library the sound is now. */
export interface Match {
  readonly recording: number;
  /** Frame of the library that the newest frame heard is. */
  readonly frame: number;
  /** Frames of the library, up to `frame`, since the sound agrees with the recording. */
  readonly sinceFrame: number;
}

/** What is left of the evidence after a frame: half of it after 0.35 s. */
const keep = 0.98;
/**
 * Evidence that a beginning needs: agreement of bits, −1 to 1, over at least so many frames. The
 * fewer there are the better they must agree, because other words share sounds.
 */
const startAgreement = 0.38;
const startAgreementOfFew = 4;
const startFrames = 18;
/** Frames, the newest, that must agree as well as all of them. */
const nowFrames = 10;
/** Agreement of the last frames below which a match is over. */
const holdAgreement = 0.2;
const holdFrames = 30;
/** Frames back that a beginning is looked for: 3 s. */
const lookBackFrames = 300;
/** A match is over when the sound is that much quieter than the recording, dB, for some frames. */
const missingDb = 14;
const missingFrames = 12;

/**
 * Follows one stream of frames through the library. For every frame of the library it keeps how
 * well the sound agrees with the recording if that frame is now: the diagonals of a table, one
 * step for each frame heard.
 */
export class Matcher {
  readonly #library: SoundLibrary;
  readonly #agreement: Float32Array;
  readonly #evidence: Float32Array;
  /** The last frames heard, newest last. */
  readonly #heard: SoundFrame[] = [];
  #match: Match | null = null;
  #recent: number[] = [];
  /** How much louder the sound is than the recording, dB; a running mean. */
  #gainDb = 0;
  #missing = 0;

  constructor(library: SoundLibrary) {
    this.#library = library;
    this.#agreement = new Float32Array(library.bits.length);
    this.#evidence = new Float32Array(library.bits.length);
  }

  /** Takes a frame; tells where in the library it is, `null` where it is nowhere. */
  take(frame: SoundFrame): Match | null {
    this.#heard.push(frame);
    if (this.#heard.length > lookBackFrames) this.#heard.shift();
    const best = this.#step(frame.bits);
    if (this.#match !== null) this.#follow(this.#match, frame);
    if (best !== null && !this.#isFollowed(best)) this.#begin(best);
    return this.#match;
  }

  /** Moves all diagonals on; the frame with most evidence that is enough. */
  #step(heardBits: number): number | null {
    const { bits, speech, owner } = this.#library;
    const sums = this.#agreement;
    const evidence = this.#evidence;
    let best: number | null = null;
    let most = 0;
    for (let frame = bits.length - 1; frame >= 0; frame -= 1) {
      const continues = frame > 0 && owner[frame] === owner[frame - 1];
      let sum = continues ? sums[frame - 1]! * keep : 0;
      let weight = continues ? evidence[frame - 1]! * keep : 0;
      if (speech[frame] === 1) {
        sum += agreement(heardBits, bits[frame]!);
        weight += 1;
      }
      sums[frame] = sum;
      evidence[frame] = weight;
      if (
        sum > most &&
        weight >= startFrames &&
        sum > startAgreement * weight + startAgreementOfFew &&
        speech[frame] === 1
      ) {
        most = sum;
        best = frame;
      }
    }
    return best;
  }

  #isFollowed(frame: number): boolean {
    const match = this.#match;
    if (match === null) return false;
    if (Math.abs(match.frame - frame) <= 3) return true;
    // Another place has to be clearly better.
    return this.#agreement[frame]! < 1.2 * this.#agreement[match.frame]! + 3;
  }

  #begin(frame: number): void {
    const { bits, levelsDb, speech, owner } = this.#library;
    const recording = owner[frame]!;
    const first = this.#library.recordings[recording]!.startFrame;
    let since = frame;
    let gain = 0;
    let voiced = 0;
    const recent: number[] = [];
    for (let back = 0; back < this.#heard.length && frame - back >= first; back += 1) {
      const heard = this.#heard.at(-1 - back)!;
      const at = frame - back;
      if (speech[at] !== 1) continue;
      recent.push(agreement(heard.bits, bits[at]!));
      if (recent.length >= startFrames && mean(recent.slice(-startFrames)) < holdAgreement) break;
      // Where agreement is only chance the beginning is overrun by some frames at most.
      if (recent.at(-1)! > 0) since = at;
      gain += heard.levelDb - levelsDb[at]!;
      voiced += 1;
    }
    const gainDb = voiced === 0 ? 0 : gain / voiced;
    // Old evidence alone, of a sound that has just ended, is no beginning.
    if (mean(recent.slice(0, nowFrames)) < startAgreement) return;
    if (this.#heard.at(-1)!.levelDb - levelsDb[frame]! < gainDb - missingDb) return;
    this.#match = { recording, frame, sinceFrame: since };
    this.#recent = recent.slice(0, holdFrames).reverse();
    this.#gainDb = gainDb;
    this.#missing = 0;
  }

  #follow(
    { recording, frame: last, sinceFrame }: Match,
    { bits: heardBits, levelDb }: SoundFrame,
  ): void {
    const { bits, levelsDb, speech, recordings } = this.#library;
    const frame = last + 1;
    if (frame >= recordings[recording]!.endFrame) {
      this.#match = null;
      return;
    }
    if (speech[frame] === 1) {
      this.#recent.push(agreement(heardBits, bits[frame]!));
      if (this.#recent.length > holdFrames) this.#recent.shift();
      const gainDb = levelDb - levelsDb[frame]!;
      this.#missing = gainDb < this.#gainDb - missingDb ? this.#missing + 1 : 0;
      if (this.#missing === 0) this.#gainDb += 0.05 * (gainDb - this.#gainDb);
      const agrees = this.#recent.length < holdFrames || mean(this.#recent) >= holdAgreement;
      if (!agrees || this.#missing >= missingFrames) {
        this.#match = null;
        return;
      }
    }
    this.#match = { recording, frame, sinceFrame };
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
