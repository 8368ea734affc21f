import { describe, expect, it } from 'vitest';
import { fc, test } from '@fast-check/vitest';
import { WordTimes } from '../../../adapters/backends/cascade/word-times.ts';
import { pronunciations } from '../../../adapters/backends/cascade/text/pronunciation.ts';
import { noStyles } from '../../../adapters/backends/cascade/text/style-tags.ts';
import { verbalise } from '../../../adapters/backends/cascade/text/verbalise.ts';
import type { WordTime } from '../../../src/ports/conversation.ts';

function piece(clause: string) {
  const options = { language: 'en', dictionary: pronunciations([]), voiceStyles: {} };
  const { text, spans } = verbalise({ text: clause, kind: 'paragraph' }, options, noStyles);
  return { written: ` ${clause}`, offset: 1, spoken: text, spans };
}

/** Each spoken word 100 ms, without a pause. */
function spokenWords(spoken: string): WordTime[] {
  return (spoken.match(/\S+/gu) ?? []).map((text, index) => ({
    text,
    startMs: index * 100,
    endMs: (index + 1) * 100,
  }));
}

describe('times of written words', () => {
  it('are those of all the words that say them', () => {
    const made = piece('Pay $12 now.');
    const times = new WordTimes(made);
    expect(made.spoken).toBe('Pay twelve dollars now.');
    for (const word of spokenWords(made.spoken)) times.take(word);
    expect(times.complete).toBe(true);
    expect(times.ready(0)).toEqual({
      delta: ' Pay $12 now.',
      words: [
        { text: 'Pay', startMs: 0, endMs: 100 },
        { text: '$12', startMs: 100, endMs: 300 },
        { text: 'now.', startMs: 300, endMs: 400 },
      ],
    });
    expect(times.finish(0, null)).toBeNull();
  });

  it('come as far as they are known', () => {
    const made = piece('Pay $12 now.');
    const times = new WordTimes(made);
    const [pay, twelve, dollars] = spokenWords(made.spoken);
    times.take(pay!);
    times.take(twelve!);
    expect(times.ready(0)?.delta).toBe(' Pay');
    expect(times.ready(0)).toBeNull();
    times.take(dollars!);
    expect(times.ready(0)?.delta).toBe(' $12');
    // The rest lies between what is known and the end of the audio.
    expect(times.finish(0, 460)).toEqual({
      delta: ' now.',
      words: [{ text: 'now.', startMs: expect.closeTo(320, -2) as number, endMs: 460 }],
    });
  });

  it('are spread over the audio where the voice tells none', () => {
    const times = new WordTimes(piece('four by four by'));
    expect(times.finish(1000, 2500)?.words).toEqual([
      { text: 'four', startMs: 1000, endMs: 1400 },
      { text: 'by', startMs: 1500, endMs: 1700 },
      { text: 'four', startMs: 1800, endMs: 2200 },
      { text: 'by', startMs: 2300, endMs: 2500 },
    ]);
  });

  it('survive a voice that spells its words otherwise', () => {
    const times = new WordTimes(piece('Dial now, please.'));
    times.take({ text: 'DIAL', startMs: 0, endMs: 200 });
    times.take({ text: 'naow', startMs: 200, endMs: 400 });
    times.take({ text: 'please', startMs: 500, endMs: 700 });
    expect(times.ready(0)?.words.map(({ startMs }) => startMs)).toEqual([0, 200, 500]);
  });

  const fragments = ['$4.50', 'well,', '**bold**', '12', 'Dr.', '😀', 'tea', 'a@b.com', '–', 'no.'];

  test.prop([
    fc.array(fc.constantFrom(...fragments), { minLength: 1, maxLength: 12 }),
    fc.integer({ min: 0, max: 30 }),
    fc.integer({ min: 1, max: 4 }),
  ])('lose no text, keep order and give every written word a time', (parts, told, batch) => {
    const made = piece(parts.join(' '));
    const times = new WordTimes(made);
    const words = spokenWords(made.spoken).slice(0, told);
    const texts = words.map((word, index) => {
      times.take(word);
      return index % batch === 0 ? times.ready(0) : null;
    });
    texts.push(times.finish(0, 5000));
    expect(texts.map((text) => text?.delta ?? '').join('')).toBe(made.written);
    const timed = texts.flatMap((text) => text?.words ?? []);
    expect(timed.map(({ text }) => text)).toEqual(made.written.trim().split(/\s+/u));
    let endMs = 0;
    for (const word of timed) {
      expect(word.startMs).toBeGreaterThanOrEqual(endMs);
      expect(word.endMs).toBeGreaterThanOrEqual(word.startMs);
      endMs = word.endMs;
    }
  });
});
