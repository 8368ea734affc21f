import type { Chunk } from '../../../../src/audio/chunk.ts';
import { bytesPerSample, samplesToMs, type AudioFormat } from '../../../../src/audio/format.ts';

/** Audio at its place in the session. */
interface Kept {
  readonly startSample: number;
  readonly samples: number;
  readonly bytes: Uint8Array;
}

/** The latest audio of a session, for a connection that has to hear it again. */
export class AudioRing {
  readonly #format: AudioFormat;
  readonly #limitSamples: number;
  #kept: Kept[] = [];
  #endSample = 0;

  /** @param limitMs of audio that is kept, ms */
  constructor(format: AudioFormat, limitMs: number) {
    this.#format = format;
    this.#limitSamples = (limitMs * format.rateHz) / 1000;
  }

  /** Where it begins, ms of the session's audio. */
  get startMs(): number {
    return samplesToMs(this.#kept[0]?.startSample ?? this.#endSample, this.#format.rateHz);
  }

  /** The bytes are kept as they are: nobody writes to them again. */
  push({ samples, bytes }: Pick<Chunk, 'samples' | 'bytes'>): void {
    this.#kept.push({ startSample: this.#endSample, samples, bytes });
    this.#endSample += samples;
    let [first] = this.#kept;
    while (first !== undefined && this.#endSample - first.startSample > this.#limitSamples) {
      this.#kept.shift();
      [first] = this.#kept;
    }
  }

  /** Audio before this is wanted no more, ms. */
  forget(beforeMs: number): void {
    const before = (beforeMs * this.#format.rateHz) / 1000;
    let gone = 0;
    while (gone < this.#kept.length) {
      const { startSample, samples } = this.#kept[gone]!;
      if (startSample + samples > before) break;
      gone += 1;
    }
    if (gone > 0) this.#kept = this.#kept.slice(gone);
  }

  /** What there is of [fromMs, toMs), as pieces in a row. */
  between(fromMs: number, toMs: number): Uint8Array[] {
    const { codec, rateHz } = this.#format;
    const width = bytesPerSample(codec);
    const from = Math.round((fromMs * rateHz) / 1000);
    const to = Math.round((toMs * rateHz) / 1000);
    return this.#kept.flatMap(({ startSample, samples, bytes }) => {
      const first = Math.max(0, from - startSample);
      const last = Math.min(samples, to - startSample);
      return first < last ? [bytes.subarray(first * width, last * width)] : [];
    });
  }
}
