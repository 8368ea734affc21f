import type { FrameFeatures } from './frame-features.ts';

/** The noise floor is the quietest frame of the latest 2 s, looked up in four parts. */
const partFrames = 16;
const parts = 4;
/** A room is not quieter than this, nor louder, dBFS. */
const quietestDbfs = -65;
const loudestFloorDbfs = -15;
/** How much quieter the room is taken to be than what was heard first, dB, and how long, frames. */
const headStartDb = 10;
const headStartFrames = 32;
/**
 * Rise above the floor that is speech as likely as not, dB: in a quiet room, where every rustle
 * rises far, and in a loud one, where speech cannot.
 */
const evenQuietDb = 12;
const evenLoudDb = 4;
/** Floors between which the one turns into the other, dBFS. */
const quietRoomDbfs = -60;
const loudRoomDbfs = -38;
/** What a clear pitch is worth, dB; all of it only where the frame rises this far: hum has one too. */
const voicingDb = 20;
const fullPitchRiseDb = 5;
/** Voicing that speaks neither for nor against. */
const evenVoicing = 0.5;
/** Tilt above which a frame sounds like hiss, and how much each dB of it counts against it. */
const hissAboveDb = -1;
const hissWeight = 4;
/** Rise that makes the odds e times higher, dB. */
const slopeDb = 2.5;
/** More than this above the floor proves nothing more, dB. */
const mostRiseDb = 30;
/** Pauses inside words are bridged: a score falls by this factor a frame at most … */
const fall = 0.8;
/** … once that many frames in a row were speech: a click is not a word. */
const wordFrames = 3;

/**
 * Speech probability of frame after frame from level against an adaptive noise floor, pitch and
 * spectral tilt. Deterministic.
 */
export class SpeechScore {
  readonly #minima = new Float64Array(parts).fill(Infinity);
  #frames = 0;
  #score = 0;
  /** Frames in a row that are speech by themselves. */
  #run = 0;
  #inWord = false;

  next({ levelDbfs, voicing, tiltDb }: Readonly<FrameFeatures>): number {
    const floorDbfs = this.#follow(levelDbfs);
    const loudness = (floorDbfs - quietRoomDbfs) / (loudRoomDbfs - quietRoomDbfs);
    const evenDb = evenQuietDb + (evenLoudDb - evenQuietDb) * Math.min(1, Math.max(0, loudness));
    const riseDb = Math.min(mostRiseDb, Math.max(0, levelDbfs - floorDbfs));
    const pitchDb = voicingDb * (voicing - evenVoicing) * Math.min(1, riseDb / fullPitchRiseDb);
    const hissDb = hissWeight * Math.max(0, tiltDb - hissAboveDb);
    const score = 1 / (1 + Math.exp(-(riseDb + pitchDb - hissDb - evenDb) / slopeDb));
    this.#run = score >= 0.5 ? this.#run + 1 : 0;
    this.#inWord = this.#run >= wordFrames || (this.#inWord && this.#score >= 0.1);
    this.#score = Math.max(score, this.#inWord ? this.#score * fall : 0);
    return this.#score;
  }

  restart(): void {
    this.#minima.fill(Infinity);
    this.#frames = 0;
    this.#score = 0;
    this.#run = 0;
    this.#inWord = false;
  }

  /** @returns the floor, of the frames before this one where there are some */
  #follow(levelDbfs: number): number {
    const part = Math.floor(this.#frames / partFrames) % parts;
    if (this.#frames % partFrames === 0) this.#minima[part] = Infinity;
    this.#frames += 1;
    this.#minima[part] = Math.min(this.#minima[part]!, levelDbfs);
    let lowest = Infinity;
    for (const minimum of this.#minima) lowest = Math.min(lowest, minimum);
    // The first frames may be speech themselves: they are given something in advance.
    lowest -= headStartDb * Math.max(0, 1 - this.#frames / headStartFrames);
    return Math.min(loudestFloorDbfs, Math.max(quietestDbfs, lowest));
  }
}
