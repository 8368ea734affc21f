import { hearNumbers } from './counted-speech.ts';

/** The sound of a counted word, ms; half of it makes the word a heard one. */
const soundMs = 180;
/** A sample is sound from here on: what a lowered word reaches within its first millisecond. */
const audible = 0.001;

/**
 * The numbers of which at least half is in a recording that ends where the caller stopped hearing,
 * judged by its sound alone. Only for a line without noise that counts up from `firstNumber`.
 */
export function halfHeardNumbers(
  recording: Float32Array,
  rateHz: number,
  firstNumber: number,
): readonly number[] {
  const words = hearNumbers(recording, rateHz);
  // A second half that was cut off sounds like that of some other word.
  const numbers = words.map(({ number, damaged }, i) =>
    damaged && i === words.length - 1 ? firstNumber + i : number,
  );
  // The tail of the last whole word is no beginning of the next.
  const last = words.at(-1);
  const from = last === undefined ? 0 : last.endSample + rateHz * 0.02;
  const begin = recording.findIndex((sample, i) => i >= from && Math.abs(sample) > audible);
  const begunMs = begin < 0 ? 0 : ((recording.length - begin) * 1000) / rateHz;
  const next = (numbers.at(-1) ?? firstNumber - 1) + 1;
  return begunMs >= soundMs / 2 ? [...numbers, next] : numbers;
}
