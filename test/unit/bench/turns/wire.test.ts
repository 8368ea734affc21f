import { describe, expect, test } from 'vitest';
import type { AgentSound } from '../../../../bench/turns/gateway/dialogue-gateway.ts';
import { KnownSound } from '../../../../bench/turns/gateway/known-sound.ts';
import { LineWatch } from '../../../../bench/turns/gateway/line-watch.ts';
import { encodePcm16 } from '../../../../src/audio/pcm16.ts';

const tone = (hz: number): AgentSound => ({
  text: `${hz}`,
  delayMs: 300,
  samples: Float32Array.from(
    { length: 48_000 },
    (_, i) => 0.2 * Math.sin((2 * Math.PI * hz * i) / 24_000),
  ),
});
const answers = [tone(310), tone(530)];

/** Pieces of 20 ms of the second answer, with a gain for each. */
function piece(index: number, gain = 1): Float32Array {
  return answers[1]!.samples.slice(index * 480, (index + 1) * 480).map((sample) => sample * gain);
}

describe('a known sound', () => {
  test('is recognised by its first 100 ms, whatever its level', () => {
    const sound = new KnownSound(answers);
    for (let index = 0; index < 4; index += 1) sound.push(piece(index, 0.1));
    expect(sound.answer).toBeNull();
    const gains = sound.push(piece(4, 0.1));
    expect(sound.answer).toBe(answers[1]);
    expect(gains).toHaveLength(20);
    for (const gain of gains) expect(gain).toBeCloseTo(0.1, 5);
  });

  test('gives no gain where the original is silent', () => {
    const quiet = { ...answers[1]!, samples: answers[1]!.samples.slice() };
    quiet.samples.fill(0, 2_400);
    const sound = new KnownSound([quiet]);
    for (let index = 0; index < 5; index += 1) sound.push(piece(index));
    expect(sound.push(new Float32Array(480))).toEqual([]);
  });
});

describe('what is observed of the wire', () => {
  /** Plays pieces every 20 ms from 1,000 ms on, with the gain that belongs to each. */
  function heard(gains: readonly (number | null)[]): LineWatch {
    const watch = new LineWatch(answers);
    let sent = 0;
    for (const [tick, gain] of gains.entries()) {
      if (gain === null) continue;
      watch.audio('a', encodePcm16(piece(sent, gain)), 1_000 + tick * 20);
      sent += 1;
    }
    return watch;
  }
  const full = Array.from({ length: 10 }, () => 1);

  test('begins with the first sample', () => {
    const watch = heard(full);
    expect(watch.observed).toEqual([{ type: 'lineStarted', lineId: 'a', atMs: 1_000 }]);
    expect(watch.heardAt(1_059)).toBeNull();
    expect(watch.heardAt(1_160)).toEqual({
      lineId: 'a',
      startedAtMs: 1_060,
      lengthMs: 2_000,
      heardMs: 100,
    });
  });

  test('tells a lowered line from a full one', () => {
    const watch = heard([...full, 0.125, 0.125, 0.6, 1, 1]);
    expect(watch.observed.slice(1)).toEqual([
      { type: 'lowered', lineId: 'a', atMs: 1_200 },
      { type: 'resumed', lineId: 'a', atMs: 1_260 },
    ]);
  });

  test('takes a hole in paced audio for holding', () => {
    const watch = heard([...full, ...Array.from({ length: 15 }, () => null), 1]);
    expect(watch.observed.slice(1)).toEqual([
      { type: 'lowered', lineId: 'a', atMs: 1_200 },
      { type: 'resumed', lineId: 'a', atMs: 1_500 },
    ]);
  });

  test('ends a line when it was heard out', () => {
    const watch = heard(full);
    watch.over(false, 1_200);
    expect(watch.heardAt(1_259)).not.toBeNull();
    expect(watch.heardAt(1_260)).toBeNull();
    expect(watch.observed.at(-1)).toEqual({
      type: 'lineEnded',
      lineId: 'a',
      atMs: 1_260,
      cut: false,
    });
  });

  test('yields once, whoever says so first', () => {
    const watch = heard(full);
    watch.stop(1_190);
    watch.over(true, 1_195);
    expect(watch.observed.slice(1)).toEqual([
      { type: 'yielded', lineId: 'a', atMs: 1_190 },
      { type: 'lineEnded', lineId: 'a', atMs: 1_190, cut: true },
    ]);
  });

  test('does not take speech after the last sample for an interruption', () => {
    const watch = heard(full);
    watch.over(false, 1_200);
    watch.stop(1_300);
    expect(watch.observed.some(({ type }) => type === 'yielded')).toBe(false);
  });
});
