import { encodePcm16 } from '../../src/audio/pcm16.ts';
import { countedSpeech } from '../ear/counted-speech.ts';
import type { ChatRule } from '../upstream/llm/options.ts';

/**
 * A model and a voice whose every word is a number: the model writes a word of four letters, which
 * no rule for numbers or addresses changes, and the voice says it as counted speech.
 */

const consonants = 'bdfgklmnprstvwyz';
const vowels = 'aeio';
const syllables = consonants.length * vowels.length;
/** Words in a sentence (a count). */
const sentenceWords = 8;

/** The word for a number, 0–1023. */
export function wordOf(number: number): string {
  return syllableOf(Math.floor(number / syllables)) + syllableOf(number % syllables);
}

/** Numbers of the words in a text, in order; what is none is left out. */
export function numbersIn(text: string): readonly number[] {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  return words.flatMap((word) => {
    const number = numbers.get(word);
    return number === undefined ? [] : [number];
  });
}

/** A voice for stand-ins: counted speech, PCM16 mono. */
export function speakCounted(text: string, rateHz: number): Uint8Array {
  const pieces = numbersIn(text).map((firstNumber) =>
    encodePcm16(countedSpeech({ firstNumber, words: 1, rateHz }).samples),
  );
  return Buffer.concat(pieces);
}

/**
 * A model that counts on behind the last word that it is shown to have said: by its history alone.
 *
 * @param words of one answer (a count)
 */
export function countOnInWords(words: number): ChatRule {
  return ({ messages }) => {
    const said = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
    const next = Math.max(-1, ...numbersIn(said.join(' '))) + 1;
    const sentences: string[] = [];
    for (let at = 0; at < words; at += sentenceWords) {
      const length = Math.min(sentenceWords, words - at);
      const sentence = Array.from({ length }, (_, i) => wordOf((next + at + i) % numbers.size));
      const text = sentence.join(' ');
      sentences.push(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
    }
    return { text: sentences.join(' ') };
  };
}

function syllableOf(index: number): string {
  return consonants.charAt(index >> 2) + vowels.charAt(index & 3);
}

const numbers: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 1024 }, (_, number) => [wordOf(number), number]),
);
