import { bytesPerSample, type AudioFormat, type Codec } from '../../../src/audio/format.ts';
import type { DownlinkAudio } from '../../../src/ports/client.ts';

/** Most agent audio that waits for its place, ms: as much as the core keeps unplayed. */
const waitingLimitMs = 120_000;
/**
 * Speech that begins, or goes on after it ran dry, waits until so much of it is there, ms: what comes
 * at the pace of its model comes unevenly (frames of 80 ms made from pieces of 100 ms).
 */
const cushionMs = 200;
/** Most frames that it waits (a count). */
const cushionFrames = 2;
/** Most texts that wait (a count). */
const textLimit = 4_096;

type Part =
  | {
      readonly kind: 'audio';
      readonly itemId: string;
      /** Position on the line, samples. */
      startSample: number;
      bytes: Uint8Array;
    }
  | { readonly kind: 'text'; readonly delta: string }
  | { readonly kind: 'end' };

/** What silence is made of. */
export function silenceByte(codec: Codec): number {
  if (codec === 'pcm16') return 0;
  return codec === 'pcmu' ? 0xff : 0xd5;
}

/** One frame of the track and what came with it. */
export interface TrackFrame {
  /** Whole frames in the session's format: speech, else silence. */
  readonly bytes: Uint8Array;
  /** Something of the agent's, or of a fixture, is in it. */
  readonly voiced: boolean;
  /** Words whose audio begins in it; `null` ends what was being said. */
  readonly texts: readonly (string | null)[];
  /** How far the latest line that is in it has been placed, samples; `null`: none is. */
  readonly placed: { readonly itemId: string; readonly samples: number } | null;
  /** The fixture that was playing ended with it. */
  readonly fixtureEnded: boolean;
}

/**
 * What the caller hears, cut into frames: queued speech where there is any, silence elsewhere. What
 * was put into a frame was said; all else may still be taken back.
 */
export class OutputTrack {
  readonly #sampleBytes: number;
  readonly #frameBytes: number;
  readonly #limitBytes: number;
  readonly #cushionBytes: number;
  readonly #silence: number;
  #parts: Part[] = [];
  #waitingBytes = 0;
  #texts = 0;
  #dropped = 0;
  #fixture: Uint8Array | null = null;
  /** Speech flows: it had its cushion and has not run dry. */
  #flows = false;
  /** Frames that waited for the cushion (a count). */
  #held = 0;

  constructor(format: AudioFormat, frameSamples: number) {
    this.#sampleBytes = bytesPerSample(format.codec);
    this.#frameBytes = frameSamples * this.#sampleBytes;
    this.#limitBytes = (waitingLimitMs / 1000) * format.rateHz * this.#sampleBytes;
    this.#cushionBytes = (cushionMs / 1000) * format.rateHz * this.#sampleBytes;
    this.#silence = silenceByte(format.codec);
  }

  /** Speech waits for its place. */
  get waiting(): boolean {
    return this.#waitingBytes > 0;
  }

  get fixturePlays(): boolean {
    return this.#fixture !== null;
  }

  /** Bytes and texts that there was no room for (a count). */
  get dropped(): number {
    return this.#dropped;
  }

  audio({ itemId, lineStartSample, bytes }: DownlinkAudio): void {
    if (this.#waitingBytes + bytes.byteLength > this.#limitBytes) {
      this.#dropped += 1;
      return;
    }
    this.#waitingBytes += bytes.byteLength;
    this.#parts.push({ kind: 'audio', itemId, startSample: lineStartSample, bytes });
  }

  /** Words of the audio that follows. */
  text(delta: string): void {
    if (this.#texts >= textLimit) {
      this.#dropped += 1;
      return;
    }
    this.#texts += 1;
    this.#parts.push({ kind: 'text', delta });
  }

  /** The line is complete. */
  end(): void {
    if (this.#parts.at(-1)?.kind !== 'end') this.#parts.push({ kind: 'end' });
  }

  /** Takes back all that was not placed yet. */
  cut(): void {
    this.#parts = [{ kind: 'end' }];
    this.#waitingBytes = 0;
    this.#texts = 0;
  }

  /** Plays this instead of anything else, from the next frame on. @param bytes session format */
  playFixture(bytes: Uint8Array): void {
    this.#fixture = bytes;
  }

  /** Makes the next frame. */
  frame(): TrackFrame {
    const bytes = new Uint8Array(this.#frameBytes).fill(this.#silence);
    if (this.#fixture !== null) return this.#fixtureFrame(bytes, this.#fixture);
    if (!this.#flowing()) return this.#frameOf(bytes);
    const texts: (string | null)[] = [];
    let placed: TrackFrame['placed'] = null;
    let filled = 0;
    for (let part = this.#parts[0]; part !== undefined; part = this.#parts[0]) {
      if (part.kind === 'audio') {
        if (filled === bytes.byteLength) break;
        const taken = part.bytes.subarray(0, bytes.byteLength - filled);
        bytes.set(taken, filled);
        filled += taken.byteLength;
        this.#waitingBytes -= taken.byteLength;
        part.startSample += taken.byteLength / this.#sampleBytes;
        placed = { itemId: part.itemId, samples: part.startSample };
        part.bytes = part.bytes.subarray(taken.byteLength);
        if (part.bytes.byteLength > 0) break;
      } else if (part.kind === 'text') {
        // Words belong to audio that begins after them: not in a frame that is already full.
        if (filled === bytes.byteLength) break;
        this.#texts -= 1;
        texts.push(part.delta);
      } else {
        texts.push(null);
      }
      this.#parts.shift();
    }
    this.#flows = filled === bytes.byteLength;
    return { ...this.#frameOf(bytes), voiced: filled > 0, texts, placed };
  }

  /** Whether speech goes into the next frame: see `cushionMs`. A complete line needs none. */
  #flowing(): boolean {
    const ready =
      this.#flows ||
      this.#waitingBytes === 0 ||
      this.#waitingBytes >= this.#cushionBytes ||
      this.#held >= cushionFrames ||
      this.#parts.at(-1)?.kind === 'end';
    this.#held = ready ? 0 : this.#held + 1;
    return ready;
  }

  #frameOf(bytes: Uint8Array): TrackFrame {
    return { bytes, voiced: false, texts: [], placed: null, fixtureEnded: false };
  }

  #fixtureFrame(bytes: Uint8Array, fixture: Uint8Array): TrackFrame {
    const taken = fixture.subarray(0, bytes.byteLength);
    bytes.set(taken);
    const rest = fixture.subarray(taken.byteLength);
    const fixtureEnded = rest.byteLength === 0;
    this.#fixture = fixtureEnded ? null : rest;
    return { bytes, voiced: true, texts: [], placed: null, fixtureEnded };
  }
}
