import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { FrameLoop } from '../../adapters/inference/frame-loop.ts';
import { openGraphs } from '../../adapters/inference/graph.ts';
import { readModelPackage } from '../../adapters/inference/model-package.ts';
import { frameSamples, type ParrotFrame } from '../../models/parrot/reference.ts';

export const parrotFolder = fileURLToPath(new URL('../../models/parrot', import.meta.url));

/** The bundled package in a loop of its own, without a thread. */
export async function openParrotLoop(): Promise<FrameLoop> {
  const model = readModelPackage(parrotFolder);
  return new FrameLoop(model.manifest, await openGraphs(model));
}

/** Seeded noise of uniform amplitude `peak` (16-bit steps), or silence where `peak` is 0. */
export function sound(samples: number, peak: number, seed = 1): Int16Array {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  const noise = new Int16Array(samples);
  for (let i = 0; i < samples; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    noise[i] = Math.round(((state >>> 0) / 2 ** 31 - 1) * peak);
  }
  return noise;
}

/** A peak at which noise is far above the parrot's gate: about −25 dBFS RMS. */
const loudPeak = 3000;

/** `count` frames of noise, all different. */
export function loud(count: number, seed = 1): Int16Array[] {
  return Array.from({ length: count }, (_, i) => sound(frameSamples, loudPeak, seed * 1000 + i));
}

export function quiet(count: number): Int16Array[] {
  return Array.from({ length: count }, () => new Int16Array(frameSamples));
}

/** Plays frames to one row of a loop and returns what it said to each. */
export async function converse(
  loop: FrameLoop,
  slot: number,
  frames: readonly Int16Array[],
): Promise<ParrotFrame[]> {
  const said: ParrotFrame[] = [];
  for (const pcm of frames) {
    const { pcm: speech, outputs } = await loop.step([{ slot, pcm }]);
    said.push({ speech, mark: outputs[0]?.mark ?? null });
  }
  return said;
}

/** A line of samples in frames, the last one filled up with silence. */
export function framed(samples: Int16Array): Int16Array[] {
  return Array.from({ length: Math.ceil(samples.length / frameSamples) }, (_, i) => {
    const frame = new Int16Array(frameSamples);
    frame.set(samples.subarray(i * frameSamples, (i + 1) * frameSamples));
    return frame;
  });
}

export function joined(parts: readonly Int16Array[]): Int16Array<ArrayBuffer> {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function isSilent(frame: Int16Array): boolean {
  return frame.every((sample) => sample === 0);
}

/** Marks with the frames they came with. */
export function marksOf(frames: readonly ParrotFrame[]): string[] {
  return frames.flatMap(({ mark }, index) => (mark === null ? [] : [`${mark}@${index}`]));
}

/** Samples of one of the speech fixtures: 24 kHz, mono, a 44-byte header. */
export function speechFixture(name: string): Int16Array<ArrayBuffer> {
  const url = new URL(`../fixtures/speech/${name}.wav`, import.meta.url);
  const bytes = new Uint8Array(readFileSync(url));
  return new Int16Array(bytes.slice(44).buffer);
}
