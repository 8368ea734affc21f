import type { WordTime } from '../../../src/ports/conversation.ts';
import { msToSamples, samplesToMs } from '../../../src/audio/format.ts';

/** Rate of everything a rehearsal says. */
export const speechRateHz = 24_000;

/** Words with their sound, ready to be sent piece by piece. */
export interface Speech {
  /** In order and not overlapping; a word's time is exact for the synthetic voice. */
  readonly words: readonly WordTime[];
  /** Length in samples at `speechRateHz`. */
  readonly samples: number;
  /** PCM16 of samples [from, to); new memory. `to` is not beyond `samples`. */
  read(fromSample: number, toSample: number): Uint8Array;
}

/** The words of a text as they are counted and timed: what stands between white space. */
export function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}

/** What a recording says. `pcm16` is shared by all lines that play it. */
export function recordedSpeech(
  pcm16: Uint8Array,
  text: string,
  words: readonly WordTime[] | null,
): Speech {
  const samples = Math.floor(pcm16.byteLength / 2);
  const lengthMs = samplesToMs(samples, speechRateHz);
  return {
    words: words ?? spread(wordsOf(text), lengthMs),
    samples,
    read: (fromSample, toSample) => pcm16.slice(fromSample * 2, toSample * 2),
  };
}

/** The first `count` words and nothing of the sound after them. */
export function firstWords(speech: Speech, count: number): Speech {
  const words = speech.words.slice(0, count);
  const endMs = words.at(-1)?.endMs ?? 0;
  return {
    words,
    samples: Math.min(speech.samples, msToSamples(endMs, speechRateHz)),
    read: (fromSample, toSample) => speech.read(fromSample, toSample),
  };
}

/** Words that had been heard for at least half their length at `heardMs`. */
export function wordsHeard(words: readonly WordTime[], heardMs: number): readonly WordTime[] {
  return words.filter((word) => (word.startMs + word.endMs) / 2 <= heardMs);
}

/** Word times by the letters of each word, where nobody measured them. */
function spread(words: readonly string[], lengthMs: number): readonly WordTime[] {
  const letters = words.reduce((sum, word) => sum + word.length, 0);
  let before = 0;
  return words.map((text) => {
    const startMs = (before / letters) * lengthMs;
    before += text.length;
    return { text, startMs, endMs: (before / letters) * lengthMs };
  });
}
