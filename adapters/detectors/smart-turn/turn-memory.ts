import { lowBands, melFrames, type MelAnalyser, type MelFrames } from './mel-frame.ts';
import {
  fftSamples,
  halfSamples,
  hopSamples,
  inputLength,
  melBands,
  windowFrames,
  windowSamples,
} from './shape.ts';

/** Audio kept: the window and what a frame and a hop reach beyond it, as a power of two. */
const keptSamples = 2 ** 17;
/** log10 of the least power that counts. */
const floorLog10 = -10;
/** Bands more than 80 dB below the loudest one are lifted to there. */
const rangeLog10 = 8;
const varianceEps = 1e-7;
/** Transform of a constant 1 under the Hann window, bin 1. */
const bin1OfOne = -fftSamples / 4;

/**
 * What one stream was heard to say in the last 8 s: its audio, and mel frames that are made as it
 * comes. `features` puts them together into what Smart Turn v3 takes. Half a mebibyte a stream.
 *
 * Audio is taken in hops of 10 ms: a window ends at the last whole one.
 */
export class TurnMemory {
  readonly #analyser: MelAnalyser;
  /** 16-bit samples, which is what the model was trained on. */
  readonly #pcm = new Int16Array(keptSamples);
  readonly #frames = melFrames(windowFrames);
  /** Frames at a window's edges, where it mirrors itself or begins with zeros. */
  readonly #edge = melFrames(1);
  readonly #silent = silentFrame();
  readonly #samples = new Float64Array(fftSamples);
  #heard = 0;
  /** Frames made; frame `i` is centred on sample `160 · i`. */
  #made = 0;

  constructor(analyser: MelAnalyser) {
    this.#analyser = analyser;
  }

  /** @param pcm samples −1…1, only read; what is beyond is clipped */
  append(pcm: Float32Array): void {
    for (let at = 0; at < pcm.length; at += hopSamples) {
      const piece = pcm.subarray(at, at + hopSamples);
      for (let i = 0; i < piece.length; i += 1) {
        const value = Math.max(-32_768, Math.min(32_767, Math.round(piece[i]! * 32_768)));
        this.#pcm[(this.#heard + i) % keptSamples] = value;
      }
      this.#heard += piece.length;
      this.#makeFrames();
    }
  }

  /**
   * Features of the turn that began at sample `from`, counted from the first one appended: its last
   * 8 s, with zeros in front of a shorter one.
   * @param into 64,000 numbers, overwritten: `[80, 800]`
   * @returns false when there is not one hop of audio since then, and nothing was written
   */
  features(from: number, into: Float32Array): boolean {
    if (into.length !== inputLength) {
      throw new RangeError(`into must hold ${inputLength} numbers, has ${into.length}`);
    }
    const hops = Math.floor(this.#heard / hopSamples);
    const start = hops * hopSamples - windowSamples;
    const silence = Math.max(0, -start, from - start);
    if (silence >= windowSamples) return false;
    const { mean, logScale } = this.#normalisation(start, silence);
    let most = floorLog10;
    for (let frame = 0; frame < windowFrames; frame += 1) {
      const top = this.#column({ frame, start, silence, mean, logScale }, into);
      if (top > most) most = top;
    }
    const least = most - rangeLog10;
    for (let i = 0; i < inputLength; i += 1) into[i] = (Math.max(into[i]!, least) + 4) / 4;
    return true;
  }

  #makeFrames(): void {
    while (this.#made * hopSamples + halfSamples <= this.#heard) {
      const from = this.#made * hopSamples - halfSamples;
      for (let i = 0; i < fftSamples; i += 1) {
        this.#samples[i] = from + i < 0 ? 0 : this.#at(from + i);
      }
      this.#analyser.analyse(this.#samples, this.#frames, this.#made % windowFrames);
      this.#made += 1;
    }
  }

  #at(sample: number): number {
    return this.#pcm[sample % keptSamples]! / 32_768;
  }

  /** Mean, and log10 of what powers are multiplied with, over the window with its zeros. */
  #normalisation(start: number, silence: number): { mean: number; logScale: number } {
    let sum = 0;
    let squares = 0;
    for (let i = silence; i < windowSamples; i += 1) {
      const value = this.#pcm[(start + i) % keptSamples]!;
      sum += value;
      squares += value * value;
    }
    const mean = sum / 32_768 / windowSamples;
    const variance = squares / 32_768 ** 2 / windowSamples - mean * mean;
    return { mean, logScale: -Math.log10(variance + varianceEps) };
  }

  /** Writes a frame's 80 logarithms of power and returns the greatest. */
  #column(
    window: {
      readonly frame: number;
      readonly start: number;
      readonly silence: number;
      readonly mean: number;
      readonly logScale: number;
    },
    into: Float32Array,
  ): number {
    const { frame, start, silence, mean, logScale } = window;
    const { frames, index } = this.#frameOf(frame, start, silence);
    const bin1Power =
      (frames.bin1[2 * index]! - mean * bin1OfOne) ** 2 + frames.bin1[2 * index + 1]! ** 2;
    let most = floorLog10;
    for (let band = 0; band < melBands; band += 1) {
      let value = frames.bands[index * melBands + band]!;
      if (band < lowBands)
        value = Math.log10(value + this.#analyser.bin1Weights[band]! * bin1Power);
      value += logScale;
      if (value < floorLog10) value = floorLog10;
      if (value > most) most = value;
      into[band * windowFrames + frame] = value;
    }
    return most;
  }

  /** A window's frame: the one that was made, unless it reaches over an edge of the turn. */
  #frameOf(
    frame: number,
    start: number,
    silence: number,
  ): { readonly frames: MelFrames; readonly index: number } {
    const from = frame * hopSamples - halfSamples;
    const inside = from >= silence && from + fftSamples <= windowSamples;
    if (inside) return { frames: this.#frames, index: (start / hopSamples + frame) % windowFrames };
    if (from + fftSamples <= silence) return { frames: this.#silent, index: 0 };
    for (let i = 0; i < fftSamples; i += 1) {
      const place = mirrored(from + i);
      this.#samples[i] = place < silence ? 0 : this.#at(start + place);
    }
    this.#analyser.analyse(this.#samples, this.#edge, 0);
    return { frames: this.#edge, index: 0 };
  }
}

function silentFrame(): MelFrames {
  const frame = melFrames(1);
  frame.bands.fill(-Infinity, lowBands);
  return frame;
}

/** The transform sees the window continued as in a mirror, its last sample not repeated. */
function mirrored(place: number): number {
  if (place < 0) return -place;
  return place < windowSamples ? place : 2 * (windowSamples - 1) - place;
}
