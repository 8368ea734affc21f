import { fftSamples } from './shape.ts';

/** Complex points of the transform behind the real one. */
const points = fftSamples / 2;
/** points = 5 · 5 · 4 · 2. */
const radices = [5, 5, 4, 2] as const;

const cos72 = Math.cos((2 * Math.PI) / 5);
const cos144 = Math.cos((4 * Math.PI) / 5);
const sin72 = Math.sin((2 * Math.PI) / 5);
const sin144 = Math.sin((4 * Math.PI) / 5);

/** One pass of the autosorting (Stockham) algorithm. */
interface Pass {
  readonly radix: 2 | 4 | 5;
  /** Transforms that are left to be made inside each block, and how far apart its points lie. */
  readonly blocks: number;
  readonly stride: number;
  /** cos and −sin of 2π·block·leg / length, `radix` of them a block. */
  readonly cos: Float64Array;
  readonly sin: Float64Array;
}

function passes(): readonly Pass[] {
  const all: Pass[] = [];
  let length = points;
  let stride = 1;
  for (const radix of radices) {
    const blocks = length / radix;
    const cos = new Float64Array(length);
    const sin = new Float64Array(length);
    for (let block = 0; block < blocks; block += 1) {
      for (let leg = 0; leg < radix; leg += 1) {
        const angle = (-2 * Math.PI * block * leg) / length;
        cos[block * radix + leg] = Math.cos(angle);
        sin[block * radix + leg] = Math.sin(angle);
      }
    }
    all.push({ radix, blocks, stride, cos, sin });
    length = blocks;
    stride *= radix;
  }
  return all;
}

/**
 * Fourier transform of 400 real numbers, the length Whisper's features are made with. The packages
 * at hand do powers of two; a plain sum costs 0.13 ms a frame, this some microseconds. Keeps its
 * memory between calls, so one instance serves one thread.
 */
export class Spectrum {
  /** Real and imaginary parts of the bins 0 to 200, overwritten by every `transform`. */
  readonly re = new Float64Array(points + 1);
  readonly im = new Float64Array(points + 1);
  readonly #passes = passes();
  #re = new Float64Array(points);
  #im = new Float64Array(points);
  #nextRe = new Float64Array(points);
  #nextIm = new Float64Array(points);
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;

  constructor() {
    const angle = (bin: number): number => (-2 * Math.PI * bin) / fftSamples;
    this.#cos = Float64Array.from({ length: points + 1 }, (_, bin) => Math.cos(angle(bin)));
    this.#sin = Float64Array.from({ length: points + 1 }, (_, bin) => Math.sin(angle(bin)));
  }

  /** @param frame 400 numbers, only read */
  transform(frame: Float64Array): void {
    // Even samples become real parts, odd ones imaginary parts of a transform half as long.
    for (let i = 0; i < points; i += 1) {
      this.#re[i] = frame[2 * i]!;
      this.#im[i] = frame[2 * i + 1]!;
    }
    for (const pass of this.#passes) {
      for (let block = 0; block < pass.blocks; block += 1) this.#runBlock(pass, block);
      [this.#re, this.#nextRe] = [this.#nextRe, this.#re];
      [this.#im, this.#nextIm] = [this.#nextIm, this.#im];
    }
    this.#separate();
  }

  #runBlock({ radix, blocks, stride, cos, sin }: Pass, block: number): void {
    const step = stride * blocks;
    for (let offset = 0; offset < stride; offset += 1) {
      const from = offset + stride * block;
      const to = offset + stride * radix * block;
      switch (radix) {
        case 2:
          this.#butterfly2(from, to, step, stride);
          break;
        case 4:
          this.#butterfly4(from, to, step, stride);
          break;
        case 5:
          this.#butterfly5(from, to, step, stride);
          break;
      }
      for (let leg = 1; leg < radix; leg += 1) {
        const at = to + leg * stride;
        const re = this.#nextRe[at]!;
        const im = this.#nextIm[at]!;
        const c = cos[block * radix + leg]!;
        const s = sin[block * radix + leg]!;
        this.#nextRe[at] = re * c - im * s;
        this.#nextIm[at] = re * s + im * c;
      }
    }
  }

  #butterfly2(from: number, to: number, step: number, stride: number): void {
    const ar = this.#re[from]!;
    const ai = this.#im[from]!;
    const br = this.#re[from + step]!;
    const bi = this.#im[from + step]!;
    this.#nextRe[to] = ar + br;
    this.#nextIm[to] = ai + bi;
    this.#nextRe[to + stride] = ar - br;
    this.#nextIm[to + stride] = ai - bi;
  }

  #butterfly4(from: number, to: number, step: number, stride: number): void {
    const ar = this.#re[from]! + this.#re[from + 2 * step]!;
    const ai = this.#im[from]! + this.#im[from + 2 * step]!;
    const br = this.#re[from]! - this.#re[from + 2 * step]!;
    const bi = this.#im[from]! - this.#im[from + 2 * step]!;
    const cr = this.#re[from + step]! + this.#re[from + 3 * step]!;
    const ci = this.#im[from + step]! + this.#im[from + 3 * step]!;
    const dr = this.#re[from + step]! - this.#re[from + 3 * step]!;
    const di = this.#im[from + step]! - this.#im[from + 3 * step]!;
    this.#nextRe[to] = ar + cr;
    this.#nextIm[to] = ai + ci;
    this.#nextRe[to + stride] = br + di;
    this.#nextIm[to + stride] = bi - dr;
    this.#nextRe[to + 2 * stride] = ar - cr;
    this.#nextIm[to + 2 * stride] = ai - ci;
    this.#nextRe[to + 3 * stride] = br - di;
    this.#nextIm[to + 3 * stride] = bi + dr;
  }

  #butterfly5(from: number, to: number, step: number, stride: number): void {
    const r = this.#re;
    const i = this.#im;
    const r0 = r[from]!;
    const i0 = i[from]!;
    // Legs 1 and 4, and 2 and 3, are conjugate: their sums and differences are all that is needed.
    const ar = r[from + step]! + r[from + 4 * step]!;
    const ai = i[from + step]! + i[from + 4 * step]!;
    const br = r[from + step]! - r[from + 4 * step]!;
    const bi = i[from + step]! - i[from + 4 * step]!;
    const cr = r[from + 2 * step]! + r[from + 3 * step]!;
    const ci = i[from + 2 * step]! + i[from + 3 * step]!;
    const dr = r[from + 2 * step]! - r[from + 3 * step]!;
    const di = i[from + 2 * step]! - i[from + 3 * step]!;
    this.#nextRe[to] = r0 + ar + cr;
    this.#nextIm[to] = i0 + ai + ci;
    const er = r0 + cos72 * ar + cos144 * cr;
    const ei = i0 + cos72 * ai + cos144 * ci;
    const fr = sin72 * br + sin144 * dr;
    const fi = sin72 * bi + sin144 * di;
    const gr = r0 + cos144 * ar + cos72 * cr;
    const gi = i0 + cos144 * ai + cos72 * ci;
    const hr = sin144 * br - sin72 * dr;
    const hi = sin144 * bi - sin72 * di;
    this.#nextRe[to + stride] = er + fi;
    this.#nextIm[to + stride] = ei - fr;
    this.#nextRe[to + 4 * stride] = er - fi;
    this.#nextIm[to + 4 * stride] = ei + fr;
    this.#nextRe[to + 2 * stride] = gr + hi;
    this.#nextIm[to + 2 * stride] = gi - hr;
    this.#nextRe[to + 3 * stride] = gr - hi;
    this.#nextIm[to + 3 * stride] = gi + hr;
  }

  /** From the half-length transform to the bins of the real one. */
  #separate(): void {
    for (let bin = 0; bin <= points; bin += 1) {
      const here = bin % points;
      const mirror = (points - bin) % points;
      const evenRe = 0.5 * (this.#re[here]! + this.#re[mirror]!);
      const evenIm = 0.5 * (this.#im[here]! - this.#im[mirror]!);
      const oddRe = 0.5 * (this.#im[here]! + this.#im[mirror]!);
      const oddIm = -0.5 * (this.#re[here]! - this.#re[mirror]!);
      const c = this.#cos[bin]!;
      const s = this.#sin[bin]!;
      this.re[bin] = evenRe + oddRe * c - oddIm * s;
      this.im[bin] = evenIm + oddRe * s + oddIm * c;
    }
  }
}
