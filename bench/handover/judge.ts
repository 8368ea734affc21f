import { countedSpeech, hearNumbers, type HeardWord } from '../../test/ear/counted-speech.ts';
import { isCallers, nothingLeft, shortTalk, turnWords } from './script.ts';

export const judgedRateHz = 24_000;

/** What a caller has heard, mono, 24 kHz. */
export interface Heard {
  /** All that came, end to end: what was said, whatever pauses its player had to make. */
  readonly said: Float32Array;
  /** As it was played, on the call's time axis: how long it was silent. */
  readonly played: Float32Array;
}

/** What somebody heard who should have heard something. */
export interface Verdict {
  readonly heard: readonly number[];
  /** Of the caller's, said back by nobody. */
  readonly lostCaller: readonly number[];
  readonly lostAgent: readonly number[];
  /** Words that broke off when half of them or more had been heard: they count as heard. */
  readonly half: readonly number[];
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
 * @param aboutMs where a gap is looked for; `null`: nowhere
 */
export function judge(
  { said, played }: Heard,
  expected: readonly number[],
  aboutMs: number | null,
): Verdict {
  const words = wordsIn(said);
  const numbers = words.map(({ number }) => number);
  const times = new Map<number, number>();
  for (const number of numbers) times.set(number, (times.get(number) ?? 0) + 1);
  const missing = expected.filter((number) => !times.has(number));
  const half = missing.filter((number) => isHalfHeard(number, expected, words, said));
  const lost = missing.filter((number) => !half.includes(number));
  const places = numbers.map((number) => expected.indexOf(number)).filter((place) => place >= 0);
  return {
    heard: numbers,
    lostCaller: lost.filter(isCallers),
    lostAgent: lost.filter((number) => !isCallers(number)),
    half,
    repeated: [...times].filter(([, count]) => count > 1).map(([number]) => number),
    unsaid: [...times.keys()].filter((number) => !expected.includes(number)),
    outOfOrder: places.filter((place, at) => at > 0 && place < places[at - 1]!).length,
    damaged: words.filter((word) => word.damaged).length,
    gapMs: aboutMs === null ? null : gapAbout(wordsIn(played), expected, aboutMs),
  };
}

function wordsIn(sound: Float32Array): readonly HeardWord[] {
  return hearNumbers(sound, judgedRateHz).filter(({ number }) => number !== nothingLeft);
}

/** Least sound that makes a word a heard one, ms: its first tone pair, less what the fades hide. */
const halfWordMs = 75;
/** A sample is sound from here on. */
const audible = 0.001;
/** The tail of a word, behind where it was last recognised, ms. */
const tailMs = 20;
/** Longest that one word lasts, ms: its sound. */
const wordMs = 180;

/**
 * Whether a word that is missing was begun, between the one before it and whatever came next, and broke
 * off when half of it had been heard: what there is of it, with the rest as it would have been, is it.
 */
function isHalfHeard(
  number: number,
  expected: readonly number[],
  words: readonly HeardWord[],
  said: Float32Array,
): boolean {
  const before = expected[expected.indexOf(number) - 1];
  const at = words.findIndex((word) => word.number === before);
  const samples = (ms: number): number => Math.round((ms * judgedRateHz) / 1000);
  const from = at < 0 ? 0 : words[at]!.endSample + samples(tailMs);
  const to = (words[at + 1]?.startSample ?? said.length) - samples(tailMs);
  const begin = said.findIndex((sample, i) => i >= from && Math.abs(sample) > audible);
  if (begin < 0 || begin >= to) return false;
  const room = said.subarray(begin, Math.min(to, begin + samples(wordMs)));
  const length = room.findLastIndex((sample) => Math.abs(sample) > audible) + 1;
  if (length < samples(halfWordMs)) return false;
  const whole = countedSpeech({ firstNumber: number, words: 1, rateHz: judgedRateHz }).samples;
  whole.set(room.subarray(0, length));
  const [heard] = hearNumbers(whole, judgedRateHz);
  return heard?.number === number;
}

function gapAbout(
  words: readonly HeardWord[],
  expected: readonly number[],
  aboutMs: number,
): number | null {
  const wordsOfTurn = turnWords(shortTalk);
  const turnOf = (number: number): number => Math.floor(expected.indexOf(number) / wordsOfTurn);
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
