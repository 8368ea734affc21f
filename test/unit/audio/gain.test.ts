import { describe, expect, it } from 'vitest';
import { applyGain, GainRamp, gainOfDb } from '../../../src/audio/gain.ts';
import { decodeG711, encodeG711 } from '../../../src/audio/g711.ts';
import { viewInt16 } from '../../../src/audio/pcm16.ts';

const pcm16 = (...values: number[]): Uint8Array => new Uint8Array(Int16Array.from(values).buffer);

function gains(ramp: GainRamp, count: number): number[] {
  return Array.from({ length: count }, () => ramp.next());
}

describe('gainOfDb', () => {
  it('is the amplitude factor, and nothing that could clip', () => {
    expect(gainOfDb(0)).toBe(1);
    expect(gainOfDb(-20)).toBeCloseTo(0.1, 10);
    expect(gainOfDb(-Infinity)).toBe(0);
    expect(() => gainOfDb(0.1)).toThrow(RangeError);
    expect(() => gainOfDb(NaN)).toThrow(RangeError);
  });
});

describe('gain ramp', () => {
  it('goes in a raised cosine and arrives with its last sample', () => {
    const ramp = new GainRamp();
    ramp.turnTo(0, 4);
    const [first, second, third, ...rest] = gains(ramp, 6);
    expect(first).toBeCloseTo(0.5 + Math.SQRT1_2 / 2, 10);
    expect(second).toBeCloseTo(0.5, 10);
    expect(third).toBeCloseTo(0.5 - Math.SQRT1_2 / 2, 10);
    expect(rest).toEqual([0, 0, 0]);
  });

  it('waits for its place, and turns at once without a length', () => {
    const ramp = new GainRamp();
    ramp.turnTo(0.5, 0, 2);
    expect(ramp.transparent).toBe(false);
    expect(gains(ramp, 4)).toEqual([1, 1, 0.5, 0.5]);
    ramp.turnTo(1, 0);
    expect(ramp.transparent).toBe(true);
    expect(gains(ramp, 1)).toEqual([1]);
  });

  it('turns round where it is, without a jump', () => {
    const ramp = new GainRamp();
    ramp.turnTo(0, 100);
    const down = gains(ramp, 50);
    ramp.turnTo(1, 100);
    expect(ramp.target).toBe(1);
    const all = [...down, ...gains(ramp, 100)];
    for (let i = 1; i < all.length; i += 1) {
      expect(Math.abs(all[i]! - all[i - 1]!)).toBeLessThan(0.035);
    }
    expect(all.at(-1)).toBe(1);
    expect(ramp.transparent).toBe(true);
  });
});

describe('applyGain', () => {
  it('gives the very same bytes back where nothing is to be done', () => {
    const bytes = pcm16(1, -2, 32_767);
    expect(applyGain(bytes, 'pcm16', [new GainRamp(), new GainRamp()])).toBe(bytes);
  });

  it('scales PCM16 to the nearest step and leaves its input alone', () => {
    const bytes = pcm16(32_767, -32_768, 3, -3, 0);
    const half = new GainRamp();
    half.turnTo(0.5, 0);
    const scaled = viewInt16(applyGain(bytes, 'pcm16', [half]));
    expect([...scaled]).toEqual([16_384, -16_384, 2, -1, 0]);
    expect([...viewInt16(bytes)]).toEqual([32_767, -32_768, 3, -3, 0]);
  });

  it('reads PCM16 from an odd address', () => {
    const odd = new Uint8Array(5);
    odd.set(pcm16(1000, -1000), 1);
    const half = new GainRamp();
    half.turnTo(0.5, 0);
    expect([...viewInt16(applyGain(odd.subarray(1), 'pcm16', [half]))]).toEqual([500, -500]);
  });

  it.each(['pcmu', 'pcma'] as const)('scales %s as the samples it stands for', (codec) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const tenth = new GainRamp();
    tenth.turnTo(0.1, 0);
    const wanted = decodeG711(bytes, codec).map((sample) => Math.round(sample * 0.1));
    expect(applyGain(bytes, codec, [tenth])).toEqual(encodeG711(wanted, codec));
  });

  it.each(['pcm16', 'pcmu', 'pcma'] as const)(
    'keeps each byte of %s whose gain is 1, also beside others',
    (codec) => {
      // The last one is loud in every codec.
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => 255 - index);
      const later = new GainRamp();
      const samples = codec === 'pcm16' ? 128 : 256;
      later.turnTo(0.2, 0, samples - 1);
      const given = applyGain(bytes, codec, [later]);
      const width = bytes.length / samples;
      expect(given.subarray(0, -width)).toEqual(bytes.subarray(0, -width));
      expect(given.subarray(-width)).not.toEqual(bytes.subarray(-width));
    },
  );

  it('multiplies all gains', () => {
    const [half, tenth] = [new GainRamp(), new GainRamp()];
    half.turnTo(0.5, 0);
    tenth.turnTo(0.1, 0);
    expect([...viewInt16(applyGain(pcm16(1000), 'pcm16', [half, tenth]))]).toEqual([50]);
  });
});
