import { describe, expect, it } from 'vitest';
import { LineText } from '../../../src/call/line-text.ts';

/** A line of two clauses of equal length in writing, the second three times as long in sound. */
function twoClauses(): LineText {
  const text = new LineText();
  text.append('one two three four', null, 0);
  text.append(' five six seven eig', null, 1000);
  return text;
}

describe('text that comes right before its audio', () => {
  it('is heard by proportion within its own stretch of audio', () => {
    const text = twoClauses();
    expect(text.heard(0, 4000)).toBe('');
    expect(text.heard(500, 4000)).toBe('one two');
    expect(text.heard(1000, 4000)).toBe('one two three four');
    expect(text.heard(1400, 4000)).toBe('one two three four');
    expect(text.heard(2500, 4000)).toBe('one two three four five six');
    expect(text.heard(4000, 4000)).toBe('one two three four five six seven eig');
  });

  it('without anchors is spread over the whole line', () => {
    const text = new LineText();
    text.append('one two three four', null);
    text.append(' five six seven eig', null);
    expect(text.heard(1000, 4000)).toBe('one two');
    expect(text.heard(2000, 4000)).toBe('one two three four');
  });

  it('is spread over what there is of the audio while more of that is to come', () => {
    const text = twoClauses();
    // Of the second clause 200 ms have come: half of it counts as half of its words.
    expect(text.heard(900, 1200)).toBe('one two three four');
    expect(text.heard(1100, 1200)).toBe('one two three four five six');
  });

  it('that comes before any audio, or twice at one place, has one anchor', () => {
    const text = new LineText();
    text.append('one ', null, 0);
    text.append('two ', null, 0);
    text.append('three ', null, 600);
    text.append('four', null, 600);
    expect(text.heard(300, 1200)).toBe('one');
    expect(text.heard(599, 1200)).toBe('one two');
    expect(text.heard(600, 1200)).toBe('one two');
    expect(text.heard(1000, 1200)).toBe('one two three');
  });

  it('never goes back, and never says a word before its clause', () => {
    const text = twoClauses();
    let longest = '';
    for (let heardMs = 0; heardMs <= 4000; heardMs += 25) {
      const heard = text.heard(heardMs, 4000);
      expect(heard.startsWith(longest)).toBe(true);
      if (heardMs < 1000) expect('one two three four'.startsWith(heard)).toBe(true);
      longest = heard;
    }
  });

  it('does not matter where every word has a time', () => {
    const text = new LineText();
    text.append('one', [{ text: 'one', startMs: 0, endMs: 400 }], 0);
    text.append(' two', [{ text: 'two', startMs: 900, endMs: 1100 }], 400);
    expect(text.exact).toBe(true);
    expect(text.heard(950, 1100)).toBe('one');
    expect(text.heard(1000, 1100)).toBe('one two');
  });
});

describe('text of a line that breaks off within a sound', () => {
  const saidOf = (text: LineText, audioMs: number): string =>
    text.heard(audioMs, text.wholeMs(audioMs));

  it('goes on at the pace of the stretches before', () => {
    const text = twoClauses();
    // 18 characters a second: the last 19 take 1056 ms, of which 530 are here.
    expect(text.wholeMs(1530)).toBeCloseTo(2056, 0);
    expect(saidOf(text, 1530)).toBe('one two three four five six');
    expect(saidOf(text, 2100)).toBe('one two three four five six seven eig');
  });

  it('leaves out a word of which less than half is there', () => {
    const text = new LineText();
    text.append('one ', null, 0);
    text.append('two ', null, 240);
    text.append('six ', null, 480);
    expect(saidOf(text, 560)).toBe('one two');
    expect(saidOf(text, 660)).toBe('one two six');
  });

  it('that ran ahead of its audio is not said faster than anybody speaks', () => {
    const text = new LineText();
    text.append('one two three four five six seven eight', null);
    expect(saidOf(text, 1000)).toBe('one two three four');
    expect(saidOf(text, 1950)).toBe('one two three four five six seven eight');
  });

  it('that has times is said by them', () => {
    const text = new LineText();
    text.append('one', [{ text: 'one', startMs: 0, endMs: 300 }]);
    expect(text.wholeMs(200)).toBe(200);
    expect(saidOf(text, 200)).toBe('one');
  });
});
