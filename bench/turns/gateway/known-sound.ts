import { wireRateHz, type AgentSound } from './dialogue-gateway.ts';

/** Stretch whose level is compared, samples: 5 ms. */
const stretchSamples = wireRateHz / 200;
/** A stretch quieter than this in the original says nothing about its level. */
const audibleRms = 0.003;
/** How much of a line tells which one it is, samples: 100 ms. */
const tellingSamples = wireRateHz / 10;

/**
 * Follows a line whose sound is known beforehand: which of the agent's sounds it is, and how much
 * lower than the original each stretch came. What was sent is the original from its beginning, so the
 * position is a count of samples.
 */
export class KnownSound {
  readonly #answers: readonly AgentSound[];
  /** What has come and was not compared yet: less than a stretch, or all of a beginning. */
  #waiting = new Float32Array(0);
  #answer: AgentSound | null = null;
  #compared = 0;

  constructor(answers: readonly AgentSound[]) {
    this.#answers = answers;
  }

  /** Which of the sounds it is; `null` before 100 ms of it have come. */
  get answer(): AgentSound | null {
    return this.#answer;
  }

  /**
   * Takes the next samples. @returns gains of the stretches that are now complete, 1 = as the
   * original, in order; stretches in which the original is silent are left out
   */
  push(samples: Float32Array): readonly number[] {
    const all = new Float32Array(this.#waiting.length + samples.length);
    all.set(this.#waiting);
    all.set(samples, this.#waiting.length);
    this.#waiting = all;
    this.#answer ??= all.length < tellingSamples ? null : this.#recognise(all);
    if (this.#answer === null) {
      // Longer than it takes to tell, and none of them: there is nothing to compare with.
      if (all.length > 10 * tellingSamples) this.#waiting = new Float32Array(0);
      return [];
    }
    const gains: number[] = [];
    let at = 0;
    for (; at + stretchSamples <= all.length; at += stretchSamples) {
      const original = this.#answer.samples.subarray(
        this.#compared,
        this.#compared + stretchSamples,
      );
      const gain = gainOf(all.subarray(at, at + stretchSamples), original);
      if (gain !== null) gains.push(gain);
      this.#compared += stretchSamples;
    }
    this.#waiting = all.slice(at);
    return gains;
  }

  /** The answer that the beginning resembles most, whatever its level. */
  #recognise(received: Float32Array): AgentSound | null {
    let best: { readonly answer: AgentSound; readonly likeness: number } | null = null;
    for (const answer of this.#answers) {
      let [own, other, product] = [1e-12, 1e-12, 0];
      for (let i = 0; i < tellingSamples; i += 1) {
        const [a, b] = [received[i]!, answer.samples[i] ?? 0];
        own += a * a;
        other += b * b;
        product += a * b;
      }
      const likeness = product / Math.sqrt(own * other);
      if (likeness > (best?.likeness ?? 0.8)) best = { answer, likeness };
    }
    return best?.answer ?? null;
  }
}

/** How loud a stretch came, 1 = as the original; `null` where that is silent. */
function gainOf(received: Float32Array, original: Float32Array): number | null {
  let [energy, product] = [0, 0];
  for (const [i, sample] of original.entries()) {
    energy += sample * sample;
    product += sample * received[i]!;
  }
  return Math.sqrt(energy / stretchSamples) < audibleRms ? null : product / energy;
}
