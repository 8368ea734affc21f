import { describe, expect, it } from 'vitest';
import { answer } from '../../support/call-harness.ts';
import { setUp, type DownlinkRig } from './downlink-rig.ts';
import { viewInt16 } from '../../../src/audio/pcm16.ts';

/** Samples of 20 ms. */
const ramp = 480;

/** Largest difference from the answer under a gain, over samples [from, to). */
function offBy(bytes: Uint8Array, gain: number, from: number, to: number): number {
  const given = viewInt16(bytes.slice(from * 2, to * 2));
  const said = viewInt16(answer((to - from) / 24, from));
  return given.reduce(
    (most, sample, index) => Math.max(most, Math.abs(sample - Math.round(said[index]! * gain))),
    0,
  );
}

describe('a duck', () => {
  it('holds from the next sample given on, after a ramp of 20 ms, and is told with its place', () => {
    const { clock, downlink, track, bytesOf, logged } = setUp();
    downlink.pushAudio(track('a'), answer(2000));
    clock.advance(105);
    downlink.duck(-20, 40);
    expect(logged).toEqual([]);
    clock.advance(15);
    // 200 ms of lead, 100 played, given in packets of 20 ms.
    expect(logged).toEqual([
      { type: 'agent.ducked', lineId: 'a', atSample: 7200, gainDb: -20, onsetAtMs: 40, atMs: 120 },
    ]);
    clock.advance(500);
    const bytes = bytesOf('a');
    expect(offBy(bytes, 1, 0, 7200)).toBe(0);
    expect(offBy(bytes, 0.1, 7200 + ramp, 14_400)).toBe(0);
    expect(offBy(bytes, 1, 7200, 7200 + 24)).toBeLessThan(200);
    expect(offBy(bytes, 0.1, 7200 + ramp - 24, 7200 + ramp)).toBeLessThan(200);
    expect(logged).toHaveLength(1);
  });

  it('is undone by a resume, also in its ramp, and told only when it was heard', () => {
    const { clock, downlink, track, bytesOf, logged } = setUp();
    downlink.pushAudio(track('a'), answer(2000));
    downlink.duck(-18, null);
    downlink.resume();
    clock.advance(100);
    expect(logged).toEqual([]);
    downlink.duck(-18, null);
    clock.advance(20);
    downlink.resume();
    downlink.resume();
    clock.advance(3000);
    const bytes = bytesOf('a');
    expect(bytes.byteLength).toBe(2000 * 48);
    expect(logged).toMatchObject([
      { type: 'agent.ducked', atSample: 7200 },
      { type: 'agent.resumed', lineId: 'a', lineMs: 320, cause: 'asked' },
    ]);
    expect(offBy(bytes, 1, 0, 7200)).toBe(0);
    expect(offBy(bytes, 1, 7680 + ramp, 48_000)).toBe(0);
  });

  it('is idempotent, may go deeper, and 0 dB is none', () => {
    const { clock, downlink, track, bytesOf, logged } = setUp();
    downlink.pushAudio(track('a'), answer(2000));
    downlink.duck(0, null);
    clock.advance(100);
    for (let again = 0; again < 5; again += 1) {
      downlink.duck(-20, null);
      clock.advance(40);
    }
    downlink.duck(-40, null);
    clock.advance(3000);
    expect(logged.map(({ type }) => type)).toEqual(['agent.ducked', 'agent.ducked']);
    expect(logged).toMatchObject([{ atSample: 7200 }, { atSample: 12_000, gainDb: -40 }]);
    expect(offBy(bytesOf('a'), 0.1, 7200 + ramp, 12_000)).toBe(0);
    expect(offBy(bytesOf('a'), 0.01, 12_000 + ramp, 48_000)).toBe(0);
    expect(() => downlink.duck(3, null)).toThrow(RangeError);
  });

  it('goes on into the next line, and ends with a flush', () => {
    const { clock, downlink, track, bytesOf, logged } = setUp();
    const first = track('a');
    downlink.pushAudio(first, answer(100));
    downlink.duck(-20, null);
    downlink.pushEnd(first);
    downlink.pushAudio(track('b'), answer(500));
    clock.advance(1000);
    expect(offBy(bytesOf('b'), 0.1, ramp, 12_000)).toBe(0);
    downlink.flush();
    downlink.pushAudio(track('c'), answer(500));
    clock.advance(1000);
    expect(bytesOf('c')).toEqual(Buffer.from(answer(500)));
    expect(logged.map(({ type }) => type)).toEqual(['agent.ducked']);
  });

  it('changes nothing about positions, ends and pace', () => {
    const plain = setUp();
    const ducked = setUp();
    for (const { clock, downlink, track } of [plain, ducked]) {
      const line = track('a');
      downlink.pushText(line, 'words', 300);
      downlink.pushAudio(line, answer(1000));
      downlink.pushEnd(line);
      clock.advance(333);
      if (downlink === ducked.downlink) downlink.duck(-18, null);
      clock.advance(3000);
    }
    const places = ({ given }: DownlinkRig) =>
      given.map((each) => (each.what === 'audio' ? { ...each, bytes: null } : each));
    expect(places(ducked)).toEqual(places(plain));
  });
});
