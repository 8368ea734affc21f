import type { ActivitySettings } from './session-setup.ts';

const windowMs = 20;

/** A window is speech above this level, dBFS, and above the noise by `overNoiseDb`. */
const thresholdDbfs = { HIGH: -45, LOW: -35 } as const;
const overNoiseDb = 10;
/** The noise is the quietest window of this time: speech is never that long without a dip, ms. */
const noiseMemoryMs = 1500;
/** Nothing louder than this is noise, dBFS. */
const loudestNoiseDbfs = -40;

/** Where the setup says nothing, ms. */
const requiredSpeechMs = { HIGH: 40, LOW: 200 } as const;
const requiredSilenceMs = { HIGH: 500, LOW: 1000 } as const;

/** A pause of this length within speech that has not been committed starts it anew, ms. */
const toleratedPauseMs = 100;

/** What it noticed; positions count all audio of the connection, ms. */
export type Noticed =
  | { readonly type: 'started'; readonly audioStartMs: number }
  | { readonly type: 'stopped'; readonly audioEndMs: number };

/** Finds the caller's speech by its level above the noise. */
export class ActivityDetector {
  readonly #settings: ActivitySettings;
  readonly #rateHz: number;
  #active = false;
  /** Length of the speech that is not committed yet, and where it began, ms. */
  #speechMs = 0;
  #startMs = 0;
  #silenceMs = 0;
  #positionMs = 0;
  #energy = 0;
  #filled = 0;
  readonly #levelsDbfs: number[] = [];

  constructor(settings: ActivitySettings, rateHz: number) {
    this.#settings = settings;
    this.#rateHz = rateHz;
  }

  /** Whether a start was committed and its end was not. */
  get active(): boolean {
    return this.#active;
  }

  /** Audio heard so far, ms. */
  get positionMs(): number {
    return this.#positionMs;
  }

  hear(samples: Int16Array): Noticed[] {
    const windowSamples = (this.#rateHz * windowMs) / 1000;
    const noticed: Noticed[] = [];
    for (const sample of samples) {
      this.#energy += (sample / 32_768) ** 2;
      this.#filled += 1;
      if (this.#filled < windowSamples) continue;
      const levelDbfs = 10 * Math.log10(this.#energy / windowSamples);
      this.#energy = 0;
      this.#filled = 0;
      this.#positionMs += windowMs;
      const seen = this.#window(levelDbfs);
      if (seen !== null) noticed.push(seen);
    }
    return noticed;
  }

  /** The stream has ended: speech in progress ends with it. */
  end(): Noticed | null {
    this.#speechMs = 0;
    this.#silenceMs = 0;
    if (!this.#active) return null;
    this.#active = false;
    return { type: 'stopped', audioEndMs: this.#positionMs };
  }

  #window(levelDbfs: number): Noticed | null {
    const { startSensitivity, endSensitivity, prefixPaddingMs, silenceDurationMs } = this.#settings;
    const noiseDbfs = Math.min(loudestNoiseDbfs, this.#quietestDbfs(levelDbfs));
    if (levelDbfs <= Math.max(thresholdDbfs[startSensitivity], noiseDbfs + overNoiseDb)) {
      this.#silenceMs += windowMs;
      if (!this.#active && this.#silenceMs >= toleratedPauseMs) this.#speechMs = 0;
      const neededMs = silenceDurationMs ?? requiredSilenceMs[endSensitivity];
      return this.#active && this.#silenceMs >= neededMs ? this.end() : null;
    }
    this.#silenceMs = 0;
    if (this.#active) return null;
    if (this.#speechMs === 0) this.#startMs = this.#positionMs - windowMs;
    this.#speechMs += windowMs;
    if (this.#speechMs < (prefixPaddingMs ?? requiredSpeechMs[startSensitivity])) return null;
    this.#active = true;
    return { type: 'started', audioStartMs: this.#startMs };
  }

  #quietestDbfs(levelDbfs: number): number {
    this.#levelsDbfs.push(levelDbfs);
    if (this.#levelsDbfs.length > noiseMemoryMs / windowMs) this.#levelsDbfs.shift();
    return Math.min(...this.#levelsDbfs);
  }
}
