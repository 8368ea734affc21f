import { frameSamples } from './shape.ts';

/** A whole frame at its place on the stream's timeline. */
export interface Frame {
  /** `frameSamples` samples; may be a view of the audio that was pushed. */
  readonly samples: Float32Array;
  /** Position after its last sample, counted in samples since the stream began. */
  readonly endSample: number;
}

/** Cuts audio of any lengths into frames. Positions count every sample ever given. */
export class Framer {
  #partial = new Float32Array(frameSamples);
  #fill = 0;
  #endSample = 0;

  /** @param pcm handed over: frames may be views of it */
  cut(pcm: Float32Array): Frame[] {
    const frames: Frame[] = [];
    let taken = 0;
    while (taken < pcm.length) {
      if (this.#fill === 0 && pcm.length - taken >= frameSamples) {
        const samples = pcm.subarray(taken, taken + frameSamples);
        taken += frameSamples;
        this.#endSample += frameSamples;
        frames.push({ samples, endSample: this.#endSample });
        continue;
      }
      const piece = pcm.subarray(taken, taken + frameSamples - this.#fill);
      this.#partial.set(piece, this.#fill);
      taken += piece.length;
      this.#fill += piece.length;
      this.#endSample += piece.length;
      if (this.#fill === frameSamples) {
        frames.push({ samples: this.#partial, endSample: this.#endSample });
        this.#partial = new Float32Array(frameSamples);
        this.#fill = 0;
      }
    }
    return frames;
  }

  /** Forgets an unfinished frame: the next one begins with the next sample. */
  restart(): void {
    this.#fill = 0;
  }
}
