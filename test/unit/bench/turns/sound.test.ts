import { describe, expect, test } from 'vitest';
import { generatorParameters } from '../../../../bench/turns/dialogues/parameters.ts';
import type { CallerLine } from '../../../../bench/turns/dialogues/script.ts';
import { CallerChannel } from '../../../../bench/turns/sound/caller-channel.ts';
import { longestPauseMs, trimmed } from '../../../../bench/turns/sound/fragment.ts';
import { joinFragments } from '../../../../bench/turns/sound/saying.ts';
import { TelephoneLine } from '../../../../bench/turns/sound/telephone.ts';

const clean: CallerLine = { snrDb: null, telephone: false, echo: null };
const rms = (sound: Float32Array): number =>
  Math.sqrt(sound.reduce((sum, sample) => sum + sample * sample, 0) / sound.length);
const tone = (hz: number, samples: number, peak = 0.5): Float32Array =>
  Float32Array.from(
    { length: samples },
    (_, i) => peak * Math.sin((2 * Math.PI * hz * i) / 16_000),
  );

describe('fragments', () => {
  test('begin and end with sound, at the stated level', () => {
    const raw = new Float32Array(16_000);
    raw.set(tone(400, 4_800), 3_200);
    const cut = trimmed(raw, { trimDb: 40, rms: 0.1 });
    expect(cut).toHaveLength(4_800);
    expect(rms(cut)).toBeCloseTo(0.1, 3);
  });

  test('lose what is 40 dB below the peak, and keep no inner pause over 120 ms', () => {
    const raw = new Float32Array(32_000);
    raw.set(tone(400, 3_200), 0);
    raw.set(tone(400, 3_200, 0.004), 3_200);
    raw.set(tone(400, 3_200), 9_600);
    raw.set(tone(400, 3_200, 0.004), 12_800);
    expect(longestPauseMs(raw, 40)).toBe(400);
    expect(trimmed(raw, { trimDb: 40, rms: 0.1 })).toHaveLength(2 * 3_200 + 0.12 * 16_000);
  });

  test('are found in a recording whose room is louder than that', () => {
    const raw = tone(1_000, 32_000, 0.01);
    raw.set(tone(400, 8_000), 16_000);
    expect(trimmed(raw, { trimDb: 40, rms: 0.1 })).toHaveLength(8_000);
  });

  test('join with gaps to the sample', () => {
    const saying = joinFragments([
      { sound: tone(300, 1_000), text: 'one two', gap: { kind: 'hold', lengthMs: 250 } },
      { sound: tone(300, 2_000), text: 'three', gap: null },
    ]);
    expect(saying.gaps).toEqual([{ kind: 'hold', startSample: 1_000, endSample: 5_000 }]);
    expect(saying.sound).toHaveLength(7_000);
    expect(saying.words.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    expect(saying.words[2]!.startMs).toBe(312.5);
  });
});

describe('the channel of the caller', () => {
  const none = new Float32Array(0);

  test.each([20, 10, 5])('has noise %d dB below speech', (snrDb) => {
    const channel = new CallerChannel({ ...clean, snrDb }, 1, generatorParameters);
    const level = 20 * Math.log10(0.1 / rms(channel.next(160_000, none)));
    expect(Math.abs(level - snrDb)).toBeLessThan(1);
  });

  test('puts speech where it was placed, however it is read', () => {
    const speech = tone(500, 3_000);
    const read = (step: number): Float32Array => {
      const channel = new CallerChannel(clean, 1, generatorParameters);
      channel.say(speech, 1_234);
      const parts: number[] = [];
      while (parts.length < 6_400) parts.push(...channel.next(step, none));
      return Float32Array.from(parts.slice(0, 6_400));
    };
    const sound = read(6_400);
    expect(read(320)).toEqual(sound);
    expect(rms(sound.subarray(0, 1_234))).toBeLessThan(0.001);
    expect(rms(sound.subarray(1_234, 4_234))).toBeCloseTo(0.354, 2);
    expect(() => {
      const channel = new CallerChannel(clean, 1, generatorParameters);
      channel.next(320, none);
      channel.say(speech, 319);
    }).toThrow(RangeError);
  });

  test.each([6, 13, 20])('hears the agent with a loss of %d dB, after the delay', (lossDb) => {
    const line = { ...clean, echo: { delayMs: 200, lossDb } };
    const channel = new CallerChannel(line, 3, generatorParameters);
    let state = 1;
    const agent = Float32Array.from({ length: 64_000 }, () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state / 1_073_741_824 - 1;
    });
    const heard = channel.next(64_000, agent);
    expect(rms(heard.subarray(0, 3_200))).toBeLessThan(0.001);
    expect(rms(heard.subarray(3_200, 3_300))).toBeGreaterThan(0.01);
    const loss = 20 * Math.log10(rms(agent) / rms(heard.subarray(6_400)));
    expect(Math.abs(loss - lossDb)).toBeLessThan(1);
  });
});

describe('the telephone line', () => {
  test.each([
    [100, -12],
    [5_000, -30],
    [7_000, -40],
  ])('takes %d Hz away', (hz, belowDb) => {
    const passed = new TelephoneLine().through(tone(hz, 16_000)).subarray(1_000);
    expect(20 * Math.log10(rms(passed) / 0.354)).toBeLessThan(belowDb);
  });

  test('lets 1 kHz pass, whatever the cuts', () => {
    const sound = tone(1_000, 16_000);
    const whole = new TelephoneLine().through(sound);
    expect(Math.abs(20 * Math.log10(rms(whole.subarray(1_000)) / 0.354))).toBeLessThan(1);
    const line = new TelephoneLine();
    const parts = [line.through(sound.subarray(0, 322)), line.through(sound.subarray(322))];
    expect(Float32Array.from(parts.flatMap((part) => [...part]))).toEqual(whole);
  });
});
