/** Analysis of the telephone band: everything is compared as a telephone would carry it. */
export const analysisHz = 8000;
export const windowSamples = 512;
/** One frame each 10 ms. */
export const hopSamples = 80;
export const hopMs = (hopSamples * 1000) / analysisHz;
/** Middle of a frame's window, ms after its begin. */
export const windowMs = (windowSamples * 1000) / analysisHz;
/** One more than a frame has bits, because each bit compares two neighbours. */
export const bandCount = 17;

const lowestHz = 300;
const highestHz = 3300;

/** Magnitudes of 17 bands, of equal width on a logarithmic scale, of 512 samples. */
export class BandAnalyser {
  readonly #window = Float64Array.from({ length: windowSamples }, (_, n) => {
    return 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / windowSamples);
  });
  readonly #real = new Float64Array(windowSamples);
  readonly #imaginary = new Float64Array(windowSamples);
  readonly #cosines = Float64Array.from({ length: windowSamples / 2 }, (_, k) =>
    Math.cos((2 * Math.PI * k) / windowSamples),
  );
  readonly #sines = Float64Array.from({ length: windowSamples / 2 }, (_, k) =>
    Math.sin((2 * Math.PI * k) / windowSamples),
  );
  readonly #edges = Array.from({ length: bandCount + 1 }, (_, band) => {
    const hz = lowestHz * (highestHz / lowestHz) ** (band / bandCount);
    return Math.round((hz * windowSamples) / analysisHz);
  });

  /** Writes a window's energies, as powers, into `bands`. */
  analyse(samples: Float32Array, from: number, bands: Float64Array): void {
    for (let n = 0; n < windowSamples; n += 1) {
      this.#real[reversed(n)] = samples[from + n]! * this.#window[n]!;
    }
    this.#imaginary.fill(0);
    this.#transform();
    for (let band = 0; band < bandCount; band += 1) {
      let power = 0;
      for (let k = this.#edges[band]!; k < this.#edges[band + 1]!; k += 1) {
        power += this.#real[k]! ** 2 + this.#imaginary[k]! ** 2;
      }
      bands[band] = power;
    }
  }

  /** Fast Fourier transform in place, decimation in time; the input lies in bit-reversed order. */
  #transform(): void {
    const real = this.#real;
    const imaginary = this.#imaginary;
    for (let half = 1; half < windowSamples; half *= 2) {
      const stride = windowSamples / (2 * half);
      for (let start = 0; start < windowSamples; start += 2 * half) {
        for (let k = 0; k < half; k += 1) {
          const c = this.#cosines[k * stride]!;
          const s = this.#sines[k * stride]!;
          const a = start + k;
          const b = a + half;
          const re = real[b]! * c + imaginary[b]! * s;
          const im = imaginary[b]! * c - real[b]! * s;
          real[b] = real[a]! - re;
          imaginary[b] = imaginary[a]! - im;
          real[a] = real[a]! + re;
          imaginary[a] = imaginary[a]! + im;
        }
      }
    }
  }
}

const indexBits = Math.log2(windowSamples);

function reversed(n: number): number {
  let out = 0;
  for (let bit = 0; bit < indexBits; bit += 1) out |= ((n >> bit) & 1) << (indexBits - 1 - bit);
  return out;
}
