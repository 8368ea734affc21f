import { Draws, seedOf } from './draws.ts';
import type { GeneratorParameters } from './parameters.ts';
import { misheardWords } from './texts.ts';

/** A word at its true place, ms since the beginning of what it belongs to. */
export interface SpokenWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** What a recogniser makes of a word: none, the same, another, or two; and when it says so. */
export interface RecognisedWord extends SpokenWord {
  readonly atMs: number;
  /** When the recogniser ends the utterance after this word, ms; `null` where speech goes on. */
  readonly finalAtMs: number | null;
}

/**
 * What a stand-in recogniser makes of the truth: it knows each word `delayMs` after its end, and ends
 * an utterance once `finalAfterMs` have passed without another; word errors are drawn from the seed.
 * No audio is recognised here, and reports say so.
 */
export function recognise(
  words: readonly SpokenWord[],
  seed: number,
  { transcript }: GeneratorParameters,
): readonly RecognisedWord[] {
  const draws = new Draws(seedOf(seed, 'transcript'));
  return words.map((word, index) => {
    const next = words[index + 1];
    const silenceMs = next === undefined ? Infinity : next.startMs - word.endMs;
    return {
      ...word,
      text: misheard(word.text, draws, transcript.wordErrors),
      atMs: word.endMs + transcript.delayMs,
      finalAtMs: silenceMs < transcript.finalAfterMs ? null : word.endMs + transcript.finalAfterMs,
    };
  });
}

/** A cough as the recogniser hears it: now and then as a word. */
export function recogniseCough(
  endMs: number,
  seed: number,
  { transcript }: GeneratorParameters,
): readonly RecognisedWord[] {
  const draws = new Draws(seedOf(seed, 'transcript'));
  if (!draws.chance(transcript.coughWords)) return [];
  const finalAtMs = endMs + transcript.finalAfterMs;
  const atMs = endMs + transcript.delayMs;
  return [{ text: draws.pick(misheardWords), startMs: 0, endMs, atMs, finalAtMs }];
}

function misheard(word: string, draws: Draws, share: number): string {
  if (!draws.chance(share)) return word;
  const kind = draws.weighted({ substitution: 4, deletion: 1, insertion: 1 });
  const other = draws.pick(misheardWords);
  switch (kind) {
    case 'substitution':
      return other;
    case 'deletion':
      return '';
    case 'insertion':
      return `${word} ${other}`;
  }
}

/** Places words in a stretch of speech without a pause, in proportion to their letters. */
export function spreadWords(
  text: string,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): readonly SpokenWord[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const letters = words.reduce((sum, word) => sum + word.length, 0);
  const at = (passed: number): number => startMs + ((endMs - startMs) * passed) / letters;
  let passed = 0;
  return words.map((word) => {
    const from = passed;
    passed += word.length;
    return { text: word, startMs: at(from), endMs: at(passed) };
  });
}
