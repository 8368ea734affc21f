import { describe, expect, test } from 'vitest';

import { RowInput, type InputFrame } from '../../../adapters/inference/row-input.ts';
import { sound } from '../../support/parrot-rig.ts';

const rateHz = 24_000;
const frameSamples = 1920;

function open(openedAtMs = 0): RowInput {
  return new RowInput({ rateHz, frameSamples, openedAtMs });
}

const bytesOf = (samples: Int16Array): Uint8Array =>
  new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);

/** `ms` of a sound that is nowhere zero for long. */
const audio = (ms: number): Int16Array => sound((ms * rateHz) / 1000, 5000, ms);

function takeAll(input: RowInput): InputFrame[] {
  const frames: InputFrame[] = [];
  for (let frame = input.take(); frame !== null; frame = input.take()) frames.push(frame);
  return frames;
}

/** Polls every 20 ms in (fromMs, toMs] and returns when frames came. */
function wait(input: RowInput, fromMs: number, toMs: number): number[] {
  const atMs: number[] = [];
  for (let nowMs = fromMs + 20; nowMs <= toMs; nowMs += 20) {
    input.poll(nowMs);
    for (const frame of takeAll(input)) atMs.push(frame.readyAtMs);
  }
  return atMs;
}

describe('a frame', () => {
  test('is ready with its last sample, and says how far the caller was heard', () => {
    const input = open();
    const samples = audio(100);
    input.push(bytesOf(samples.subarray(0, 1919)), 500, 80);
    expect(input.readyFrames).toBe(0);
    input.push(bytesOf(samples.subarray(1919, 2000)), 2419, 81);
    expect(input.readySinceMs).toBe(81);
    expect(takeAll(input)).toEqual([
      {
        pcm: samples.subarray(0, 1920),
        heardSample: 2420,
        readyAtMs: 81,
        callerSamples: 1920,
      },
    ]);
  });

  test('comes whole out of bytes at an odd address', () => {
    const input = open();
    const samples = audio(80);
    const shifted = new Uint8Array(3841);
    shifted.set(bytesOf(samples), 1);
    input.push(shifted.subarray(1), 0, 80);
    expect(input.take()?.pcm).toEqual(samples);
  });
});

describe('a burst', () => {
  test('runs at most 240 ms and a frame ahead of real time', () => {
    const input = open();
    input.push(bytesOf(audio(560)), 0, 1000);
    expect(takeAll(input)).toHaveLength(4);
    expect(input.droppedSamples).toBe(0);
    // The three frames left come as real time passes, 1 % faster than it does.
    expect(wait(input, 1000, 1400)).toEqual([1080, 1160, 1240]);
  });

  test('loses its oldest samples beyond 240 ms of waiting, counted', () => {
    const input = open();
    const samples = audio(800);
    input.push(bytesOf(samples), 0, 0);
    expect(takeAll(input)).toHaveLength(4);
    expect(input.droppedSamples).toBe((240 * rateHz) / 1000);
    input.poll(80);
    // 320 ms ran, 240 ms were dropped: the next sample is that at 560 ms.
    const next = input.take();
    expect(next?.pcm).toEqual(samples.subarray(13_440, 15_360));
    expect(next?.heardSample).toBe(15_360);
  });

  test('waits for a model that does not take its frames, eight of them, then drops', () => {
    const input = open();
    for (let i = 0; i < 10; i += 1) input.push(bytesOf(audio(80)), i * 1920, i * 80 + 80);
    expect(input.readyFrames).toBe(8);
    expect(input.droppedSamples).toBe(2 * 1920);
    expect(input.take()?.heardSample).toBe(3 * 1920);
  });
});

describe('missing input', () => {
  test('becomes silence in real time, 200 ms after it was due', () => {
    const input = open();
    input.push(bytesOf(audio(80)), 0, 80);
    takeAll(input);
    // Due at 160; noticed at 380, the first poll later than 360; 80 ms of silence from then on.
    expect(wait(input, 80, 800)).toEqual([460, 540, 620, 700, 780]);
    expect(input.silenceSamples).toBe((420 * rateHz) / 1000);
  });

  test('is silence from the start when no audio ever comes', () => {
    expect(wait(open(1000), 1000, 1720)).toEqual([1540, 1620, 1700]);
  });

  test('is over with the next chunk, whose samples follow the silence', () => {
    const input = open();
    input.push(bytesOf(audio(80)), 0, 80);
    takeAll(input);
    wait(input, 80, 500);
    const samples = audio(40);
    input.push(bytesOf(samples), 1920, 510);
    // 500 ms: 120 ms of silence, a frame and a half; the chunk completes the second frame.
    const frame = input.take();
    expect(frame?.pcm.subarray(0, 960).every((sample) => sample === 0)).toBe(true);
    expect(frame?.pcm.subarray(960)).toEqual(samples);
    expect(frame).toMatchObject({ callerSamples: 960, heardSample: 2880 });
    expect(wait(input, 510, 740)).toEqual([]);
  });

  test('keeps the position that was heard', () => {
    const input = open();
    input.push(bytesOf(audio(80)), 7000, 80);
    takeAll(input);
    for (let nowMs = 100; nowMs <= 460; nowMs += 20) input.poll(nowMs);
    expect(input.take()).toMatchObject({ heardSample: 8920, callerSamples: 0 });
  });

  test('is not assumed while a chunk as long as an earlier one may be filling', () => {
    const input = open();
    input.push(bytesOf(audio(250)), 0, 250);
    input.push(bytesOf(audio(20)), 6000, 270);
    takeAll(input);
    expect(wait(input, 270, 270 + 440)).toEqual([]);
    expect(input.silenceSamples).toBe(0);
  });

  test('is put in one step at a time after a stall, so that waiting audio is read first', () => {
    const input = open();
    input.push(bytesOf(audio(80)), 0, 80);
    input.poll(2000);
    input.push(bytesOf(audio(80)), 1920, 2000);
    expect(input.silenceSamples).toBe(0);
  });

  test('does not begin with an empty chunk, nor end with one', () => {
    const input = open();
    expect(wait(input, 0, 500)).toEqual([]);
    input.push(new Uint8Array(0), 0, 505);
    expect(wait(input, 500, 560)).toEqual([540]);
  });
});
