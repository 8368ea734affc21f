import { msToSamples, type AudioFormat } from '../audio/format.ts';
import type { Placement } from '../ports/recording.ts';
import { Drift } from './drift.ts';

/** A gap in the arrivals that is heard as silence, ms; shorter ones are jitter. */
const gapMs = 60;
/** How long after silence what arrives may still show that it was none, ms. */
const settleMs = 10_000;

/** Sound without a gap, and the call time from which it came, ms. */
interface Piece extends Placement {
  readonly sinceMs: number;
}

/**
 * Where what the caller said lies on the call's time: at the time at which it came. A stall looks like
 * silence until what was held up comes in a burst; as nothing is said after it has come, the silence goes
 * again as far as it is needed. A client's clock that runs faster or slower than the call's is followed by
 * single samples that are left out or said twice.
 */
export class CallerTrack {
  readonly #format: AudioFormat;
  readonly #pieces: Piece[] = [];
  readonly #drift: Drift;
  #writtenSample = 0;
  /** End of what is placed, samples of the call's time. */
  #endSample = 0;

  constructor(format: AudioFormat) {
    this.#format = format;
    this.#drift = new Drift(format.rateHz);
  }

  get format(): AudioFormat {
    return this.#format;
  }

  /** Samples that came so far. */
  get samples(): number {
    return this.#writtenSample;
  }

  get placements(): readonly Placement[] {
    return this.#pieces
      .filter(({ samples }) => samples > 0)
      .map(({ fromSample, samples, atSample }) => ({ fromSample, samples, atSample }));
  }

  /** Whole samples came at call time `arrivalMs`: their last one was spoken then, or before. */
  push(samples: number, arrivalMs: number): void {
    if (samples === 0) return;
    const arrival = this.#samplesOf(arrivalMs);
    const lag = arrival - samples - this.#endSample;
    if (this.#pieces.length === 0 || lag > this.#samplesOf(gapMs)) {
      this.#begin(samples, Math.max(this.#endSample, arrival - samples), arrivalMs);
      this.#drift.restart(arrivalMs + settleMs);
    } else {
      this.#extend(samples);
      if (lag < 0) this.#pullBack(-lag, arrivalMs);
      this.#slip(this.#drift.push(samples, arrival - this.#endSample, arrivalMs), arrivalMs);
    }
  }

  #begin(samples: number, atSample: number, sinceMs: number): void {
    this.#pieces.push({ fromSample: this.#writtenSample, samples, atSample, sinceMs });
    this.#writtenSample += samples;
    this.#endSample = atSample + samples;
  }

  #extend(samples: number): void {
    const last = this.#pieces.at(-1)!;
    this.#pieces[this.#pieces.length - 1] = { ...last, samples: last.samples + samples };
    this.#writtenSample += samples;
    this.#endSample += samples;
  }

  /** More came than there is room for before now: takes the room from silence that is still young. */
  #pullBack(wanted: number, nowMs: number): void {
    let missing = wanted;
    for (let index = this.#pieces.length - 1; index >= 0 && missing > 0; index -= 1) {
      const { atSample, sinceMs } = this.#pieces[index]!;
      if (sinceMs < nowMs - settleMs) return;
      const before = this.#pieces[index - 1];
      const room = atSample - (before === undefined ? 0 : before.atSample + before.samples);
      // What is left of it would be jitter: it was no silence at all.
      const jitter = before !== undefined && room - missing <= this.#samplesOf(gapMs);
      const by = jitter ? room : Math.min(room, missing);
      if (by > 0) this.#shift(index, by);
      missing -= by;
    }
  }

  /** Everything from a piece on lies so much earlier. */
  #shift(from: number, by: number): void {
    for (let index = from; index < this.#pieces.length; index += 1) {
      const piece = this.#pieces[index]!;
      this.#pieces[index] = { ...piece, atSample: piece.atSample - by };
    }
    this.#endSample -= by;
    const [before, piece] = [this.#pieces[from - 1], this.#pieces[from]!];
    if (before === undefined || before.atSample + before.samples < piece.atSample) return;
    if (before.fromSample + before.samples !== piece.fromSample) return;
    const samples = before.samples + piece.samples;
    this.#pieces.splice(from - 1, 2, { ...before, samples });
  }

  /** Leaves the last sample out (-1) or says it twice (+1). */
  #slip(by: -1 | 0 | 1, sinceMs: number): void {
    if (by === 0) return;
    const last = this.#pieces.at(-1)!;
    const twice = by > 0 ? 1 : 0;
    this.#pieces[this.#pieces.length - 1] = { ...last, samples: last.samples - 1 + twice };
    const place = {
      fromSample: this.#writtenSample - twice,
      atSample: this.#endSample - 1 + twice,
    };
    this.#pieces.push({ ...place, samples: twice, sinceMs });
    this.#endSample += by;
  }

  #samplesOf(ms: number): number {
    return msToSamples(ms, this.#format.rateHz);
  }
}
