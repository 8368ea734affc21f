import { describe, expect, it } from 'vitest';
import { countedSpeech } from './counted-speech.ts';
import { halfHeardNumbers } from './half-words.ts';

const rateHz = 24_000;
const { samples } = countedSpeech({ firstNumber: 70, words: 3, rateHz });

describe('half words', () => {
  it('counts a word from its middle on, wherever the recording ends', () => {
    for (let endMs = 0; endMs < 3 * 260; endMs += 1) {
      const inWordMs = endMs % 260;
      // To the millisecond it is decided by the fade at a word's beginning.
      if (inWordMs >= 89 && inWordMs <= 92) continue;
      const words = Math.floor(endMs / 260) + (inWordMs > 90 ? 1 : 0);
      const heard = halfHeardNumbers(samples.slice(0, endMs * 24), rateHz, 70);
      expect(heard, `ends at ${endMs} ms`).toEqual(Array.from({ length: words }, (_, i) => 70 + i));
    }
  });
});
