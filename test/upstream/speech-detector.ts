/** Level above which a window is speech, dBFS. */
const thresholdDbfs = -45;
const windowMs = 20;

export interface SpeechDetectorSettings {
  readonly prefixPaddingMs: number;
  readonly silenceDurationMs: number;
}

/** What it noticed; positions count all audio written in the session, ms. */
export type Noticed =
  | { readonly type: 'started'; readonly audioStartMs: number }
  | { readonly type: 'stopped'; readonly audioEndMs: number };

/** Hears speech by its level: enough for a server that stands in for one that really listens. */
export class SpeechDetector {
  #speaking = false;
  #silenceMs = 0;
  #positionMs = 0;
  #energy = 0;
  #filled = 0;

  /** @param rateHz of the samples; always the same */
  hear(samples: Int16Array, rateHz: number, settings: SpeechDetectorSettings): Noticed[] {
    const windowSamples = (rateHz * windowMs) / 1000;
    const noticed: Noticed[] = [];
    for (const sample of samples) {
      this.#energy += (sample / 32_768) ** 2;
      this.#filled += 1;
      if (this.#filled < windowSamples) continue;
      const loud = 10 * Math.log10(this.#energy / windowSamples) > thresholdDbfs;
      this.#energy = 0;
      this.#filled = 0;
      this.#positionMs += windowMs;
      const seen = this.#window(loud, settings);
      if (seen !== null) noticed.push(seen);
    }
    return noticed;
  }

  reset(): void {
    this.#speaking = false;
    this.#silenceMs = 0;
  }

  #window(loud: boolean, settings: SpeechDetectorSettings): Noticed | null {
    if (loud) {
      this.#silenceMs = 0;
      if (this.#speaking) return null;
      this.#speaking = true;
      const audioStartMs = Math.max(0, this.#positionMs - windowMs - settings.prefixPaddingMs);
      return { type: 'started', audioStartMs };
    }
    if (!this.#speaking) return null;
    this.#silenceMs += windowMs;
    if (this.#silenceMs < settings.silenceDurationMs) return null;
    this.reset();
    return { type: 'stopped', audioEndMs: this.#positionMs };
  }
}
