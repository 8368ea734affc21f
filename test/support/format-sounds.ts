import { bytesPerSample, msToSamples, type AudioFormat } from '../../src/audio/format.ts';
import { encodeSamples } from '../../src/audio/samples.ts';

/** A sine of 400 Hz that peaks at 0.3, from its zero on. */
export function toneOf(format: AudioFormat, ms: number): Uint8Array {
  const samples = Float32Array.from(
    { length: msToSamples(ms, format.rateHz) },
    (_, index) => 0.3 * Math.sin((2 * Math.PI * 400 * index) / format.rateHz),
  );
  return encodeSamples(samples, format.codec);
}

/** A square wave of 500 Hz: speech to an energy detector, silence at level 0. */
export function squareOf(format: AudioFormat, ms: number, level = 0.18): Uint8Array {
  const half = format.rateHz / 1000;
  const samples = Float32Array.from({ length: msToSamples(ms, format.rateHz) }, (_, index) =>
    Math.floor(index / half) % 2 === 0 ? level : -level,
  );
  return encodeSamples(samples, format.codec);
}

/** The bytes in pieces of `ms`, the last one shorter; each is memory of its own. */
export function chunked(bytes: Uint8Array, ms: number, format: AudioFormat): Uint8Array[] {
  const step = msToSamples(ms, format.rateHz) * bytesPerSample(format.codec);
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < bytes.byteLength; from += step) {
    chunks.push(bytes.slice(from, from + step));
  }
  return chunks;
}
