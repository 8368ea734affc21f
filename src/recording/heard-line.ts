import { msToSamples, samplesToMs } from '../audio/format.ts';
import type { HeardBy } from '../ports/events.ts';
import type { Placement } from '../ports/recording.ts';

/** A piece of a line as it was given to the client. */
interface Given {
  /** Position among all that was given, samples. */
  readonly fromSample: number;
  /** Position on the line, samples. */
  readonly lineSample: number;
  readonly samples: number;
  /** Call time at which a player without delay sounds it. */
  readonly playsAtMs: number;
}

/** The client says how far it is. */
interface Acknowledgement {
  readonly playedMs: number;
  /** Call time at which its player was there, as far as the way of the message is known. */
  readonly atMs: number;
}

/** A line's sound begins to be heard here. */
interface Run {
  readonly lineSample: number;
  readonly atMs: number;
}

/** What a client's player holds before it sounds, ms: what the call assumes where nobody says. */
const playerDelayMs = 60;
/** Shortest gap inside a line that counts as one, ms: below it lies the jitter of messages. */
const gapMs = 40;
/** Most pieces and acknowledgements kept of a line (a count each); later ones extend the last run. */
const keptLimit = 20_000;

/** One agent line as the caller heard it: which of its samples, and when. */
export class HeardLine {
  readonly #given: Given[] = [];
  readonly #acknowledged: Acknowledgement[] = [];
  #sentSamples = 0;
  #heardMs: number | null = null;
  /** The client ended it earlier than its player says. */
  #byClient = false;

  /** Samples given so far. */
  get sentSamples(): number {
    return this.#sentSamples;
  }

  given(fromSample: number, samples: number, playsAtMs: number): void {
    const lineSample = this.#sentSamples;
    this.#sentSamples += samples;
    const last = this.#given.at(-1);
    const goesOn = last !== undefined && last.fromSample + last.samples === fromSample;
    // A flood of tiny pieces: their place is known well enough from the one before.
    if (goesOn && this.#given.length >= keptLimit) {
      this.#given[this.#given.length - 1] = { ...last, samples: last.samples + samples };
    } else this.#given.push({ fromSample, lineSample, samples, playsAtMs });
  }

  acknowledged(playedMs: number, atMs: number): void {
    if (this.#acknowledged.length < keptLimit) this.#acknowledged.push({ playedMs, atMs });
  }

  /** What the call knows of how much was heard. The latest word counts. */
  heard(heardMs: number, by: HeardBy): void {
    this.#heardMs = heardMs;
    this.#byClient = by === 'client';
  }

  /**
   * Where its heard samples lie on the call's time, at `rateHz`.
   *
   * @param freeFromSample end of what was heard before it
   */
  placements(rateHz: number, roundTripMs: number, freeFromSample: number): readonly Placement[] {
    const heardSamples = this.#heardSamples(rateHz);
    const runs =
      this.#acknowledged.length > 0
        ? this.#acknowledgedRuns(rateHz)
        : this.#givenRuns(rateHz, roundTripMs);
    const placed: Placement[] = [];
    let free = freeFromSample;
    for (const [index, run] of runs.entries()) {
      const to = Math.min(runs[index + 1]?.lineSample ?? heardSamples, heardSamples);
      if (to <= run.lineSample) continue;
      const atSample = Math.max(free, msToSamples(run.atMs, rateHz));
      free = atSample + (to - run.lineSample);
      placed.push(...this.#pieces(run.lineSample, to, atSample));
    }
    return merged(placed);
  }

  /** A player knows best, also where its word came after the line was thought to be heard out. */
  #heardSamples(rateHz: number): number {
    const played = this.#acknowledged.reduce((most, { playedMs }) => Math.max(most, playedMs), -1);
    const heardMs = played >= 0 && !this.#byClient ? played : this.#heardMs;
    if (heardMs === null) return this.#sentSamples;
    return Math.min(this.#sentSamples, msToSamples(heardMs, rateHz));
  }

  /** Where the line's samples [from, to) stand among all that was given. */
  written(from: number, to: number): readonly (readonly [from: number, to: number])[] {
    return this.#pieces(from, to, 0).map(({ fromSample, samples }) => [
      fromSample,
      fromSample + samples,
    ]);
  }

  /**
   * By the client's word. Messages are only ever late, so the earliest start that any later one still
   * allows is the true one; it can only grow, and grows where the player had run dry or was held.
   */
  #acknowledgedRuns(rateHz: number): readonly Run[] {
    const said = this.#acknowledged.toSorted((a, b) => a.playedMs - b.playedMs || a.atMs - b.atMs);
    const startsMs: number[] = [];
    let leastMs = Infinity;
    for (let index = said.length - 1; index >= 0; index -= 1) {
      const { playedMs, atMs } = said[index]!;
      leastMs = Math.min(leastMs, atMs - playedMs);
      startsMs[index] = leastMs;
    }
    const runs: Run[] = [{ lineSample: 0, atMs: startsMs[0]! }];
    let startMs = startsMs[0]!;
    for (let index = 1; index < said.length; index += 1) {
      if (startsMs[index]! - startMs < gapMs) continue;
      startMs = startsMs[index]!;
      const fromMs = said[index - 1]!.playedMs;
      runs.push({ lineSample: msToSamples(fromMs, rateHz), atMs: startMs + fromMs });
    }
    return runs;
  }

  #givenRuns(rateHz: number, roundTripMs: number): readonly Run[] {
    const runs: Run[] = [];
    let endMs = -Infinity;
    for (const { lineSample, samples, playsAtMs } of this.#given) {
      const atMs = playsAtMs + roundTripMs / 2 + playerDelayMs;
      if (atMs - endMs >= gapMs) {
        runs.push({ lineSample, atMs });
        endMs = atMs;
      }
      endMs += samplesToMs(samples, rateHz);
    }
    return runs;
  }

  /** The bytes of [fromLine, toLine), which other lines' may lie between. */
  #pieces(fromLine: number, toLine: number, atSample: number): readonly Placement[] {
    return this.#given.flatMap(({ fromSample, lineSample, samples }) => {
      const from = Math.max(fromLine, lineSample);
      const to = Math.min(toLine, lineSample + samples);
      if (to <= from) return [];
      return [
        {
          fromSample: fromSample + from - lineSample,
          samples: to - from,
          atSample: atSample + from - fromLine,
        },
      ];
    });
  }
}

/** The same with what goes on put together. */
export function merged(placements: readonly Placement[]): readonly Placement[] {
  const result: Placement[] = [];
  for (const next of placements) {
    const last = result.at(-1);
    const goesOn =
      last !== undefined &&
      last.fromSample + last.samples === next.fromSample &&
      last.atSample + last.samples === next.atSample;
    if (goesOn) result[result.length - 1] = { ...last, samples: last.samples + next.samples };
    else result.push(next);
  }
  return result;
}

/** The same without what lies in these stretches of the track, [from, to) in samples. */
export function without(
  placements: readonly Placement[],
  hidden: readonly (readonly [from: number, to: number])[],
): readonly Placement[] {
  return hidden.reduce<readonly Placement[]>(
    (left, [from, to]) =>
      left.flatMap((placed) => {
        const { fromSample, samples, atSample } = placed;
        const end = fromSample + samples;
        if (to <= fromSample || from >= end || to <= from) return [placed];
        const before = Math.max(0, from - fromSample);
        const after = Math.max(0, end - to);
        return [
          ...(before === 0 ? [] : [{ fromSample, samples: before, atSample }]),
          ...(after === 0
            ? []
            : [{ fromSample: to, samples: after, atSample: atSample + samples - after }]),
        ];
      }),
    placements,
  );
}
