import { expect, test } from 'vitest';
import { writtenPosition } from '../../../../../../adapters/backends/cascade/text/mapped-text.ts';
import { speak } from './speaking.ts';

/** What a caller has been told, as it was written, when so much of the spoken text was heard. */
const heard = (written: string, spokenPart: string): string => {
  const { text, spans } = speak(written);
  expect(text.startsWith(spokenPart)).toBe(true);
  return written.slice(0, writtenPosition(spans, spokenPart.length));
};

test('plain words are heard letter by letter', () => {
  expect(heard('We have two rooms.', 'We have two')).toBe('We have two');
});

test('a number counts as heard when half of its words were', () => {
  expect(heard('It costs $1,250.50 today.', 'It costs one thousand')).toBe('It costs ');
  expect(
    heard('It costs $1,250.50 today.', 'It costs one thousand two hundred fifty dollars'),
  ).toBe('It costs $1,250.50');
});

test('markup before a heard word is passed over', () => {
  expect(heard('It is **very** good', 'It is very')).toBe('It is **very');
  expect(heard('See [our page](https://x.example) now', 'See our page now')).toBe(
    'See [our page](https://x.example) now',
  );
});

test('the spans cover what is spoken, in order', () => {
  const { text, spans } = speak('On **May 3**, call +49 30 1234567: <b>5</b> km &  more.');
  let at = 0;
  for (const { spokenStart, spokenEnd } of spans) {
    expect(spokenStart).toBe(at);
    at = spokenEnd;
  }
  expect(at).toBe(text.length);
});
