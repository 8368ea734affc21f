import { samplesToMs } from '../../../src/audio/format.ts';
import type { StreamFrame } from '../../../src/ports/backend.ts';
import type { ModelFrame } from '../../inference/model-worker.ts';

/** Turns a model's frames into the port's. A line's text begins without the space between words. */
export class FrameDecoder {
  readonly #rateHz: number;
  #atLineStart = true;

  /** @param rateHz of the model's output */
  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  frame({ output, ...frame }: ModelFrame): StreamFrame {
    const { mark, words } = output;
    if (mark !== null) this.#atLineStart = true;
    const text = output.text !== null && this.#atLineStart ? output.text.trimStart() : output.text;
    if (text !== null) this.#atLineStart = false;
    if (words === null) return { ...frame, text, mark };
    const timed = words.map((word) => ({
      text: word.text,
      startMs: samplesToMs(word.startSample, this.#rateHz),
      endMs: samplesToMs(word.endSample, this.#rateHz),
    }));
    return { ...frame, text, mark, words: timed };
  }
}
