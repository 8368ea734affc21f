import { readFileSync } from 'node:fs';
import { encodePcm16 } from '../../src/audio/pcm16.ts';
import { readWav } from '../../src/audio/wav.ts';
import { frameBytes } from './pacer.ts';

/** Recordings of the caller, one after the other; 24 kHz. */
const recordings = ['table', 'train', 'booking'] as const;
/** Between two of them, ms: longer than any silence that ends a turn. */
const pauseMs = 1_000;
const rateHz = 24_000;

/**
 * What every simulated caller says, over and over: sentences with pauses between them, cut into
 * 20 ms frames of 16-bit PCM.
 * @throws RangeError when a recording is not what it was
 */
export function callerFrames(): readonly Buffer[] {
  const parts = recordings.flatMap((name) => {
    const file = new URL(`../../test/fixtures/speech/${name}.wav`, import.meta.url);
    const wav = readWav(readFileSync(file));
    const [channel] = wav.channels;
    if (wav.rateHz !== rateHz || channel === undefined) throw new RangeError(`${name}: not 24 kHz`);
    return [encodePcm16(channel), new Uint8Array((pauseMs * rateHz * 2) / 1000)];
  });
  return cut(Buffer.concat(parts));
}

/** A steady tone at −20 dBFS that the stand-in for a hosted model speaks, in 20 ms frames. */
export function agentFrames(): readonly Buffer[] {
  const samples = Float32Array.from(
    { length: rateHz },
    (_, index) => 0.1 * Math.sin((2 * Math.PI * 220 * index) / rateHz),
  );
  return cut(Buffer.from(encodePcm16(samples)));
}

function cut(pcm: Buffer): readonly Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + frameBytes <= pcm.byteLength; at += frameBytes) {
    frames.push(pcm.subarray(at, at + frameBytes));
  }
  return frames;
}
