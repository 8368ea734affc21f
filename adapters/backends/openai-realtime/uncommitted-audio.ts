import { ChunkHistory } from '../../../src/audio/chunk-history.ts';
import { bytesPerSample, msToSamples, type AudioFormat } from '../../../src/audio/format.ts';
import type { Chunk } from '../../../src/audio/chunk.ts';

/** Caller audio that can be sent again, ms: as much as the call itself keeps. */
const keptMs = 15_000;
/** Silence before a turn that is sent along, ms; more of it is taken back first. */
const leadMs = 3000;
/** Most audio left in the upstream's buffer, ms: below 15 MiB in every format. */
const bufferMs = 280_000;
/** Audio that is sent again goes in pieces of this length, ms. */
const pieceMs = 500;

/** What is to be taken back, and what to send again after that. */
export interface Retake {
  readonly again: readonly Uint8Array[];
  /** Samples that the upstream no longer has. */
  readonly droppedSamples: number;
}

/** Caller audio by its uplink positions, new memory; `null` where it is not kept. */
export type Recall = (fromSample: number, toSample: number) => Uint8Array | null;

/**
 * What lies in the upstream's input buffer. A commit there takes everything since the last one,
 * and with our own detection that is all the silence while the agent spoke: paid for, and
 * transcribed as words that nobody said.
 */
export class UncommittedAudio {
  readonly #format: AudioFormat;
  readonly #recall: Recall;
  /** Audio kept here, where nobody else does. */
  #own: ChunkHistory | null;
  /** Uplink position at which the upstream's buffer begins; `null` while it is empty. */
  #fromSample: number | null = null;
  #endSample = 0;

  /** @param recall gets audio of the latest 15 s from who keeps it; `null`: it is kept here */
  constructor(format: AudioFormat, recall: Recall | null) {
    this.#format = format;
    this.#own = recall === null ? new ChunkHistory(format, keptMs) : null;
    this.#recall = recall ?? ((from, to) => this.#own?.slice(from, to) ?? null);
  }

  /** @returns what to do when too much lies there that nobody committed */
  append(chunk: Chunk): Retake | null {
    this.#keep(chunk);
    this.#fromSample ??= chunk.startSample;
    this.#endSample = chunk.startSample + chunk.samples;
    if (chunk.startSample - this.#fromSample < this.#samples(bufferMs)) return null;
    const keptFrom = this.#endSample - this.#samples(keptMs);
    const droppedSamples = keptFrom - this.#fromSample;
    this.#fromSample = keptFrom;
    return { again: this.#pieces(keptFrom), droppedSamples };
  }

  /**
   * The turn that begins at `fromSample` is committed.
   *
   * @returns what to do before, or `null` when the buffer may be committed as it is
   */
  commit(fromSample: number): Retake | null {
    const bufferFrom = this.#fromSample;
    this.clear();
    if (bufferFrom === null || fromSample - bufferFrom <= this.#samples(leadMs)) return null;
    const again = fromSample < this.#endSample ? this.#pieces(fromSample) : [];
    return again.length === 0 ? null : { again, droppedSamples: fromSample - bufferFrom };
  }

  clear(): void {
    this.#fromSample = null;
  }

  /**
   * Everything of the buffer that is still kept, for a connection without it.
   *
   * @param mostMs no more than this of it
   * @returns also the uplink position at which it begins
   */
  retold(mostMs = keptMs): Retake & { readonly fromSample: number } {
    const bufferFrom = this.#fromSample ?? this.#endSample;
    const kept = Math.max(0, this.#endSample - this.#samples(Math.min(mostMs, keptMs)));
    const fromSample = Math.max(bufferFrom, kept);
    this.#fromSample = fromSample === this.#endSample ? null : fromSample;
    const again = fromSample < this.#endSample ? this.#pieces(fromSample) : [];
    return { again, droppedSamples: fromSample - bufferFrom, fromSample };
  }

  /** Over a gap, where the upstream took nothing, nothing is kept. */
  #keep(chunk: Chunk): void {
    if (this.#own === null) return;
    const isGap = this.#own.endSample > 0 && chunk.startSample !== this.#own.endSample;
    if (isGap) this.#own = new ChunkHistory(this.#format, keptMs);
    this.#own.append(chunk);
  }

  /** From there to the end; none where the beginning is no longer kept. */
  #pieces(fromSample: number): readonly Uint8Array[] {
    const bytes = this.#recall(fromSample, this.#endSample);
    const pieceBytes = this.#samples(pieceMs) * bytesPerSample(this.#format.codec);
    const pieces: Uint8Array[] = [];
    for (let at = 0; bytes !== null && at < bytes.byteLength; at += pieceBytes) {
      pieces.push(bytes.subarray(at, at + pieceBytes));
    }
    return pieces;
  }

  #samples(ms: number): number {
    return msToSamples(ms, this.#format.rateHz);
  }
}
