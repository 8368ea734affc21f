import type { FileHandle } from 'node:fs/promises';
import { bytesPerSample, type AudioFormat } from '../../src/audio/format.ts';
import { decodeG711 } from '../../src/audio/g711.ts';
import { viewInt16 } from '../../src/audio/pcm16.ts';
import type { Placement } from '../../src/ports/recording.ts';

/** Samples of one channel by their place in the recording, silence where nothing lies. */
export class TrackReader {
  readonly #file: FileHandle;
  readonly #format: AudioFormat;
  readonly #placements: readonly Placement[];
  /** Placements before it end before what was read last. */
  #first = 0;

  constructor(file: FileHandle, format: AudioFormat, placements: readonly Placement[]) {
    this.#file = file;
    this.#format = format;
    this.#placements = placements;
  }

  /** [fromSample, fromSample + samples) of the recording. To be asked for in order. */
  async read(fromSample: number, samples: number): Promise<Int16Array> {
    const result = new Int16Array(samples);
    const toSample = fromSample + samples;
    for (let index = this.#first; index < this.#placements.length; index += 1) {
      const placed = this.#placements[index]!;
      const from = Math.max(fromSample, placed.atSample);
      const to = Math.min(toSample, placed.atSample + placed.samples);
      if (placed.atSample + placed.samples <= fromSample) this.#first = index + 1;
      if (placed.atSample >= toSample) break;
      if (to <= from) continue;
      const read = await this.#samples(placed.fromSample + from - placed.atSample, to - from);
      result.set(read, from - fromSample);
    }
    return result;
  }

  async #samples(fromSample: number, samples: number): Promise<Int16Array> {
    const { codec } = this.#format;
    const width = bytesPerSample(codec);
    const bytes = new Uint8Array(samples * width);
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.byteLength, fromSample * width);
    const read = bytes.subarray(0, bytesRead - (bytesRead % width));
    return codec === 'pcm16' ? viewInt16(read) : decodeG711(read, codec);
  }
}
