import { bytesPerSample, msToSamples, type AudioFormat } from '../../../src/audio/format.ts';
import type { AnswerOutput } from './answer.ts';

/** Audio that may be held, ms, and other outputs (a count). */
const audioLimitMs = 60_000;
const outputLimit = 4000;

/** What an answer has brought while nobody may have it, in order and bounded. */
export class HeldOutputs {
  readonly #limitBytes: number;
  #outputs: AnswerOutput[] = [];
  #bytes = 0;
  #outgrown = false;
  #cleared = false;

  constructor({ codec, rateHz }: AudioFormat) {
    this.#limitBytes = msToSamples(audioLimitMs, rateHz) * bytesPerSample(codec);
  }

  /** More came than may be held. */
  get outgrown(): boolean {
    return this.#outgrown;
  }

  /** Thrown away: what was taken out is not wanted either. */
  get cleared(): boolean {
    return this.#cleared;
  }

  /** @returns false when it is too much */
  push(output: AnswerOutput): boolean {
    if (this.#outgrown) return false;
    this.#outputs.push(output);
    if (output.type === 'audio') this.#bytes += output.bytes.byteLength;
    this.#outgrown = this.#bytes > this.#limitBytes || this.#outputs.length > outputLimit;
    return !this.#outgrown;
  }

  /** All of it; it holds nothing any more. */
  release(): readonly AnswerOutput[] {
    return this.#outputs.splice(0);
  }

  clear(): void {
    this.#cleared = true;
    this.#outputs = [];
  }
}
