import { wireRateHz } from './rate.ts';
import { Resampler } from './resampler.ts';

/** Length of a chunk on the wire, ms. */
const chunkMs = 20;

/** Takes what the microphone gives, or silence, and hands it out in chunks at the wire's rate. */
class Capture extends AudioWorkletProcessor {
  readonly #resampler = new Resampler(sampleRate, wireRateHz);
  readonly #chunk = new Float32Array((wireRateHz * chunkMs) / 1000);
  #filled = 0;
  #silence = new Float32Array(128);

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const blockLength = outputs[0]?.[0]?.length ?? 128;
    if (this.#silence.length !== blockLength) this.#silence = new Float32Array(blockLength);
    const samples = this.#resampler.push(inputs[0]?.[0] ?? this.#silence);
    for (const sample of samples) {
      this.#chunk[this.#filled] = sample;
      this.#filled += 1;
      if (this.#filled < this.#chunk.length) continue;
      this.#filled = 0;
      const copy = this.#chunk.slice();
      this.port.postMessage({ samples: copy, endS: currentTime }, [copy.buffer]);
    }
    return true;
  }
}

registerProcessor('capture', Capture);
