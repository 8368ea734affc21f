import { bytesPerSample, msToSamples } from '../audio/format.ts';
import { decodeSamples } from '../audio/samples.ts';
import { dipSearchMs } from './stop-point.ts';
import type { LineTrack } from './line-track.ts';

/** A piece of a line's audio, or its end. */
export interface Queued {
  readonly track: LineTrack;
  /** Audio in the client's format; empty for a bare end. */
  readonly bytes: Uint8Array;
  /** Call time at which the queue got it. */
  readonly receivedAtMs: number;
}

/** What in-band lines have still to give, in order. Its length is limited by whoever fills it. */
export class LineQueue {
  #queue: Queued[] = [];
  #samples = 0;

  /** Audio in it, samples. */
  get samples(): number {
    return this.#samples;
  }

  get head(): Queued | undefined {
    return this.#queue[0];
  }

  push(queued: Queued): void {
    this.#queue.push(queued);
    this.#samples += samplesOf(queued);
  }

  /** Takes this many samples of the head's audio, or the end that it is. */
  take(samples: number): Uint8Array {
    const head = this.#queue[0]!;
    this.#samples -= samples;
    const lengthBytes = samples * bytesPerSample(head.track.format.codec);
    if (lengthBytes === head.bytes.byteLength) {
      this.#queue.shift();
      // As it is where it goes whole: it may remember the text it came as.
      return head.bytes;
    }
    this.#queue[0] = { ...head, bytes: head.bytes.subarray(lengthBytes) };
    return head.bytes.subarray(0, lengthBytes);
  }

  /** The line whose audio goes next, and the first 300 ms of what waits of it. */
  get nextAudio(): { readonly track: LineTrack; readonly upcoming: Float32Array } | null {
    const track = this.#queue.find(({ bytes }) => bytes.byteLength > 0)?.track;
    if (track === undefined) return null;
    const { codec, rateHz } = track.format;
    const mine = this.#queue.filter((queued) => queued.track === track).map(({ bytes }) => bytes);
    const lengthBytes = mine.reduce((sum, bytes) => sum + bytes.byteLength, 0);
    const mostBytes = msToSamples(dipSearchMs, rateHz) * bytesPerSample(codec);
    const upcoming = decodeSamples(Buffer.concat(mine, Math.min(lengthBytes, mostBytes)), codec);
    return { track, upcoming };
  }

  /** Drops what waits of a line beyond its next samples. @param samples how many stay */
  keep(track: LineTrack, samples: number): void {
    let room = samples;
    const kept: Queued[] = [];
    for (const queued of this.#queue) {
      if (queued.track !== track) {
        kept.push(queued);
        continue;
      }
      const length = Math.min(room, samplesOf(queued));
      const lengthBytes = length * bytesPerSample(track.format.codec);
      room -= length;
      this.#samples -= samplesOf(queued) - length;
      if (length > 0) kept.push({ ...queued, bytes: queued.bytes.subarray(0, lengthBytes) });
    }
    this.#queue = kept;
  }

  clear(): void {
    this.#queue = [];
    this.#samples = 0;
  }
}

/** 0 for an end. */
export function samplesOf({ bytes, track: { format } }: Queued): number {
  return bytes.byteLength / bytesPerSample(format.codec);
}
