import { hearNumbers, type HeardWord } from '../../test/ear/counted-speech.ts';
import { isCallers, nothingLeft, turnWords } from './script.ts';

export const judgedRateHz = 24_000;

/** What somebody heard who should have heard something. */
export interface Verdict {
  readonly heard: readonly number[];
  /** Of the caller's, said back by nobody. */
  readonly lostCaller: readonly number[];
  readonly lostAgent: readonly number[];
  readonly repeated: readonly number[];
  readonly unsaid: readonly number[];
  /** Words that came before one that should have been said first (a count). */
  readonly outOfOrder: number;
  /** Words of which a part was heard as if it were another length (a count). */
  readonly damaged: number;
  /** Longest silence between two words of one turn about the time asked for, ms; `null`: none there. */
  readonly gapMs: number | null;
}

/** How long before and after the death the gap may begin, ms: what had been sent still plays. */
const gapBeforeMs = 500;
const gapAfterMs = 3000;

/**
 * Judges by the sound alone.
 *
 * @param heard mono, 24 kHz
 * @param aboutMs where in it a gap is looked for; `null`: nowhere
 */
export function judge(
  heard: Float32Array,
  expected: readonly number[],
  aboutMs: number | null,
): Verdict {
  const turnOf = (number: number): number => Math.floor(expected.indexOf(number) / turnWords);
  const words = hearNumbers(heard, judgedRateHz).filter(({ number }) => number !== nothingLeft);
  const numbers = words.map(({ number }) => number);
  const times = new Map<number, number>();
  for (const number of numbers) times.set(number, (times.get(number) ?? 0) + 1);
  const lost = expected.filter((number) => !times.has(number));
  const places = numbers.map((number) => expected.indexOf(number)).filter((place) => place >= 0);
  return {
    heard: numbers,
    lostCaller: lost.filter(isCallers),
    lostAgent: lost.filter((number) => !isCallers(number)),
    repeated: [...times].filter(([, count]) => count > 1).map(([number]) => number),
    unsaid: [...times.keys()].filter((number) => !expected.includes(number)),
    outOfOrder: places.filter((place, at) => at > 0 && place < places[at - 1]!).length,
    damaged: words.filter((word) => word.damaged).length,
    gapMs: aboutMs === null ? null : gapAbout(words, turnOf, aboutMs),
  };
}

function gapAbout(
  words: readonly Pick<HeardWord, 'number' | 'startSample' | 'endSample'>[],
  turnOf: (number: number) => number,
  aboutMs: number,
): number | null {
  const ms = (samples: number): number => (samples * 1000) / judgedRateHz;
  const gaps = words.slice(1).flatMap((word, at) => {
    const before = words[at]!;
    if (turnOf(before.number) !== turnOf(word.number)) return [];
    const fromMs = ms(before.endSample);
    const near = fromMs >= aboutMs - gapBeforeMs && fromMs <= aboutMs + gapAfterMs;
    return near ? [ms(word.startSample) - fromMs] : [];
  });
  return gaps.length === 0 ? null : Math.round(Math.max(...gaps));
}
