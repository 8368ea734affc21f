import { countedSpeech } from '../../ear/counted-speech.ts';
import type { ScriptedSpeech } from './options.ts';

/** How long a word of a text sounds, ms; the last tenth of it is silent. */
const wordMs = 300;
const countedWordMs = 260;
/** About −20 dBFS. */
const amplitude = 0.14;

/** A word, and where its sound begins and ends, samples. */
interface SpokenWord {
  readonly text: string;
  readonly fromSample: number;
  readonly toSample: number;
}

/** Something to say: words at their places, and their sound. */
export interface Speech {
  readonly words: readonly SpokenWord[];
  readonly samples: Float32Array;
}

/** One entry of what the model knows. */
export interface Known {
  /** `tool`: what came of something that it had handed on. */
  readonly role: 'developer' | 'user' | 'assistant' | 'tool';
  text: string;
}

/** The sound of a scripted speech, in the light of what was said before. */
export function speechOf(
  speech: ScriptedSpeech,
  history: readonly Known[],
  rateHz: number,
): Speech {
  if ('text' in speech) return textSpeech(speech.text, rateHz);
  const firstNumber = (lastNumber(history) ?? (speech.from ?? 1) - 1) + 1;
  const numbers = Array.from({ length: speech.count }, (_, at) => firstNumber + at);
  return numbersSpeech(numbers, rateHz);
}

/** These numbers as counted speech. */
export function numbersSpeech(numbers: readonly number[], rateHz: number): Speech {
  const wordSamples = (countedWordMs * rateHz) / 1000;
  const samples = new Float32Array(wordSamples * numbers.length);
  for (const [place, firstNumber] of numbers.entries()) {
    samples.set(countedSpeech({ firstNumber, words: 1, rateHz }).samples, place * wordSamples);
  }
  return { words: placed(numbers.map(String), wordSamples), samples };
}

/** The last number that the agent said; `null` where it said none. */
function lastNumber(history: readonly Known[]): number | null {
  for (const { role, text } of history.toReversed()) {
    const last = role === 'assistant' ? text.match(/\d+/gu)?.at(-1) : undefined;
    if (last !== undefined) return Number(last);
  }
  return null;
}

/** A tone a word, its pitch made from the word: nothing lost, repeated or swapped goes unnoticed. */
export function textSpeech(text: string, rateHz: number): Speech {
  const words = text.split(/\s+/u).filter((word) => word !== '');
  const wordSamples = (wordMs * rateHz) / 1000;
  const samples = new Float32Array(wordSamples * words.length);
  for (const [place, word] of words.entries()) {
    let pitchHz = 180;
    for (const letter of word)
      pitchHz = 180 + ((pitchHz * 31 + (letter.codePointAt(0) ?? 0)) % 700);
    for (let i = 0; i < wordSamples * 0.9; i += 1) {
      samples[place * wordSamples + i] = amplitude * Math.sin((2 * Math.PI * pitchHz * i) / rateHz);
    }
  }
  return { words: placed(words, wordSamples), samples };
}

function placed(words: readonly string[], wordSamples: number): SpokenWord[] {
  return words.map((text, i) => ({
    text,
    fromSample: i * wordSamples,
    toSample: (i + 1) * wordSamples,
  }));
}
