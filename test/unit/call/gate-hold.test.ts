import { describe, expect, it } from 'vitest';
import { LineHold, type LinePiece } from '../../../src/call/gate-hold.ts';
import type { LineTiming } from '../../../src/call/gate-cover.ts';
import { compileRule } from '../../../src/gate/rules.ts';
import type { WordTime } from '../../../src/ports/conversation.ts';

const rules = [
  compileRule({ kind: 'phrases', name: 'promise', phrases: ['guarantee a refund'] }),
  compileRule({ kind: 'pattern', name: 'card', pattern: 'card' }),
];
const format = { codec: 'pcm16', rateHz: 24_000 } as const;
const audio = (ms: number): Uint8Array => new Uint8Array(ms * 48);

function holdOf(timing: LineTiming, holdBackMs = 200): LineHold {
  return new LineHold({ rules, timing, holdBackMs, format });
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
      hold.pushText(` ${each}`, null);
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
    hold.pushText('Your room is four one', null);
    hold.pushAudio(audio(2_000), 0);
    released(hold, 0);
    expect(released(hold, 1_000)).toBe(0);
    hold.pushText(' on the left.', null);
    expect(released(hold, 1_000)).toBeGreaterThan(0);
    expect(hold.heldMs).toBe(0);
  });

  it('is waited for no longer than it takes to say one', () => {
    const hold = holdOf('loose');
    hold.pushText('four one', null);
    hold.pushAudio(audio(1_000), 0);
    released(hold, 0);
    expect(hold.wakeAtMs).toBe(8_000);
    expect(released(hold, 7_999)).toBe(0);
    expect(released(hold, 8_000)).toBeGreaterThan(0);
  });
});

describe('a line that somebody else hears', () => {
  it('stops at what is heard, though its own text has not come', () => {
    const hold = holdOf('words', 400);
    hold.pushAudio(audio(3_000), 0);
    hold.overhear('Of course I');
    const before = released(hold, 100);
    expect(before).toBeGreaterThan(100);
    hold.overhear('Of course I guarantee a');
    expect(released(hold, 700)).toBeLessThan(200);
    hold.overhear('Of course I guarantee a refund today');
    expect(hold.hitRule).toBe('promise');
    expect(released(hold, 5_000)).toBe(0);
  });

  it('is given what was only taken for something else', () => {
    const hold = holdOf('words', 200);
    hold.pushAudio(audio(1_000), 0);
    hold.overhear('four one');
    expect(released(hold, 300)).toBe(0);
    hold.overhear('for one night');
    expect(released(hold, 300)).toBe(1_000);
  });
});

describe('a line whose text is known ahead', () => {
  it('ends where a number begins whose text comes only after its sound', () => {
    const hold = holdOf('paired', 0);
    hold.pushAhead('Here it is: 4111-1111-1111-1111. Thank you.');
    hold.pushText('Here it is:', [
      word('Here', 0, 300),
      word('it', 300, 600),
      word('is:', 600, 900),
    ]);
    hold.pushAudio(audio(5_700), 0);
    expect(hold.hitRule).toBe(null);
    expect(released(hold, 0)).toBe(900);
    hold.pushText(' 4111-1111-1111-1111.', [word('4111-1111-1111-1111.', 900, 5_700)]);
    expect(hold.hitRule).toBe('card');
    expect(hold.cleanMs).toBe(900);
    expect(released(hold, 9_000)).toBe(0);
  });

  it('gives no sound before it is known what that says, where its beginning may not be said', () => {
    const hold = holdOf('paired', 0);
    hold.pushAhead('4111-1111-1111-1111 it is. Thank you.');
    hold.pushAudio(audio(3_000), 0);
    expect(released(hold, 0)).toBe(0);
  });

  it('gives as much sound as is surely before it', () => {
    const hold = holdOf('paired', 0);
    hold.pushAhead('We have found all of it for you today: 4111-1111-1111-1111.');
    hold.pushAudio(audio(3_000), 0);
    const first = released(hold, 0);
    expect(first).toBeGreaterThan(300);
    expect(first).toBeLessThan(1_300);
  });

  it('waits for nothing', () => {
    const hold = holdOf('paired', 0);
    hold.pushAhead('I can not guarantee a');
    hold.pushAhead(' seat, four one six.');
    hold.pushText('I can not guarantee a', null);
    hold.pushAudio(audio(1_000), 0);
    expect(released(hold, 0)).toBe(1_000);
    hold.pushText(' seat, four one six.', null);
    hold.pushAudio(audio(1_500), 0);
    expect(released(hold, 0)).toBeGreaterThan(0);
    hold.end();
    expect(released(hold, 0)).toBeGreaterThan(0);
    expect(hold.empty).toBe(true);
  });

  it('is judged by what it says where that is something else', () => {
    const hold = holdOf('paired', 0);
    hold.pushAhead('All is well.');
    hold.pushText('I guarantee a refund, ', null);
    hold.pushAudio(audio(1_000), 0);
    expect(hold.hitRule).toBe('promise');
  });
});
