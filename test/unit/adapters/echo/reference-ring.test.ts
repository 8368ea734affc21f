import { expect, test } from 'vitest';

import { ReferenceRing } from '../../../../adapters/echo/aec3/reference-ring.ts';

function read(ring: ReferenceRing, startSample: number, length: number): number[] {
  const into = new Float32Array(length);
  ring.read(startSample, into);
  return [...into];
}

test('gives what sounds at a moment, and silence where nothing does', () => {
  const ring = new ReferenceRing();
  ring.write(Float32Array.of(1, 2, 3, 4), 1);
  expect(read(ring, 14, 8)).toEqual([0, 0, 1, 2, 3, 4, 0, 0]);
});

test('pieces that follow one another join without a seam, whatever the times’ fractions', () => {
  const ring = new ReferenceRing();
  ring.write(new Float32Array(320).fill(1), 100);
  ring.write(new Float32Array(320).fill(2), 127);
  expect(read(ring, 1600 + 318, 4)).toEqual([1, 1, 2, 2]);
});

test('a gap is silence also where the ring held something 4 s before', () => {
  const ring = new ReferenceRing();
  ring.write(new Float32Array(4 * 16_000).fill(1), 0);
  ring.write(new Float32Array(16).fill(2), 5000);
  expect(read(ring, 4.5 * 16_000, 4)).toEqual([0, 0, 0, 0]);
  expect(read(ring, 5 * 16_000, 2)).toEqual([2, 2]);
});

test('what lies more than 4 s back, or before the call, is silence', () => {
  const ring = new ReferenceRing();
  ring.write(new Float32Array(16_000).fill(1), 0);
  ring.write(new Float32Array(16_000).fill(2), 4000);
  expect(read(ring, 0, 2)).toEqual([0, 0]);
  expect(read(ring, -4, 2)).toEqual([0, 0]);
  expect(read(ring, 64_000, 2)).toEqual([2, 2]);
});

test('what is written over a stretch that was cut replaces all of it', () => {
  const ring = new ReferenceRing();
  ring.write(new Float32Array(16_000).fill(1), 1000);
  ring.write(new Float32Array(160).fill(2), 1100);
  expect(read(ring, 17_600 + 158, 4)).toEqual([2, 2, 0, 0]);
});
