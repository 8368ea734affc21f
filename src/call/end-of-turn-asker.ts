import { createResampler, type Resampler } from '../audio/resampler.ts';
import { msToSamples } from '../audio/format.ts';
import type { EndOfTurnPort, EndOfTurnStream } from '../ports/end-of-turn.ts';

/** Questions whose answers are still waited for (a count); the oldest is forgotten. */
const openLimit = 16;

export interface EndOfTurnAskerOptions {
  readonly port: EndOfTurnPort;
  /** Rate of the audio that will be pushed, Hz. */
  readonly rateHz: number;
  /** Uplink position of the first pushed sample, ms. */
  readonly originMs: number;
  readonly onScore: (probability: number, speechEndAudioMs: number) => void;
}

/** A call's end-of-turn stream in the uplink's positions. Without an answer silence decides. */
export class EndOfTurnAsker {
  readonly #options: EndOfTurnAskerOptions;
  readonly #resampler: Resampler;
  #stream: EndOfTurnStream | null = null;
  /** What was asked about, by the stream's position at the asking. */
  readonly #open = new Map<number, number>();
  #pushed = 0;
  #closed = false;

  private constructor(options: EndOfTurnAskerOptions) {
    this.#options = options;
    const { rateHz, port } = options;
    this.#resampler = createResampler({ fromHz: rateHz, toHz: port.rateHz });
  }

  /** @returns `null` where the detector does not open a stream: the call goes on without it */
  static open(options: EndOfTurnAskerOptions): EndOfTurnAsker | null {
    const asker = new EndOfTurnAsker(options);
    try {
      const stream = options.port.open(
        ({ probability, askedAtSample }) => {
          const speechEndAudioMs = asker.#open.get(askedAtSample);
          if (speechEndAudioMs === undefined) return;
          asker.#open.delete(askedAtSample);
          options.onScore(probability, speechEndAudioMs);
        },
        () => {
          asker.close();
        },
      );
      if (!asker.#closed) asker.#stream = stream;
      return asker;
    } catch {
      // A detector that is gone is none: silence ends turns, as it does without one.
      asker.close();
      return null;
    }
  }

  /** @param pcm mono samples; not kept, not changed */
  push(pcm: Float32Array): void {
    if (this.#stream === null) return;
    const own = this.#resampler.process(pcm.slice());
    this.#pushed += own.length;
    this.#stream.push(own);
  }

  ask({ fromAudioMs, speechEndAudioMs }: { fromAudioMs: number; speechEndAudioMs: number }): void {
    if (this.#stream === null) return;
    if (this.#open.size >= openLimit) this.#open.delete(this.#open.keys().next().value!);
    this.#open.set(this.#pushed, speechEndAudioMs);
    const { originMs, port } = this.#options;
    this.#stream.ask(Math.max(0, msToSamples(fromAudioMs - originMs, port.rateHz)));
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream?.close();
    this.#stream = null;
    this.#resampler.close();
    this.#open.clear();
  }
}
