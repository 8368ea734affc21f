/**
 * 16-bit little-endian PCM, mono, to and from numbers. Every platform Node runs inference on is
 * little-endian, so typed arrays are used as they are.
 */

const fullScale = 32_768;

/**
 * The samples of `bytes` as 16-bit integers: a view of the same memory where `bytes` begins on an
 * even address, a copy otherwise. Treat the result as read-only.
 *
 * @throws RangeError when `bytes` is not a whole number of samples
 */
export function viewInt16(bytes: Uint8Array): Int16Array {
  if (bytes.byteLength % 2 !== 0) {
    throw new RangeError(`${bytes.byteLength} bytes are not whole pcm16 samples`);
  }
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  return new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
}

/**
 * Samples as numbers in [−1, 1), one for each of the 16-bit values. The result is new memory.
 *
 * @throws RangeError when `bytes` is not a whole number of samples
 */
export function decodePcm16(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const integers = viewInt16(bytes);
  const samples = new Float32Array(integers.length);
  for (let i = 0; i < integers.length; i += 1) samples[i] = integers[i]! / fullScale;
  return samples;
}

/**
 * Numbers to 16-bit PCM: rounded to the nearest step, clamped to what 16 bits hold; NaN becomes 0.
 * What {@link decodePcm16} gave comes back exactly. The result is new memory.
 */
export function encodePcm16(samples: Float32Array): Uint8Array<ArrayBuffer> {
  const integers = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i += 1) {
    const scaled = Math.round(samples[i]! * fullScale);
    integers[i] = scaled > 32_767 ? 32_767 : scaled < -fullScale ? -fullScale : scaled;
  }
  return new Uint8Array(integers.buffer);
}
