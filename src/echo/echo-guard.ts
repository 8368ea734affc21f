import { BandLevels, bandCount, levelFrameMs } from './band-levels.ts';
import { decodeSamples } from '../audio/samples.ts';
import { DelayLock } from './delay-lock.ts';
import { EchoPath } from './echo-path.ts';
import { LevelFrames } from './level-frames.ts';
import { NoiseFloor } from './noise-floor.ts';
import { TalkEvidence } from './talk-evidence.ts';
import type { AudioFormat } from '../audio/format.ts';

/** Reference kept, frames of 10 ms: 2 s to come (the longest playout lead) and 2 s gone by. */
const referenceFrames = 400;
/** Verdicts kept for detectors whose scores come late, frames: 2 s. */
const verdictFrames = 200;
/** Uplink that is learnt from when the delay becomes known, frames: 600 ms. */
const learningFrames = 60;
/** Times it is gone through. */
const learningRounds = 4;
/** Pieces of the downlink that follow one another within this are one stretch of sound, ms. */
const seamMs = 15;

/** An echo that comes up to 400 ms late is known 370 ms (at most 460, docs/echo.md) after that, … */
const quietFindingMs = 1000;
/** … later where the line is noisier than this in some band. */
const noisyFindingMs = 3000;
const noisyDbfs = -60;

export interface EchoGuardOptions {
  /** Rate of what `heard` gets, Hz, at least 8,000. */
  readonly uplinkRateHz: number;
  /** Of what `sent` gets. */
  readonly downlink: AudioFormat;
  /** Longest way from "should be playing now" to its echo, ms. Default 1,000. */
  readonly maxDelayMs?: number;
}

/** What is known of one detector frame. */
export interface EchoScore {
  /** Likelihood 0–1 that all there is in the frame is the agent's own voice. */
  echo: number;
  /** How far the frame rises above the expected echo in its loudest band, dB. */
  residualDb: number;
}

/**
 * Tells the agent's own voice in the uplink from the caller. Compares band levels of what was sent
 * with those of what is heard: finds the delay, learns how loud the echo is in each band, and takes
 * for the caller what rises above that. No model; about 10 µs for 10 ms of both directions,
 * 2 µs while the agent is silent (measured, docs/echo.md). Without sound from the agent the score
 * is 0. Until the delay is known only what does not rise above the noise is told.
 *
 * Times are call times in ms unless they are called `audio…` (the uplink's sample clock).
 */
export class EchoGuard {
  readonly #downlink: AudioFormat;
  readonly #down: BandLevels;
  readonly #up: BandLevels;
  readonly #reference = new LevelFrames(referenceFrames);
  readonly #lock: DelayLock;
  readonly #path = new EchoPath();
  readonly #talk = new TalkEvidence();
  readonly #noise = new NoiseFloor();
  /** The uplink's latest levels, for learning once the delay is known. */
  readonly #heard = new LevelFrames(learningFrames);
  readonly #echo = new Float32Array(verdictFrames);
  readonly #residualDb = new Float32Array(verdictFrames);
  readonly #score: EchoScore = { echo: 0, residualDb: 0 };
  #downStartMs = 0;
  #downEndMs = -Infinity;
  #upStartAudioMs = 0;
  #upEndAudioMs = -Infinity;
  #callOffsetMs = 0;
  #upFrames = 0;
  #lateScores = 0;
  #echoFrames = 0;

  /** @throws RangeError for a rate below 8,000 Hz */
  constructor({ uplinkRateHz, downlink, maxDelayMs = 1000 }: EchoGuardOptions) {
    this.#downlink = downlink;
    this.#down = new BandLevels(downlink.rateHz);
    this.#up = new BandLevels(uplinkRateHz);
    this.#lock = new DelayLock(Math.round(maxDelayMs / levelFrameMs));
  }

  /** How late the echo comes, ms; `null` until that is known. */
  get delayMs(): number | null {
    const { delayFrames } = this.#lock;
    return delayFrames === null ? null : delayFrames * levelFrameMs;
  }

  /** Agent sound after which an echo that was not found is not there, or is lost in the noise, ms. */
  get findingMs(): number {
    return this.quiet ? quietFindingMs : noisyFindingMs;
  }

  /** The line is quiet enough that an echo worth the name is found. */
  get quiet(): boolean {
    return this.#noise.loudestDbfs <= noisyDbfs;
  }

  /** Running totals and the state of the estimate. */
  figures(): Readonly<Record<string, number>> {
    return {
      frames: this.#upFrames,
      echoFrames: this.#echoFrames,
      lateScores: this.#lateScores,
      delayMs: this.delayMs ?? -1,
      correlation: this.#lock.correlation,
    };
  }

  /**
   * Audio that was given to the client, as it was given (ducked where it was ducked).
   *
   * @param bytes in the downlink's format; not kept
   * @param playsAtMs when a player without delay sounds its first sample
   */
  sent(bytes: Uint8Array, playsAtMs: number): void {
    if (Math.abs(playsAtMs - this.#downEndMs) > seamMs) {
      this.#down.restart();
      this.#downStartMs = playsAtMs;
      this.#downEndMs = playsAtMs;
    }
    const samples = decodeSamples(bytes, this.#downlink.codec);
    this.#downEndMs += (samples.length * 1000) / this.#downlink.rateHz;
    this.#down.push(samples, this.#onDownFrame);
  }

  /** What was sent to be played from `atMs` on will not be heard: the client threw it away. */
  cut(atMs: number): void {
    this.#reference.silenceFrom(Math.ceil(atMs / levelFrameMs));
    this.#downEndMs = -Infinity;
  }

  /**
   * Caller audio, before any canceller.
   *
   * @param pcm mono samples −1…1 at the uplink's rate; not kept
   * @param audioStartMs position of its first sample
   * @param atMs call time of its first sample
   */
  heard(pcm: Float32Array, audioStartMs: number, atMs: number): void {
    if (Math.abs(audioStartMs - this.#upEndAudioMs) > 1) {
      this.#up.restart();
      this.#upFrames = 0;
      this.#upStartAudioMs = audioStartMs;
    }
    this.#callOffsetMs = atMs - audioStartMs;
    this.#upEndAudioMs = audioStartMs + (pcm.length * 1000) / this.#up.rateHz;
    this.#up.push(pcm, this.#onUpFrame);
  }

  /**
   * The score of the frame of `frameMs` that ends at `audioEndMs`, to be asked for within 2 s of
   * its being heard; 0 after that (counted).
   * @returns the same object each time: to be read before the next call
   */
  score(audioEndMs: number, frameMs: number): Readonly<EchoScore> {
    const endMs = audioEndMs - this.#upStartAudioMs;
    const first = Math.max(0, Math.round((endMs - frameMs) / levelFrameMs));
    const last = Math.min(this.#upFrames, Math.round(endMs / levelFrameMs)) - 1;
    this.#score.echo = 0;
    this.#score.residualDb = 0;
    if (last < first || first < this.#upFrames - verdictFrames) {
      this.#lateScores += 1;
      return this.#score;
    }
    let residualDb = -Infinity;
    for (let frame = first; frame <= last; frame += 1) {
      this.#score.echo += this.#echo[frame % verdictFrames]! / (last - first + 1);
      residualDb = Math.max(residualDb, this.#residualDb[frame % verdictFrames]!);
    }
    this.#score.residualDb = residualDb;
    return this.#score;
  }

  readonly #onDownFrame = (frame: number, levelsDbfs: Float32Array): void => {
    this.#reference.write(Math.round(this.#downStartMs / levelFrameMs) + frame, levelsDbfs);
  };

  readonly #onUpFrame = (frame: number, levelsDbfs: Float32Array): void => {
    this.#upFrames = frame + 1;
    const atMs = this.#upStartAudioMs + frame * levelFrameMs + this.#callOffsetMs;
    const callFrame = Math.round(atMs / levelFrameMs);
    const place = frame % verdictFrames;
    this.#noise.push(levelsDbfs);
    const noiseDbfs = this.#noise.levelsDbfs;
    this.#heard.write(callFrame, levelsDbfs);
    const found = this.#lock.push(callFrame, levelsDbfs, noiseDbfs, this.#reference);
    this.#echo[place] = 0;
    this.#residualDb[place] = 0;
    const { delayFrames } = this.#lock;
    if (delayFrames === null) this.#path.silence();
    else {
      if (found) this.#learnAll(callFrame, delayFrames);
      this.#path.advance(callFrame - delayFrames, this.#reference);
    }
    this.#talk.weigh(levelsDbfs, noiseDbfs, this.#path);
    // Without a delay the echo, if there is one, is no louder than the noise most of the time.
    const audible = delayFrames === null ? this.#lock.mayBeHeard : this.#talk.echoAudible;
    if (!audible) return;
    if (delayFrames !== null) this.#path.learn(levelsDbfs, noiseDbfs, this.#talk.talking);
    const echo = this.#talk.echo;
    this.#echo[place] = echo;
    this.#residualDb[place] = this.#talk.residualDb;
    if (echo >= 0.5) this.#echoFrames += 1;
  };

  /** Learns the path from what was heard before its delay was known. */
  #learnAll(callFrame: number, delayFrames: number): void {
    this.#path.restart();
    for (let round = 0; round < learningRounds; round += 1) {
      for (let frame = callFrame - learningFrames + 1; frame < callFrame; frame += 1) {
        const offset = this.#heard.offsetOf(frame);
        const levels = this.#heard.levels.subarray(offset, offset + bandCount);
        this.#path.advance(frame - delayFrames, this.#reference);
        this.#path.learn(levels, this.#noise.levelsDbfs, false);
      }
    }
  }
}
