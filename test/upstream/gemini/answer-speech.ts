import { countedSpeech } from '../../ear/counted-speech.ts';
import { answerSound, bytesPerMs, countedSound, wordMs } from '../answer-sound.ts';
import type { ScriptedAnswer } from './options.ts';
import { lastNumber, type History } from './history.ts';

/** Rate of everything the model says, Hz. */
const outputRateHz = 24_000;
/** Bytes of a millisecond of it: 16 bit, mono. */
export const outputBytesPerMs = bytesPerMs('audio/pcm');

/** Something to say: words at their times, and their sound (pcm16, 24 kHz). */
export interface Speech {
  readonly words: readonly string[];
  readonly wordMs: number;
  readonly sound: Buffer;
  /** What is written for each word; `null`: the word, after a blank. */
  readonly deltas?: readonly string[] | undefined;
}

const countedWordMs = 260;

/** The speech of a scripted answer, in the light of what was said before. */
export function speechOf(answer: ScriptedAnswer, history: History): Speech {
  if ('sound' in answer) {
    return { ...wordsOf(answer.text), sound: answer.sound, deltas: answer.deltas };
  }
  if ('numbers' in answer) {
    const { numbers } = answer;
    const sound = countedSound(numbers, 'audio/pcm');
    return { words: numbers.map(String), wordMs: countedWordMs, sound };
  }
  if (!('count' in answer)) return wordsOf('text' in answer ? (answer.text ?? '') : '');
  const firstNumber = (lastNumber(history) ?? (answer.from ?? 1) - 1) + 1;
  const { numbers, samples } = countedSpeech({
    firstNumber,
    words: answer.count,
    rateHz: outputRateHz,
  });
  const sound = Buffer.alloc(samples.length * 2);
  for (const [i, sample] of samples.entries())
    sound.writeInt16LE(Math.round(sample * 32_767), i * 2);
  return { words: numbers.map(String), wordMs: countedWordMs, sound };
}

/** The first part of it. @param tokens of audio, 25 a second (vendor's count) */
export function shortened(speech: Speech, tokens: number): Speech {
  const lengthMs = tokens * 40;
  const words = Math.ceil(lengthMs / speech.wordMs);
  return {
    ...speech,
    words: speech.words.slice(0, words),
    sound: speech.sound.subarray(0, lengthMs * outputBytesPerMs),
  };
}

function wordsOf(text: string): Speech {
  const words = text.split(/\s+/).filter((word) => word !== '');
  return { words, wordMs, sound: answerSound(text, 'audio/pcm') };
}
