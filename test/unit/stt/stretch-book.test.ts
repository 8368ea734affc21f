import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StretchBook } from '../../../adapters/speech/stt/shared/stretch-book.ts';
import {
  cutSegment,
  joinTexts,
  type Segment,
} from '../../../adapters/speech/stt/shared/segment.ts';
import type { SpeechToTextEvent } from '../../../src/ports/speech-to-text.ts';

const limits = { finalTimeoutMs: 1500, quietMs: 700, slackMs: 50, leastMs: 0, wordTimes: true };

function bookOf(differing: object = {}): { book: StretchBook; events: SpeechToTextEvent[] } {
  const events: SpeechToTextEvent[] = [];
  const emit = (event: SpeechToTextEvent): void => void events.push(event);
  return { book: new StretchBook({ ...limits, ...differing, emit }), events };
}

/** Words of 100 ms each, the first one at `startMs`. */
function segment(text: string, startMs: number, settled: boolean): Segment {
  const words = text.split(' ').map((word, i) => ({
    text: word,
    startMs: startMs + 100 * i,
    endMs: startMs + 100 * i + 90,
    confidence: null,
  }));
  return { text, words, startMs, endMs: startMs + 100 * words.length, settled };
}

const finish = (finishId: number) => ({ kind: 'finish', finishId }) as const;
const finals = (events: readonly SpeechToTextEvent[]) =>
  events.filter((event) => event.type === 'final');

describe('a stretch book', () => {
  it('gathers several segments into one text, settled from the front', () => {
    const { book, events } = bookOf();
    book.pushed(1000);
    book.take(segment('I would', 0, true), 300);
    book.take(segment('like', 300, false), 400);
    expect(events.at(-1)).toMatchObject({ type: 'partial', text: 'I would like', settled: 7 });
    book.take(segment('like a tea.', 300, true), 700);
    expect(events.at(-1)).toMatchObject({ text: 'I would like a tea.', settled: 19 });
  });

  it('answers at once where all was heard before the finish', () => {
    const { book, events } = bookOf();
    book.pushed(1000);
    book.take(segment('yes', 100, true), 900);
    book.heard(980, 900);
    expect(book.close(finish(4), 1000)).toBe('through');
    expect(finals(events)).toMatchObject([{ finishId: 4, text: 'yes', complete: true }]);
    expect(book.wakeAtMs).toBeNull();
  });

  it('cuts a turn that runs on over a finish by the times of its words', () => {
    const { book, events } = bookOf();
    book.pushed(300);
    book.close(finish(1), 300);
    book.pushed(300);
    book.take(segment('one two three four five', 0, false), 500);
    expect(events.at(-1)).toMatchObject({ type: 'partial', text: 'four five' });
    book.tick(1800);
    expect(finals(events)).toMatchObject([{ finishId: 1, text: 'one two three', complete: false }]);
  });

  it('answers with what it has when it is not told more, and says so', () => {
    const { book, events } = bookOf();
    book.pushed(1000);
    book.take(segment('half a', 0, false), 500);
    book.close(finish(1), 1000);
    book.asked();
    expect(book.wakeAtMs).toBe(2500);
    book.tick(2500);
    expect(finals(events)).toMatchObject([{ text: 'half a', complete: false }]);
    book.flushed(1000, 2600);
    expect(finals(events)).toHaveLength(1);
  });

  it('never asks to be woken in the past', () => {
    const { book } = bookOf();
    book.pushed(1000);
    book.take(segment('half', 0, false), 0);
    book.close(finish(1), 0);
    book.pushed(100);
    book.close(finish(2), 10);
    book.tick(900);
    expect(book.wakeAtMs).toBeGreaterThan(900);
  });

  it('says what has to be heard again: from the last settled word on, and where to ask', () => {
    const { book } = bookOf();
    book.pushed(1000);
    book.take(segment('a b c', 0, true), 400);
    book.close(finish(1), 1000);
    book.pushed(500);
    book.disconnected();
    expect(book.reconnected(0, 1100)).toEqual({ fromMs: 300, endsMs: [1000] });
  });

  const anySegment = fc.record({
    words: fc.integer({ min: 1, max: 5 }),
    settled: fc.boolean(),
    step: fc.constantFrom('take', 'finish', 'discard', 'flushed', 'tick', 'reconnect', 'push'),
    ms: fc.integer({ min: 20, max: 900 }),
  });

  it('tells a hole where the connection went in a turn and nobody heard it again', () => {
    const { book, events } = bookOf();
    book.pushed(1000);
    book.take(segment('five hundred', 0, false), 500);
    book.close(finish(1), 1000);
    book.disconnected();
    book.tick(2500);
    expect(finals(events)).toMatchObject([{ text: 'five hundred', complete: false, hole: true }]);
    // One that is late is no hole.
    const late = bookOf();
    late.book.pushed(1000);
    late.book.take(segment('five hundred', 0, false), 500);
    late.book.close(finish(1), 1000);
    late.book.tick(2500);
    expect(finals(late.events)).toMatchObject([{ complete: false }]);
    expect(finals(late.events)[0]).not.toHaveProperty('hole');
  });

  it('tells a hole where it was asked and never heard from again, and none where nothing was said', () => {
    const silent = bookOf();
    silent.book.pushed(1000);
    silent.book.close(finish(1), 1000);
    silent.book.tick(1700);
    expect(finals(silent.events)).toMatchObject([{ text: '', complete: false, hole: true }]);
    const answered = bookOf();
    answered.book.pushed(1000);
    answered.book.close(finish(1), 1000);
    answered.book.asked();
    answered.book.flushed(1000, 1300);
    expect(finals(answered.events)[0]).not.toHaveProperty('hole');
    // What is hardly any audio is answered by nobody.
    const short = bookOf();
    short.book.pushed(1000);
    short.book.heard(900, 950);
    short.book.close(finish(1), 1000);
    short.book.tick(1700);
    expect(finals(short.events)[0]).not.toHaveProperty('hole');
  });

  it('[property] one final for each finish, in order and in time; settled text stays', () => {
    fc.assert(
      fc.property(fc.array(anySegment, { maxLength: 60 }), (steps) => {
        const { book, events } = bookOf();
        const asked = new Map<number, number>();
        /** Places in the events at which another stretch begins. */
        const begins = new Set<number>();
        let nowMs = 0;
        let atMs = 0;
        for (const { words, settled, step, ms } of steps) {
          nowMs += ms;
          const wakeMs = book.wakeAtMs;
          if (wakeMs !== null && wakeMs <= nowMs) book.tick(nowMs);
          if (step === 'finish' || step === 'discard') begins.add(events.length);
          if (step === 'push') book.pushed(ms);
          else if (step === 'finish') {
            asked.set(asked.size + 1, nowMs);
            if (book.close(finish(asked.size), nowMs) === 'ask') book.asked();
          } else if (step === 'discard') book.close({ kind: 'discard' }, nowMs);
          else if (step === 'flushed') book.flushed(book.endMs, nowMs);
          else if (step === 'reconnect') book.reconnected(0, nowMs);
          else if (step === 'take') {
            book.take(segment(Array(words).fill('w').join(' '), atMs, settled), nowMs);
            if (settled) atMs += 100 * words;
          }
          for (const [id, sinceMs] of asked) {
            if (nowMs <= sinceMs + limits.finalTimeoutMs + ms) continue;
            expect(finals(events).some((one) => one.finishId === id)).toBe(true);
          }
        }
        book.tick(nowMs + 20_000);
        expect(finals(events).map((one) => one.finishId)).toEqual([...asked.keys()]);
        expect(book.wakeAtMs).toBeNull();
        let settledText = '';
        for (const [place, event] of events.entries()) {
          if (begins.has(place)) settledText = '';
          if (event.type !== 'partial') continue;
          expect(event.text.startsWith(settledText)).toBe(true);
          expect(event.settled).toBeGreaterThanOrEqual(settledText.length);
          settledText = event.text.slice(0, event.settled);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('segments', () => {
  it('keep the vendor’s text where nothing is cut off, and are cut by words otherwise', () => {
    const whole = { ...segment('hi there', 0, true), text: 'Hi, there!' };
    expect(cutSegment(whole, 0, 1000)?.text).toBe('Hi, there!');
    expect(cutSegment(whole, 100, 1000)?.text).toBe('there');
    expect(cutSegment(whole, 300, 1000)).toBeNull();
  });

  it('are joined by a space, but not in scripts without', () => {
    expect(joinTexts([{ text: 'a' }, { text: '' }, { text: ' b ' }])).toBe('a b');
    expect(joinTexts([{ text: '你好' }, { text: '世界' }])).toBe('你好世界');
  });
});
