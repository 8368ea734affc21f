import { decodeG711, encodeG711 } from './g711.ts';
import { decodePcm16, encodePcm16, viewInt16 } from './pcm16.ts';
import type { Codec } from './format.ts';

const fullScale = 32_768;

/**
 * The samples of any codec as numbers in [−1, 1). The result is new memory.
 *
 * @throws RangeError when `bytes` is not a whole number of samples
 */
export function decodeSamples(bytes: Uint8Array, codec: Codec): Float32Array<ArrayBuffer> {
  if (codec === 'pcm16') return decodePcm16(bytes);
  const integers = decodeG711(bytes, codec);
  const samples = new Float32Array(integers.length);
  for (let i = 0; i < integers.length; i += 1) samples[i] = integers[i]! / fullScale;
  return samples;
}

/**
 * Numbers to bytes of any codec: to the nearest 16-bit step, clamped to what that holds, then
 * companded where the codec is G.711. The result is new memory.
 */
export function encodeSamples(samples: Float32Array, codec: Codec): Uint8Array<ArrayBuffer> {
  const pcm16 = encodePcm16(samples);
  return codec === 'pcm16' ? pcm16 : encodeG711(viewInt16(pcm16), codec);
}
