import { describe, expect, it } from 'vitest';
import { LineText } from '../../../src/call/line-text.ts';

const words = [
  { text: 'One', startMs: 0, endMs: 200 },
  { text: 'two', startMs: 250, endMs: 450 },
  { text: 'three', startMs: 500, endMs: 900 },
];

describe('line text with word times', () => {
  it('counts a word as heard when half of it was played', () => {
    const text = new LineText();
    text.append('One two three', words);
    expect(text.exact).toBe(true);
    expect(text.heard(99, 900)).toBe('');
    expect(text.heard(100, 900)).toBe('One');
    expect(text.heard(349, 900)).toBe('One');
    expect(text.heard(350, 900)).toBe('One two');
    expect(text.heard(699, 900)).toBe('One two');
    expect(text.heard(700, 900)).toBe('One two three');
  });

  it('keeps spaces and punctuation with the word they follow', () => {
    const text = new LineText();
    text.append('One, ', [words[0]!]);
    text.append('two!', [words[1]!]);
    expect(text.text).toBe('One, two!');
    expect(text.heard(200, 450)).toBe('One,');
    expect(text.heard(450, 450)).toBe('One, two!');
  });

  it('may be stopped between words, close behind the one before', () => {
    const text = new LineText();
    text.append('One two three', words);
    // 50 ms lie between two words: a breath of 20 at most, and never past the middle.
    for (const inOne of [1, 100, 199, 200]) expect(text.pauseAfter(inOne)).toBe(220);
    expect(text.pauseAfter(240)).toBe(245);
    expect(text.pauseAfter(250)).toBe(250);
    expect(text.pauseAfter(251)).toBe(470);
    expect(text.pauseAfter(0)).toBe(0);
    expect(text.pauseAfter(600)).toBe(900);
    expect(text.pauseAfter(900)).toBe(900);
  });

  it('has no known place to stop beyond its words, before them, or without times', () => {
    const text = new LineText();
    expect(text.pauseAfter(0)).toBeNull();
    text.append('One two three', words);
    expect(text.pauseAfter(901)).toBeNull();
    text.append(' four', null);
    expect(text.pauseAfter(100)).toBeNull();
  });

  it('takes white space without times', () => {
    const text = new LineText();
    text.append('One', [words[0]!]);
    text.append(' ', null);
    text.append('two', [words[1]!]);
    expect(text.exact).toBe(true);
    expect(text.heard(400, 450)).toBe('One two');
  });

  it('is not exact when a word cannot be placed', () => {
    const lost = new LineText();
    lost.append('One two', [words[2]!]);
    expect(lost.exact).toBe(false);
    const backwards = new LineText();
    backwards.append('One', [{ text: 'One', startMs: 200, endMs: 100 }]);
    expect(backwards.exact).toBe(false);
    const partly = new LineText();
    partly.append('One', [words[0]!]);
    partly.append(' and more', null);
    expect(partly.exact).toBe(false);
    expect(partly.heard(900, 900)).toBe('One and more');
  });
});

describe('line text without word times', () => {
  it('estimates by proportion and never splits a word', () => {
    const text = new LineText();
    text.append('aaaa bbbb ', null);
    text.append('cccc dddd', null);
    expect(text.exact).toBe(false);
    expect(text.heard(0, 1900)).toBe('');
    expect(text.heard(199, 1900)).toBe('');
    expect(text.heard(200, 1900)).toBe('aaaa');
    expect(text.heard(699, 1900)).toBe('aaaa');
    expect(text.heard(700, 1900)).toBe('aaaa bbbb');
    expect(text.heard(1900, 1900)).toBe('aaaa bbbb cccc dddd');
  });

  it('has nothing heard while there is no audio', () => {
    const text = new LineText();
    text.append('not a word of this was played', null);
    expect(text.heard(0, 0)).toBe('');
  });
});
