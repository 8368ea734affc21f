import { bytesPerSample, msToSamples, type AudioFormat } from '../../../src/audio/format.ts';
import type { Chunk } from '../../../src/audio/chunk.ts';

/** Caller audio that can be sent again, ms: as much as the call itself keeps. */
const keptMs = 15_000;
/** Silence before a turn that is sent along, ms; more of it is taken back first. */
const leadMs = 3000;
/** Most audio left in the upstream's buffer, ms: below 15 MiB in every format. */
const bufferMs = 280_000;

/** What is to be taken back, and what to send again after that. */
export interface Retake {
  readonly again: readonly Uint8Array[];
  /** Samples that the upstream no longer has. */
  readonly droppedSamples: number;
}

/**
 * What lies in the upstream's input buffer. A commit there takes everything since the last one,
 * and with our own detection that is all the silence while the agent spoke: paid for, and
 * transcribed as words that nobody said.
 */
export class UncommittedAudio {
  readonly #format: AudioFormat;
  #chunks: Chunk[] = [];
  #keptSamples = 0;
  /** Uplink position at which the upstream's buffer begins; `null` while it is empty. */
  #fromSample: number | null = null;

  constructor(format: AudioFormat) {
    this.#format = format;
  }

  /** @returns what to do when too much lies there that nobody committed */
  append(chunk: Chunk): Retake | null {
    this.#fromSample ??= chunk.startSample;
    this.#chunks.push(chunk);
    this.#keptSamples += chunk.samples;
    const most = this.#samples(keptMs);
    let first = this.#chunks[0];
    while (first !== undefined && this.#keptSamples - first.samples >= most) {
      this.#chunks.shift();
      this.#keptSamples -= first.samples;
      first = this.#chunks[0];
    }
    if (first === undefined || chunk.startSample - this.#fromSample < this.#samples(bufferMs)) {
      return null;
    }
    const droppedSamples = first.startSample - this.#fromSample;
    this.#fromSample = first.startSample;
    return { again: this.#chunks.map(({ bytes }) => bytes), droppedSamples };
  }

  /**
   * The turn that begins at `fromSample` is committed.
   *
   * @returns what to do before, or `null` when the buffer may be committed as it is
   */
  commit(fromSample: number): Retake | null {
    const chunks = this.#chunks;
    const bufferFrom = this.#fromSample;
    const [first] = chunks;
    this.clear();
    if (bufferFrom === null || first === undefined) return null;
    const last = chunks.at(-1)!;
    const isTooLong = fromSample - bufferFrom > this.#samples(leadMs);
    const isKept = fromSample >= first.startSample && fromSample < last.startSample + last.samples;
    if (!isTooLong || !isKept) return null;
    const again = chunks.flatMap((chunk) => {
      const skipped = fromSample - chunk.startSample;
      if (skipped >= chunk.samples) return [];
      return [skipped <= 0 ? chunk.bytes : chunk.bytes.subarray(skipped * this.#width())];
    });
    return { again, droppedSamples: fromSample - bufferFrom };
  }

  clear(): void {
    this.#chunks = [];
    this.#keptSamples = 0;
    this.#fromSample = null;
  }

  #samples(ms: number): number {
    return msToSamples(ms, this.#format.rateHz);
  }

  #width(): number {
    return bytesPerSample(this.#format.codec);
  }
}
