import type { Chunk } from '../../../src/audio/chunk.ts';
import { bytesPerSample, msToSamples, type AudioFormat } from '../../../src/audio/format.ts';

/**
 * What the caller said since the last turn, kept until a commit says which of it is the next one.
 *
 * This wire can take nothing back, and whatever lies between its signs of activity is answered: a
 * cough, or the silence while the agent spoke. So a turn is sent when it is known, with what came
 * before its onset, and nothing else ever is.
 */
export class CallerTurn {
  readonly #format: AudioFormat;
  readonly #limitSamples: number;
  readonly #onDropped: (samples: number) => void;
  #chunks: Chunk[] = [];
  #samples = 0;

  /** @param limitMs most that is kept; the oldest goes first */
  constructor(format: AudioFormat, limitMs: number, onDropped: (samples: number) => void) {
    this.#format = format;
    this.#limitSamples = msToSamples(limitMs, format.rateHz);
    this.#onDropped = onDropped;
  }

  /** Samples kept now. */
  get samples(): number {
    return this.#samples;
  }

  /** The chunk is kept as it is. */
  append(chunk: Chunk): void {
    this.#chunks.push(chunk);
    this.#samples += chunk.samples;
    let dropped = 0;
    while (this.#samples > this.#limitSamples && this.#chunks.length > 1) {
      const [first] = this.#chunks.splice(0, 1);
      dropped += first?.samples ?? 0;
      this.#samples -= first?.samples ?? 0;
    }
    if (dropped > 0) this.#onDropped(dropped);
  }

  /** Takes the turn [fromSample, toSample) and forgets what lies before its end. */
  take(fromSample: number, toSample: number): Uint8Array[] {
    const turn: Uint8Array[] = [];
    const rest: Chunk[] = [];
    for (const chunk of this.#chunks) {
      const endSample = chunk.startSample + chunk.samples;
      const from = Math.max(fromSample, chunk.startSample);
      const to = Math.min(toSample, endSample);
      if (to > from) turn.push(this.#cut(chunk, from, to));
      if (endSample > toSample) rest.push(chunk);
    }
    this.#chunks = rest;
    this.#samples = rest.reduce((sum, { samples }) => sum + samples, 0);
    return turn;
  }

  /** Everything since a position, which stays kept. */
  since(fromSample: number): Uint8Array[] {
    return this.#chunks.flatMap((chunk) => {
      const endSample = chunk.startSample + chunk.samples;
      if (endSample <= fromSample) return [];
      return [this.#cut(chunk, Math.max(fromSample, chunk.startSample), endSample)];
    });
  }

  clear(): void {
    this.#chunks = [];
    this.#samples = 0;
  }

  #cut(chunk: Chunk, fromSample: number, toSample: number): Uint8Array {
    const width = bytesPerSample(this.#format.codec);
    const from = (fromSample - chunk.startSample) * width;
    return chunk.bytes.subarray(from, (toSample - chunk.startSample) * width);
  }
}

/** Joins pieces into ones of at most `lengthBytes`, a last shorter one included. */
export function inPiecesOf(lengthBytes: number, pieces: readonly Uint8Array[]): Uint8Array[] {
  const whole = Buffer.concat(pieces);
  const cut: Uint8Array[] = [];
  for (let from = 0; from < whole.byteLength; from += lengthBytes) {
    cut.push(whole.subarray(from, from + lengthBytes));
  }
  return cut;
}
