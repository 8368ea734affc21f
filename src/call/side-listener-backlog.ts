import { bytesPerSample, samplesToMs, type AudioFormat } from '../audio/format.ts';

/** Audio kept for a recogniser that is not there yet, ms. */
const limitMs = 5000;
/** Chunks and ends kept (a count). */
const limitEntries = 2000;

/** What waits for a recogniser, in order. */
export type Waiting =
  | { readonly kind: 'audio'; readonly bytes: Uint8Array; readonly format: AudioFormat }
  /** The stretch of this id was over. */
  | { readonly kind: 'finish'; readonly id: string };

/** What was thrown away at once: half a turn would be shown as if it were one. */
export interface Dropped {
  readonly audioMs: number;
  /** Finished stretches. */
  readonly ids: readonly string[];
}

/** Audio and ends of stretches that nobody is there for yet: some seconds, or nothing at all. */
export class SideBacklog {
  #waiting: Waiting[] = [];
  #audioMs = 0;

  /** @returns what had to go for it, or `null` */
  push(waiting: Waiting): Dropped | null {
    this.#waiting.push(waiting);
    if (waiting.kind === 'audio') this.#audioMs += lengthMs(waiting);
    if (this.#audioMs <= limitMs && this.#waiting.length <= limitEntries) return null;
    const audioMs = this.#audioMs;
    const all = this.takeAll();
    const ids = all.flatMap((each) => (each.kind === 'finish' ? [each.id] : []));
    return { audioMs, ids };
  }

  /** The stretch in progress was nothing: finished ones stay. */
  clear(): void {
    const end = this.#waiting.findLastIndex(({ kind }) => kind === 'finish') + 1;
    for (const waiting of this.#waiting.splice(end)) {
      if (waiting.kind === 'audio') this.#audioMs -= lengthMs(waiting);
    }
  }

  takeAll(): readonly Waiting[] {
    const all = this.#waiting;
    this.#waiting = [];
    this.#audioMs = 0;
    return all;
  }
}

function lengthMs({ bytes, format }: Waiting & { kind: 'audio' }): number {
  return samplesToMs(bytes.byteLength / bytesPerSample(format.codec), format.rateHz);
}
