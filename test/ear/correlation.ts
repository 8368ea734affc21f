/** Where a clip fits best into a recording. */
export interface Fit {
  /** Normalised cross-correlation at that place, −1 to 1; gain does not matter. */
  readonly correlation: number;
  /** Sample of the recording at which the clip begins. */
  readonly lagSample: number;
}

/** Factor by which signals are thinned for the coarse search. */
const thinning = 4;

/**
 * Best place of `clip` in `recording` over all lags, to the sample: a coarse search by fast
 * Fourier transform at a quarter of the rate, then exact sums around the peak. The clip may reach
 * past the end of the recording, where there is silence. A second of either costs a few
 * milliseconds.
 */
export function bestFit(recording: Float32Array, clip: Float32Array): Fit {
  const thinRecording = thin(recording);
  const thinClip = thin(clip);
  const products = crossProducts(thinRecording, thinClip);
  const sums = energySums(thinRecording);
  const clipEnergy = energyOf(thinClip, 0, thinClip.length);
  const floor = (sums.at(-1)! / Math.max(1, thinRecording.length)) * thinClip.length * 1e-4;

  let best: Fit = { correlation: -1, lagSample: 0 };
  for (let lag = 0; lag < thinRecording.length; lag += 1) {
    const end = Math.min(thinRecording.length, lag + thinClip.length);
    const energy = Math.max(sums[end]! - sums[lag]!, floor);
    const correlation = products[lag]! / Math.sqrt(energy * clipEnergy || 1);
    if (correlation > best.correlation) best = { correlation, lagSample: lag * thinning };
  }
  return refine(recording, clip, { aroundSample: best.lagSample, reach: 2 * thinning });
}

/** Best of the exact correlations at lags within `reach` samples of `aroundSample`. */
export function refine(
  recording: Float32Array,
  clip: Float32Array,
  { aroundSample, reach }: { readonly aroundSample: number; readonly reach: number },
): Fit {
  let best: Fit = { correlation: -1, lagSample: aroundSample };
  for (let lag = Math.max(0, aroundSample - reach); lag <= aroundSample + reach; lag += 1) {
    const correlation = correlationAt(recording, clip, lag);
    if (correlation > best.correlation) best = { correlation, lagSample: lag };
  }
  return best;
}

/** Normalised correlation of the clip with the recording from `lag` on; silence outside of it. */
export function correlationAt(recording: Float32Array, clip: Float32Array, lag: number): number {
  let product = 0;
  let recordingEnergy = 0;
  let clipEnergy = 0;
  for (let i = 0; i < clip.length; i += 1) {
    const said = clip[i]!;
    const heard = recording[lag + i] ?? 0;
    product += said * heard;
    recordingEnergy += heard * heard;
    clipEnergy += said * said;
  }
  return product / Math.sqrt(recordingEnergy * clipEnergy || 1);
}

/** Every fourth sample after a low pass (Hann-windowed sinc, 33 taps, half of the new band edge). */
export function thin(samples: Float32Array): Float32Array {
  const reach = 16;
  const taps = Array.from({ length: 2 * reach + 1 }, (_, tap) => {
    const x = (tap - reach) / thinning;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    return (sinc * (0.5 + 0.5 * Math.cos((Math.PI * (tap - reach)) / (reach + 1)))) / thinning;
  });
  const thinned = new Float32Array(Math.ceil(samples.length / thinning));
  for (let out = 0; out < thinned.length; out += 1) {
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap += 1) {
      sum += taps[tap]! * (samples[out * thinning + tap - reach] ?? 0);
    }
    thinned[out] = sum;
  }
  return thinned;
}

/** How many samples of the full rate one sample of {@link thin} stands for. */
export const thinnedBy = thinning;

/** Σ recording[lag + i] · clip[i] for every lag of the recording. */
function crossProducts(recording: Float32Array, clip: Float32Array): Float64Array {
  let size = 2;
  while (size < recording.length + clip.length) size *= 2;
  // Both signals are real: one as real part, one as imaginary part, and a single transform.
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  re.set(recording);
  im.set(clip);
  transform(re, im);
  const productRe = new Float64Array(size);
  const productIm = new Float64Array(size);
  for (let k = 0; k < size; k += 1) {
    const m = (size - k) % size;
    const recordingRe = (re[k]! + re[m]!) / 2;
    const recordingIm = (im[k]! - im[m]!) / 2;
    const clipRe = (im[k]! + im[m]!) / 2;
    const clipIm = (re[m]! - re[k]!) / 2;
    // Conjugated once more, so that the forward transform serves as the inverse one.
    productRe[k] = recordingRe * clipRe + recordingIm * clipIm;
    productIm[k] = -(recordingIm * clipRe - recordingRe * clipIm);
  }
  transform(productRe, productIm);
  for (let i = 0; i < size; i += 1) productRe[i] = productRe[i]! / size;
  return productRe;
}

/** Radix-2 fast Fourier transform in place; the length is a power of two. */
function transform(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  for (let i = 1, j = 0; i < size; i += 1) {
    let bit = size >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j]!, re[i]!];
      [im[i], im[j]] = [im[j]!, im[i]!];
    }
  }
  const cosines = new Float64Array(size / 2);
  const sines = new Float64Array(size / 2);
  for (let i = 0; i < size / 2; i += 1) {
    cosines[i] = Math.cos((2 * Math.PI * i) / size);
    sines[i] = -Math.sin((2 * Math.PI * i) / size);
  }
  for (let span = 2; span <= size; span *= 2) {
    const half = span / 2;
    const stride = size / span;
    for (let start = 0; start < size; start += span) {
      for (let k = 0; k < half; k += 1) {
        const low = start + k;
        const high = low + half;
        const cosine = cosines[k * stride]!;
        const sine = sines[k * stride]!;
        const highRe = re[high]! * cosine - im[high]! * sine;
        const highIm = re[high]! * sine + im[high]! * cosine;
        re[high] = re[low]! - highRe;
        im[high] = im[low]! - highIm;
        re[low] = re[low]! + highRe;
        im[low] = im[low]! + highIm;
      }
    }
  }
}

/** Running sums: element i is the energy of the first i samples. */
function energySums(samples: Float32Array): Float64Array {
  const sums = new Float64Array(samples.length + 1);
  for (let i = 0; i < samples.length; i += 1) sums[i + 1] = sums[i]! + samples[i]! * samples[i]!;
  return sums;
}

/** Energy of `samples` in [from, to); outside of the array there is silence. */
export function energyOf(samples: Float32Array, from: number, to: number): number {
  let energy = 0;
  for (let i = Math.max(0, from); i < Math.min(to, samples.length); i += 1) {
    energy += samples[i]! * samples[i]!;
  }
  return energy;
}
