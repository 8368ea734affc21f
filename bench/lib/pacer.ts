import { machineUs } from './machine-clock.ts';

/** Length of an audio frame, ms. */
export const frameMs = 20;
/** Audio of the benchmarks: 24 kHz, 16 bit, mono. */
const frameSamples = 480;
export const frameBytes = frameSamples * 2;

/** Something that is due once in every frame's length. */
export interface Paced {
  due(): void;
}

/** Lateness samples kept of one window (a count); later ones are counted, not kept. */
const latenessLimit = 2_000_000;

/**
 * Calls many things every 20 ms each, spread evenly over the 20 ms, on a schedule that does not
 * drift: after a delay everything missed is made up for. How late it was is measured, because a
 * generator that cannot keep up measures itself.
 */
export class Pacer {
  readonly #slots: Set<Paced>[] = Array.from({ length: frameMs }, () => new Set<Paced>());
  readonly #slotOf = new Map<Paced, number>();
  readonly #originUs = machineUs();
  readonly #timer: NodeJS.Timeout;
  #nextSlot = 0;
  #lateMs: number[] = [];

  constructor() {
    this.#timer = setInterval(() => this.#tick(), 1);
  }

  add(paced: Paced): void {
    let emptiest = 0;
    for (const [slot, entries] of this.#slots.entries()) {
      if (entries.size < this.#slots[emptiest]!.size) emptiest = slot;
    }
    this.#slots[emptiest]!.add(paced);
    this.#slotOf.set(paced, emptiest);
  }

  /** Idempotent. */
  remove(paced: Paced): void {
    const slot = this.#slotOf.get(paced);
    if (slot === undefined) return;
    this.#slots[slot]!.delete(paced);
    this.#slotOf.delete(paced);
  }

  /** Lateness of the groups of frames since it was last asked for, ms. */
  takeLateMs(): Float64Array {
    const late = Float64Array.from(this.#lateMs);
    this.#lateMs = [];
    return late;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const elapsedMs = (machineUs() - this.#originUs) / 1e3;
    for (; this.#nextSlot <= elapsedMs; this.#nextSlot += 1) {
      const slot = this.#slots[this.#nextSlot % frameMs]!;
      if (slot.size === 0) continue;
      if (this.#lateMs.length < latenessLimit) {
        this.#lateMs.push((machineUs() - this.#originUs) / 1e3 - this.#nextSlot);
      }
      for (const paced of slot) paced.due();
    }
  }
}
