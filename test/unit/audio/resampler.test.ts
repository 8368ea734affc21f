import { beforeAll, describe, expect, it } from 'vitest';
import { createResampler, prepareResampler } from '../../../src/audio/resampler.ts';

const unprepared = ((): unknown => {
  try {
    return createResampler({ fromHz: 24_000, toHz: 16_000 });
  } catch (error) {
    return error;
  }
})();

beforeAll(prepareResampler);

function sine(frequencyHz: number, rateHz: number, samples: number): Float32Array {
  return Float32Array.from(
    { length: samples },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * frequencyHz * i) / rateHz),
  );
}

/** The whole input through a resampler of its own, in one piece. */
function resample(input: Float32Array, fromHz: number, toHz: number): Float32Array {
  const resampler = createResampler({ fromHz, toHz });
  const output = Float32Array.from([...resampler.process(input), ...resampler.flush()]);
  resampler.close();
  return output;
}

/** Level of the middle of `samples` over that of a sine of amplitude 0.5, dB. */
function gainDb(samples: Float32Array): number {
  const middle = samples.subarray(1_000, samples.length - 1_000);
  const energy = middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length;
  return 10 * Math.log10(energy / 0.125);
}

function signalToErrorDb(expected: Float32Array, actual: Float32Array): number {
  let signal = 0;
  let error = 0;
  for (let i = 1_000; i < expected.length - 1_000; i += 1) {
    signal += expected[i]! ** 2;
    error += (expected[i]! - actual[i]!) ** 2;
  }
  return 10 * Math.log10(signal / error);
}

describe('createResampler', () => {
  it('throws before the module was prepared', () => {
    expect(unprepared).toBeInstanceOf(TypeError);
  });

  it('prepares once, however often it is asked', async () => {
    expect(prepareResampler()).toBe(prepareResampler());
    await expect(prepareResampler()).resolves.toBeUndefined();
  });

  it.each([0, -16_000, 16_000.5, NaN, 999, 400_000])('refuses a rate of %s Hz', (rateHz) => {
    expect(() => createResampler({ fromHz: rateHz, toHz: 16_000 })).toThrow(/fromHz/);
    expect(() => createResampler({ fromHz: 16_000, toHz: rateHz })).toThrow(RangeError);
  });
});

describe('Resampler', () => {
  it.each([
    [24_000, 16_000],
    [16_000, 24_000],
    [8_000, 24_000],
    [48_000, 16_000],
    [24_000, 48_000],
    [44_100, 16_000],
  ])('keeps a 1 kHz tone where it was, %d to %d Hz', (fromHz, toHz) => {
    const output = resample(sine(1_000, fromHz, fromHz), fromHz, toHz);
    expect(output.length).toBe(toHz);
    expect(signalToErrorDb(sine(1_000, toHz, toHz), output)).toBeGreaterThan(75);
  });

  it('loses nothing audible from 24 to 16 to 24 kHz', () => {
    const speechBand = sine(1_000, 24_000, 24_000).map(
      (sample, i) => (sample + Math.sin((2 * Math.PI * 3_400 * i) / 24_000) / 4) / 2,
    );
    const back = resample(resample(speechBand, 24_000, 16_000), 16_000, 24_000);
    expect(signalToErrorDb(speechBand, back)).toBeGreaterThan(90);
  });

  it.each([8_300, 9_000, 10_000, 11_500])('folds no tone of %d Hz into 16 kHz', (frequencyHz) => {
    const output = resample(sine(frequencyHz, 24_000, 48_000), 24_000, 16_000);
    expect(gainDb(output)).toBeLessThan(-80);
  });

  it.each([100, 1_000, 4_000, 6_500])('passes a tone of %d Hz unchanged', (frequencyHz) => {
    const output = resample(sine(frequencyHz, 24_000, 48_000), 24_000, 16_000);
    expect(Math.abs(gainDb(output))).toBeLessThan(0.1);
  });

  it.each([
    [24_000, 16_000],
    [16_000, 24_000],
    [8_000, 24_000],
    [48_000, 24_000],
  ])('puts an impulse at the same moment, %d to %d Hz', (fromHz, toHz) => {
    const input = new Float32Array(fromHz / 10);
    const atSample = (fromHz / 1_000) * 50;
    input[atSample] = 1;
    const output = resample(input, fromHz, toHz);
    const peak = output.indexOf(Math.max(...output));
    expect(peak / toHz).toBeCloseTo(0.05, 10);
  });

  it.each([
    [24_000, 16_000, 2.5],
    [16_000, 24_000, 2.5],
    [8_000, 24_000, 5],
    [48_000, 16_000, 2.5],
  ])('comes later by the delay it states, %d to %d Hz', (fromHz, toHz, delayMs) => {
    const resampler = createResampler({ fromHz, toHz });
    expect(resampler.delayMs).toBe(delayMs);
    const heldBack = (delayMs * fromHz) / 1_000;
    let given = 0;
    for (let taken = 1; taken <= 2_000; taken += 1) {
      given += resampler.process(Float32Array.of(0.1)).length;
      expect(given).toBe(Math.max(0, Math.ceil(((taken - heldBack) * toHz) / fromHz)));
    }
    resampler.close();
  });

  it('begins anew after a flush', () => {
    const resampler = createResampler({ fromHz: 24_000, toHz: 16_000 });
    const input = sine(440, 24_000, 1_000);
    const first = [...resampler.process(input), ...resampler.flush()];
    const second = [...resampler.process(input), ...resampler.flush()];
    expect(second).toEqual(first);
    expect(resampler.flush().length).toBe(0);
    resampler.close();
  });

  it('takes input of any length at once, and none', () => {
    const resampler = createResampler({ fromHz: 8_000, toHz: 48_000 });
    expect(resampler.process(new Float32Array(0)).length).toBe(0);
    const output = resampler.process(new Float32Array(100_000));
    expect(output.length + resampler.flush().length).toBe(600_000);
    resampler.close();
  });

  it('keeps streams apart', () => {
    const input = sine(700, 24_000, 4_800);
    const alone = resample(input, 24_000, 16_000);
    const one = createResampler({ fromHz: 24_000, toHz: 16_000 });
    const other = createResampler({ fromHz: 24_000, toHz: 16_000 });
    const heard: number[] = [];
    for (let from = 0; from < input.length; from += 480) {
      heard.push(...one.process(input.subarray(from, from + 480)));
      other.process(sine(3_000, 24_000, 333));
    }
    other.close();
    heard.push(...one.flush());
    expect(heard).toEqual([...alone]);
    one.close();
  });

  it('gives memory of its own that later chunks do not touch', () => {
    const resampler = createResampler({ fromHz: 16_000, toHz: 24_000 });
    const first = resampler.process(sine(1_000, 16_000, 320));
    const copy = [...first];
    resampler.process(new Float32Array(320).fill(0.9));
    expect([...first]).toEqual(copy);
    resampler.close();
  });

  it('frees its memory when it is closed', () => {
    // The longest filter there is: about a quarter of a MiB, 130 MiB for all of them.
    const makeAndClose = (): void => createResampler({ fromHz: 384_000, toHz: 1_000 }).close();
    makeAndClose();
    const beforeBytes = process.memoryUsage().rss;
    for (let i = 0; i < 500; i += 1) makeAndClose();
    expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(60 * 2 ** 20);
  });

  it.each([16_000, 24_000])('cannot be used after it was closed, to %d Hz', (toHz) => {
    const resampler = createResampler({ fromHz: 24_000, toHz });
    resampler.close();
    resampler.close();
    expect(() => resampler.process(new Float32Array(1))).toThrow(TypeError);
    expect(() => resampler.flush()).toThrow(TypeError);
  });

  it('hands the input through at equal rates', () => {
    const resampler = createResampler({ fromHz: 24_000, toHz: 24_000 });
    const input = Float32Array.of(0.1, 0.2);
    expect(resampler.process(input)).toBe(input);
    expect(resampler.flush().length).toBe(0);
    expect(resampler.delayMs).toBe(0);
  });
});
