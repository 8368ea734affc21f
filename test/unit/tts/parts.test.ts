import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlushBudget } from '../../../adapters/speech/tts/deepgram/flush-budget.ts';
import { SessionPositions } from '../../../adapters/speech/tts/deepgram/session-positions.ts';
import { AlignedWords } from '../../../adapters/speech/tts/elevenlabs/aligned-words.ts';
import { zeroCounters } from '../../../adapters/speech/tts/shared/counters.ts';
import { voiceUrl } from '../../../adapters/speech/tts/shared/options.ts';
import { StallTimer } from '../../../adapters/speech/tts/shared/stall-timer.ts';
import { WholeSamples } from '../../../adapters/speech/tts/shared/whole-samples.ts';
import { WordBook } from '../../../adapters/speech/tts/shared/word-book.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

describe('WholeSamples', () => {
  test('bytes cut anywhere come out in order and whole', () => {
    const cuts = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 30 });
    fc.assert(
      fc.property(cuts, (pieces) => {
        const counters = zeroCounters();
        const samples = new WholeSamples(counters);
        const out = pieces.map((piece) => samples.take(piece));
        samples.end();
        const all = Buffer.concat(pieces);
        const isOdd = all.byteLength % 2;
        expect(out.every((piece) => piece.byteLength % 2 === 0)).toBe(true);
        expect(Buffer.concat(out)).toEqual(all.subarray(0, all.byteLength - isOdd));
        expect(counters.bytesDropped).toBe(isOdd);
      }),
    );
  });

  test('whole pieces are not copied', () => {
    const piece = new Uint8Array(4);
    expect(new WholeSamples(zeroCounters()).take(piece)).toBe(piece);
  });
});

describe('WordBook', () => {
  const word = (text: string): { text: string; startMs: number; endMs: number } => ({
    text,
    startMs: 0,
    endMs: 1,
  });
  const ids = (book: WordBook, ...texts: string[]): unknown =>
    book.take(texts.map(word)).map(({ pieceId, words }) => [pieceId, words.length]);

  test('words go to their pieces by counting', () => {
    const book = new WordBook();
    book.add(4, ' one  two ');
    book.add(5, '   ');
    book.add(7, 'three');
    expect(ids(book, 'one')).toEqual([[4, 1]]);
    expect(ids(book, 'two', 'three')).toEqual([
      [4, 1],
      [7, 1],
    ]);
    expect(ids(book, 'four', 'five')).toEqual([[null, 2]]);
    expect(ids(book)).toEqual([]);
  });
});

describe('AlignedWords', () => {
  const alignment = (
    text: string,
    startMs = 0,
  ): { chars: string[]; charStartTimesMs: number[]; charDurationsMs: number[] } => {
    const chars = Array.from(text);
    return {
      chars,
      charStartTimesMs: chars.map((_, place) => startMs + place * 10),
      charDurationsMs: chars.map(() => 10),
    };
  };

  test('a word may come in two messages, each with times of its own', () => {
    const words = new AlignedWords(false);
    expect(words.take(alignment('I am fi'), 1000)).toEqual([
      { text: 'I', startMs: 1000, endMs: 1010 },
      { text: 'am', startMs: 1020, endMs: 1040 },
    ]);
    expect(words.take(alignment('ne. '), 1070)).toEqual([
      { text: 'fine.', startMs: 1050, endMs: 1100 },
    ]);
    expect(words.end()).toEqual([]);
  });

  test('the last word needs no space behind it', () => {
    const words = new AlignedWords(false);
    expect(words.take(alignment('end'), 0)).toEqual([]);
    expect(words.end()).toEqual([{ text: 'end', startMs: 0, endMs: 30 }]);
  });

  test('tags are no words, where there can be tags', () => {
    const tagged = '[very sad] oh';
    expect(new AlignedWords(true).take(alignment(`${tagged} `), 0)).toEqual([
      { text: 'oh', startMs: 110, endMs: 130 },
    ]);
    const plain = new AlignedWords(false).take(alignment(`${tagged} `), 0);
    expect(plain.map(({ text }) => text)).toEqual(['[very', 'sad]', 'oh']);
  });

  test('missing times are none', () => {
    const words = new AlignedWords(false);
    const bare = { chars: ['a', ' '], charStartTimesMs: [], charDurationsMs: [] };
    expect(words.take(bare, 5)).toEqual([{ text: 'a', startMs: 5, endMs: 5 }]);
  });
});

describe('StallTimer', () => {
  test('tells once, when nothing put it off in time', () => {
    const clock = new ManualClock();
    const toldAtMs: number[] = [];
    const timer = new StallTimer(clock, () => toldAtMs.push(clock.nowMs()));
    timer.within(100);
    clock.advance(90);
    timer.within(100);
    clock.advance(90);
    timer.within(20);
    clock.advance(500);
    expect(toldAtMs).toEqual([200]);
    expect(clock.pending).toBe(0);
    timer.within(10);
    timer.cancel();
    clock.advance(100);
    expect(toldAtMs).toEqual([200]);
  });
});

describe('SessionPositions', () => {
  test('turns lie behind each other, an interrupted one as far as it was heard', () => {
    const positions = new SessionPositions();
    positions.turnDone(1000);
    expect(positions.interruptAt(200)).toBe(1200);
    positions.interrupted(1200);
    expect(positions.interruptAt(0)).toBeNull();
    expect(positions.interruptAt(null)).toBeNull();
    expect(positions.interruptAt(0.6)).toBe(1201);
    positions.interrupted(null);
    expect(positions.interruptAt(10)).toBe(1210);
  });
});

describe('FlushBudget', () => {
  test('keeps some for what must not wait, and one for the end', () => {
    const budget = new FlushBudget();
    for (let flush = 0; flush < 15; flush += 1) {
      expect(budget.allowsPiece(flush)).toBe(true);
      budget.spend(flush);
    }
    expect(budget.allowsPiece(100)).toBe(false);
    for (let flush = 0; flush < 4; flush += 1) {
      expect(budget.allowsUrgent(100)).toBe(true);
      budget.spend(100);
    }
    expect(budget.allowsUrgent(100)).toBe(false);
    expect(budget.urgentAtMs(100)).toBe(60_000);
    expect(budget.allowsUrgent(60_000)).toBe(true);
    expect(budget.urgentAtMs(60_000)).toBe(60_000);
  });
});

describe('an address', () => {
  test.each(['wss://user:pw@host/', 'wss://host/?api_key=k', 'https://host/', 'host'])(
    'may not be %s',
    (text) => expect(voiceUrl.safeParse(text).success).toBe(false),
  );
  test('may be anywhere else', () => {
    expect(voiceUrl.parse('ws://127.0.0.1:80/x')).toBe('ws://127.0.0.1:80/x');
  });
});
