import { encodePcm16 } from '../../../src/audio/pcm16.ts';
import { countedSpeech } from '../../ear/counted-speech.ts';

/**
 * A voice for known sentences: every word of a call's sentences has a number of its own, and sounds as
 * that number of counted speech. What a recording holds of them is then known word for word.
 */
export interface SaidWords {
  /** Number of the first word of each sentence. */
  readonly firsts: readonly number[];
  /** All words, by their number. */
  readonly words: readonly string[];
  /** A sentence's sound: PCM16 at this rate, 300 ms a word. */
  sound(sentence: number, rateHz: number): Uint8Array;
  /** The sound of any text: words that stand in no sentence sound as `unknownNumber`. */
  speak(text: string, rateHz: number): Uint8Array;
}

/** How a word sounds that stands in no sentence. */
export const unknownNumber = 1023;
/** Length of a word with the silence after it, ms. */
export const saidWordMs = 300;

export function saidWords(sentences: readonly (readonly string[])[]): SaidWords {
  const firsts: number[] = [];
  const words: string[] = [];
  for (const sentence of sentences) {
    firsts.push(words.length);
    words.push(...sentence);
  }
  const known = new Map<string, number>();
  for (const [number, word] of words.entries()) {
    if (!known.has(plain(word))) known.set(plain(word), number);
  }
  const sounds = (numbers: readonly number[], rateHz: number): Uint8Array =>
    Buffer.concat(numbers.map((number) => wordSound(number, rateHz)));
  return {
    firsts,
    words,
    sound: (sentence, rateHz) => {
      const first = firsts[sentence]!;
      return sounds(
        Array.from(sentences[sentence]!, (_, place) => first + place),
        rateHz,
      );
    },
    speak: (text, rateHz) => {
      const spoken = text.split(/\s+/).filter((word) => plain(word) !== '');
      return sounds(
        spoken.map((word) => known.get(plain(word)) ?? unknownNumber),
        rateHz,
      );
    },
  };
}

function wordSound(firstNumber: number, rateHz: number): Uint8Array {
  const { samples } = countedSpeech({ firstNumber, words: 1, rateHz });
  const padded = new Float32Array((saidWordMs * rateHz) / 1000);
  padded.set(samples);
  return encodePcm16(padded);
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
