import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { LineHold, type LineHoldOptions, type LinePiece } from '../../../src/call/gate-hold.ts';
import type { LineTiming } from '../../../src/call/gate-cover.ts';
import { compileRule } from '../../../src/gate/rules.ts';
import type { WordTime } from '../../../src/ports/conversation.ts';

const rules = [
  compileRule({ kind: 'phrases', name: 'promise', phrases: ['guarantee a refund'] }),
  compileRule({ kind: 'pattern', name: 'card', pattern: 'card' }),
];
const format = { codec: 'pcm16', rateHz: 24_000 } as const;
/** A tone: silence says nothing and is not waited with. */
const audio = (ms: number): Uint8Array =>
  new Uint8Array(Int16Array.from({ length: ms * 24 }, (_, at) => 4_000 * Math.sin(at / 8)).buffer);
const silence = (ms: number): Uint8Array => new Uint8Array(ms * 48);

function holdOf(timing: LineTiming, more: Partial<LineHoldOptions> = {}): LineHold {
  return new LineHold({
    rules,
    timing,
    holdBackMs: 200,
    onLateText: 'speak',
    format,
    ...more,
  });
}

/** Ms of audio that may go by now. */
function released(hold: LineHold, nowMs: number): number {
  const pieces: readonly LinePiece[] = [...hold.release(nowMs)];
  return pieces.reduce(
    (ms, piece) => ms + (piece.kind === 'audio' ? piece.bytes.length / 48 : 0),
    0,
  );
}

const word = (text: string, startMs: number, endMs: number): WordTime => ({ text, startMs, endMs });

describe('a number that is read out beside its text', () => {
  it('waits from its first digit on, in real time, until it is one', () => {
    const hold = holdOf('loose');
    let given = 0;
    // A word every 400 ms of call time, its text with its audio.
    const digits = 'four one one one one one one one one one one one one one one one'.split(' ');
    const words = ['It', 'is', ...digits, 'now'];
    let nowMs = 0;
    for (const each of words) {
      hold.pushText(` ${each}`, null, nowMs);
      hold.pushAudio(audio(400), nowMs);
      for (let ms = 0; ms < 400; ms += 50) {
        given += released(hold, nowMs + ms);
      }
      nowMs += 400;
    }
    expect(hold.hitRule).toBe('card');
    // The two words before it, and nothing of its digits.
    expect(given).toBeGreaterThan(200);
    expect(given).toBeLessThanOrEqual(800);
  });

  it('goes on at once when it is another number', () => {
    const hold = holdOf('loose');
    hold.pushText('Your room is four one', null, 0);
    hold.pushAudio(audio(2_000), 0);
    released(hold, 0);
    expect(released(hold, 1_000)).toBe(0);
    hold.pushText(' on the left.', null, 0);
    expect(released(hold, 1_000)).toBeGreaterThan(0);
    expect(hold.heldMs).toBe(0);
  });

  it('is waited for no longer than it takes to say one', () => {
    const hold = holdOf('loose');
    hold.pushText('four one', null, 0);
    hold.pushAudio(audio(1_000), 0);
    released(hold, 0);
    expect(hold.wakeAtMs).toBe(8_000);
    expect(released(hold, 7_999)).toBe(0);
    expect(released(hold, 8_000)).toBeGreaterThan(0);
  });
});

describe('a line that somebody else hears', () => {
  it('stops at what is heard, though its own text has not come', () => {
    const hold = holdOf('words', { holdBackMs: 400 });
    hold.pushAudio(audio(3_000), 0);
    hold.overhear({ text: 'Of course I', words: null }, 0);
    const before = released(hold, 100);
    expect(before).toBeGreaterThan(100);
    hold.overhear({ text: 'Of course I guarantee a', words: null }, 0);
    expect(released(hold, 700)).toBeLessThan(200);
    hold.overhear({ text: 'Of course I guarantee a refund today', words: null }, 0);
    expect(hold.hitRule).toBe('promise');
    expect(released(hold, 5_000)).toBe(0);
  });

  it('is given what was only taken for something else', () => {
    const hold = holdOf('words');
    hold.pushAudio(audio(1_000), 0);
    hold.overhear({ text: 'four one', words: null }, 0);
    expect(released(hold, 300)).toBe(0);
    hold.overhear({ text: 'for one night', words: null }, 0);
    expect(released(hold, 300)).toBe(1_000);
  });
});

describe('text that is late', () => {
  const late = { onLateText: 'hold' } as const;

  it('is waited for beyond the hold-back', () => {
    const hold = holdOf('loose', late);
    hold.pushText('Good morning to', null, 0);
    hold.pushAudio(audio(3_000), 0);
    // As much as three words are at the very least.
    expect(released(hold, 0)).toBe(360);
    hold.pushAudio(audio(100), 7_000);
    expect(released(hold, 7_999)).toBe(0);
    hold.pushText(' you, we guarantee a refund.', null, 7_999);
    expect(hold.hitRule).toBe('promise');
    expect(released(hold, 7_999)).toBeLessThanOrEqual(240);
    expect(released(hold, 20_000)).toBe(0);
  });

  it('is waited for eight seconds at most', () => {
    const hold = holdOf('loose', late);
    hold.pushAudio(audio(1_000), 0);
    expect(hold.wakeAtMs).toBe(8_000);
    expect(released(hold, 7_999)).toBe(0);
    expect(released(hold, 8_000)).toBe(1_000);
  });

  it('is not waited for where the text that is there is about as long', () => {
    const hold = holdOf('loose', late);
    hold.pushAudio(audio(900), 0);
    hold.pushAudio(audio(600), 0);
    hold.pushText('Good morning to you all', null, 100);
    expect(released(hold, 150)).toBe(570);
    // The first 900 ms are what such a text usually takes; the rest goes when nothing more comes.
    expect(released(hold, 200)).toBe(330);
    expect(hold.wakeAtMs).toBe(600);
    expect(released(hold, 599)).toBe(0);
    expect(released(hold, 600)).toBe(600);
  });

  it('is not given up because the process could not run', () => {
    const hold = holdOf('loose', late);
    hold.pushText('Good morning to you', null, 0);
    hold.pushAudio(audio(1_000), 0);
    released(hold, 0);
    hold.postpone(900);
    expect(hold.wakeAtMs).toBe(900);
    expect(released(hold, 899)).toBe(0);
  });

  it('does not keep silence: what comes before a word, and what is a pause', () => {
    const hold = holdOf('loose', late);
    hold.pushAudio(silence(300), 0);
    hold.pushAudio(audio(400), 0);
    hold.pushAudio(silence(1_000), 0);
    hold.pushAudio(audio(400), 0);
    expect(released(hold, 0)).toBe(300);
    hold.pushText('Good morning to you, dear', null, 0);
    // Five words take 600 ms: the first 400 of them, and 200 of a pause as long as those in words.
    expect(released(hold, 0)).toBe(400 + 1_000);
  });
});

describe('a line that somebody hears word by word', () => {
  const heard = (hold: LineHold, ...words: readonly WordTime[]): void =>
    hold.overhear({ text: words.map(({ text }) => text).join(' '), words }, 0);
  const late = { onLateText: 'hold' } as const;

  it('goes as far as it was heard, and to the end of the pause there', () => {
    const hold = holdOf('words', late);
    hold.pushAudio(audio(600), 0);
    hold.pushAudio(silence(400), 0);
    hold.pushAudio(audio(600), 0);
    expect(released(hold, 0)).toBe(0);
    heard(hold, word('Hello', 0, 300));
    expect(released(hold, 0)).toBe(300);
    // A recogniser's end of a word may be a little early.
    heard(hold, word('Hello', 0, 300), word('there', 320, 540));
    expect(released(hold, 0)).toBe(700);
    expect(released(hold, 7_999)).toBe(0);
  });

  it('stops before a word that may be the first of what is blocked', () => {
    const hold = holdOf('words', late);
    hold.pushAudio(audio(3_000), 0);
    heard(hold, word('We', 0, 300), word('guarantee', 320, 900), word('a', 900, 1_000));
    expect(released(hold, 500)).toBe(320);
    heard(hold, word('We', 0, 300), word('guarantee', 320, 900), word('a', 900, 1_000), word('seat', 1_000, 1_400)); // prettier-ignore
    expect(released(hold, 500)).toBe(1_400 - 320);
  });

  it('waits no longer than usual when nobody hears it any more', () => {
    const hold = holdOf('words', late);
    hold.pushAudio(audio(1_000), 0);
    expect(hold.wakeAtMs).toBe(8_000);
    hold.overhear(null, 0);
    expect(hold.wakeAtMs).toBe(200);
    expect(released(hold, 200)).toBe(1_000);
  });
});

interface Said {
  readonly text: string;
  /** Where its sound ends, ms. */
  readonly endMs: number;
}

describe('whatever a backend does', () => {
  const clean = ['Well', 'yes', 'today', 'we', 'have', 'everything', 'that', 'you', 'need', 'here'];
  const plants = ['guarantee a refund', 'four one one one one one one one one one one one one one one one']; // prettier-ignore
  const sentence = fc.record({
    before: fc.array(fc.constantFrom(...clean), { maxLength: 8 }),
    plant: fc.constantFrom(...plants),
    pace: fc.double({ min: 1, max: 1.3, noNaN: true }),
    factor: fc.double({ min: 0.9, max: 8, noNaN: true }),
    lags: fc.array(fc.double({ min: 0, max: 390, noNaN: true }), { minLength: 1, maxLength: 8 }),
    cut: fc.integer({ min: 0, max: 3 }),
  });

  it.prop([sentence], { numRuns: 40, endOnFailure: true })(
    'nothing of what is blocked goes as long as text comes within the hold-back of its sound',
    ({ before, plant, pace, factor, lags, cut }) => {
      const hold = holdOf('loose', { onLateText: 'hold', holdBackMs: 400 });
      const words: Said[] = [];
      for (const text of [...before, ...plant.split(' '), 'now', 'then']) {
        const lengthMs = Math.ceil((Math.max(280, text.length * 60) * pace) / 40) * 40;
        words.push({ text: ` ${text}`, endMs: (words.at(-1)?.endMs ?? 0) + lengthMs });
      }
      const cleanMs = words[before.length - 1]?.endMs ?? 0;
      const lengthMs = words.at(-1)!.endMs;
      const steps: { atMs: number; run: (nowMs: number) => void }[] = [];
      for (let atMs = 0; atMs < lengthMs; atMs += 40) {
        steps.push({ atMs: atMs / factor, run: (now) => hold.pushAudio(audio(40), now) });
      }
      let saidAtMs = 0;
      for (const [place, { text }] of words.entries()) {
        const startMs = (words[place - 1]?.endMs ?? 0) / factor;
        // Cut in the middle: what is left of a word comes with the next one.
        const rest = place === 0 ? '' : words[place - 1]!.text.slice(-cut || Infinity);
        const delta = rest + (place === words.length - 1 || cut === 0 ? text : text.slice(0, -cut));
        saidAtMs = Math.max(saidAtMs, startMs + lags[place % lags.length]!);
        steps.push({ atMs: saidAtMs, run: (now) => hold.pushText(delta, null, now) });
      }
      let givenMs = 0;
      let next = 0;
      steps.sort((a, b) => a.atMs - b.atMs);
      for (let nowMs = 0; nowMs < 30_000 && hold.hitRule === null; nowMs += 20) {
        for (; next < steps.length && steps[next]!.atMs <= nowMs; next += 1)
          steps[next]!.run(nowMs);
        givenMs += released(hold, nowMs);
      }
      expect(hold.hitRule).not.toBe(null);
      expect(givenMs).toBeLessThanOrEqual(cleanMs);
    },
  );
});

describe('a line whose text is known ahead', () => {
  it('ends where a number begins whose text comes only after its sound', () => {
    const hold = holdOf('paired', { holdBackMs: 0 });
    hold.pushAhead('Here it is: 4111-1111-1111-1111. Thank you.');
    hold.pushText(
      'Here it is:',
      [word('Here', 0, 300), word('it', 300, 600), word('is:', 600, 900)],
      0,
    );
    hold.pushAudio(audio(5_700), 0);
    expect(hold.hitRule).toBe(null);
    expect(released(hold, 0)).toBe(900);
    hold.pushText(' 4111-1111-1111-1111.', [word('4111-1111-1111-1111.', 900, 5_700)], 0);
    expect(hold.hitRule).toBe('card');
    expect(hold.cleanMs).toBe(900);
    expect(released(hold, 9_000)).toBe(0);
  });

  it('gives no sound before it is known what that says, where its beginning may not be said', () => {
    const hold = holdOf('paired', { holdBackMs: 0 });
    hold.pushAhead('4111-1111-1111-1111 it is. Thank you.');
    hold.pushAudio(audio(3_000), 0);
    expect(released(hold, 0)).toBe(0);
  });

  it('gives as much sound as is surely before it', () => {
    const hold = holdOf('paired', { holdBackMs: 0 });
    hold.pushAhead('We have found all of it for you today: 4111-1111-1111-1111.');
    hold.pushAudio(audio(3_000), 0);
    const first = released(hold, 0);
    expect(first).toBeGreaterThan(300);
    expect(first).toBeLessThan(1_300);
  });

  it('waits for nothing', () => {
    const hold = holdOf('paired', { holdBackMs: 0 });
    hold.pushAhead('I can not guarantee a');
    hold.pushAhead(' seat, four one six.');
    hold.pushText('I can not guarantee a', null, 0);
    hold.pushAudio(audio(1_000), 0);
    expect(released(hold, 0)).toBe(1_000);
    hold.pushText(' seat, four one six.', null, 0);
    hold.pushAudio(audio(1_500), 0);
    expect(released(hold, 0)).toBeGreaterThan(0);
    hold.end();
    expect(released(hold, 0)).toBeGreaterThan(0);
    expect(hold.empty).toBe(true);
  });

  it('is judged by what it says where that is something else', () => {
    const hold = holdOf('paired', { holdBackMs: 0 });
    hold.pushAhead('All is well.');
    hold.pushText('I guarantee a refund, ', null, 0);
    hold.pushAudio(audio(1_000), 0);
    expect(hold.hitRule).toBe('promise');
  });
});
