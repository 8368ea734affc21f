import { expect, test } from 'vitest';

import { bandCount, silenceDbfs } from '../../../src/echo/band-levels.ts';
import { LevelFrames } from '../../../src/echo/level-frames.ts';

const at = (frames: LevelFrames, frame: number): number => frames.levels[frames.offsetOf(frame)]!;
const level = (dbfs: number): Float32Array => new Float32Array(bandCount).fill(dbfs);

test('frames are found by their number while they are kept, and are silence otherwise', () => {
  const frames = new LevelFrames(4);
  for (let frame = 0; frame < 6; frame += 1) frames.write(frame, level(-10 - frame));
  expect([0, 1, 2, 3, 4, 5, 6].map((frame) => at(frames, frame))).toEqual([
    silenceDbfs,
    silenceDbfs,
    -12,
    -13,
    -14,
    -15,
    silenceDbfs,
  ]);
  expect(at(frames, -1)).toBe(silenceDbfs);
});

test('a frame older than the ring is not written', () => {
  const frames = new LevelFrames(4);
  frames.write(10, level(-10));
  frames.write(6, level(-20));
  expect(at(frames, 6)).toBe(silenceDbfs);
  expect(at(frames, 10)).toBe(-10);
});

test('of two writes the louder stays', () => {
  const frames = new LevelFrames(4);
  frames.write(1, level(-30));
  frames.write(1, level(-20));
  frames.write(1, level(-40));
  expect(at(frames, 1)).toBe(-20);
});

test('what will not sound is silence', () => {
  const frames = new LevelFrames(8);
  for (let frame = 0; frame < 6; frame += 1) frames.write(frame, level(-10));
  frames.silenceFrom(3);
  expect([2, 3, 5].map((frame) => at(frames, frame))).toEqual([-10, silenceDbfs, silenceDbfs]);
  expect(frames.newest).toBe(2);
  frames.write(3, level(-15));
  expect(at(frames, 3)).toBe(-15);
});
