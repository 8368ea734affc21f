import { rateHz } from './shape.ts';

/** Kept: 2 s to come (the longest playout lead) and 2 s gone by, in samples. */
const keptSamples = 4 * rateHz;
/** Pieces that follow one another within this are one stretch of sound, samples (15 ms). */
const seamSamples = 0.015 * rateHz;

/** What was sent, by the call time at which it should sound. Where nothing was sent is silence. */
export class ReferenceRing {
  readonly #samples = new Float32Array(keptSamples);
  /** One past the newest sample, on the call's sample clock; `null` before the first. */
  #endSample: number | null = null;

  write(pcm: Float32Array, playsAtMs: number): void {
    const wanted = Math.max(0, Math.round((playsAtMs * rateHz) / 1000));
    const end = this.#endSample ?? wanted;
    const start = Math.abs(wanted - end) <= seamSamples ? end : wanted;
    // What lies between two stretches is silence: the ring still holds what was there 4 s ago.
    for (let at = Math.max(end, start - keptSamples); at < start; at += 1) {
      this.#samples[at % keptSamples] = 0;
    }
    for (let i = 0; i < pcm.length; i += 1) this.#samples[(start + i) % keptSamples] = pcm[i]!;
    // Going back means that the rest was cut: it will not sound.
    this.#endSample = start + pcm.length;
  }

  /** Copies the samples from `startSample` on; silence where there are none. */
  read(startSample: number, into: Float32Array): void {
    const end = this.#endSample ?? 0;
    const oldest = Math.max(0, end - keptSamples);
    for (let i = 0; i < into.length; i += 1) {
      const at = startSample + i;
      const kept = at >= oldest && at < end;
      into[i] = kept ? this.#samples[at % keptSamples]! : 0;
    }
  }
}
