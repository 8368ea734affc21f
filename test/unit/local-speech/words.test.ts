import { fc, test as propertyTest } from '@fast-check/vitest';
import { expect, test } from 'vitest';

import { sentenceCase, wordsOf } from '../../../adapters/speech/local/sherpa-stt/words.ts';

test('tokens with a space before them begin words', () => {
  const result = {
    tokens: [' HE', 'LLO', ' WORLD', '▁AGAIN'],
    timestamps: [0.2, 0.28, 0.6, 0.68],
    ys_probs: [-0.1, -0.3, 0, -1],
  };
  expect(wordsOf(result, 1000)).toEqual([
    { text: 'hello', startMs: 1200, endMs: 1440, confidence: Math.exp(-0.2) },
    { text: 'world', startMs: 1600, endMs: 1680, confidence: 1 },
    { text: 'again', startMs: 1680, endMs: 1840, confidence: Math.exp(-1) },
  ]);
});

test('without probabilities there is no confidence', () => {
  const [word] = wordsOf({ tokens: ['hi'], timestamps: [0] }, 0);
  expect(word).toEqual({ text: 'hi', startMs: 0, endMs: 160, confidence: null });
});

test.each([
  ['HELLO THERE', 'hello there'],
  ['Hello NATO', 'Hello NATO'],
  ['', ''],
])('%j is told as %j', (text, told) => expect(sentenceCase(text)).toBe(told));

const token = fc.tuple(
  fc.boolean(),
  fc.stringMatching(/^[a-z]{1,4}$/),
  fc.integer({ min: 0, max: 30 }),
);

propertyTest.prop([fc.array(token), fc.integer({ min: 0, max: 1e6 })])(
  'no letter is lost, words are in order and do not overlap',
  (tokens, originMs) => {
    let at = 0;
    const timestamps = tokens.map(([, , steps]) => (at += steps * 0.04));
    const texts = tokens.map(([begins, text]) => (begins ? ` ${text}` : text));
    const words = wordsOf({ tokens: texts, timestamps }, originMs);
    expect(words.map(({ text }) => text).join('')).toBe(tokens.map(([, text]) => text).join(''));
    for (const [index, word] of words.entries()) {
      expect(word.startMs).toBeGreaterThanOrEqual(words[index - 1]?.endMs ?? originMs);
      expect(word.endMs).toBeGreaterThanOrEqual(word.startMs);
    }
  },
);
