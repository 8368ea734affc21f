import { levelDbfs } from '../../../src/audio/level.ts';
import { hearNumbers } from '../../ear/counted-speech.ts';
import type { Script } from './options.ts';

/** A word as a stand-in heard it; ms of the audio that this connection was sent. */
export interface StandInWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** What one connection's ear knows. */
export interface Recogniser {
  /** All words so far, oldest first. */
  readonly words: readonly StandInWord[];
  readonly positionMs: number;
  hear(samples: Float32Array): void;
  /** No more audio of what is being said will come: what it means is known now. */
  flush(): void;
  /** The connection is over; what it did not settle will be heard again. */
  leave(settledMs: number): void;
}

/** Texts that wait for their bursts, shared by the connections of a server. */
export interface Told {
  next: number;
}

export function recogniserFor(script: Script, rateHz: number, told: Told): Recogniser {
  return script.kind === 'counted'
    ? new CountingEar(rateHz, script.words ?? [])
    : new ToldEar(script.utterances, rateHz, told);
}

/** Looks back so far for the words of counted speech, ms. */
const lookBackMs = 480;
/** And looks so often, ms. */
const everyMs = 80;

/** Hears which numbers were said. */
class CountingEar implements Recogniser {
  readonly words: StandInWord[] = [];
  readonly #rateHz: number;
  readonly #written: readonly string[];
  #recent = new Float32Array(0);
  #position = 0;
  #looked = 0;

  constructor(rateHz: number, written: readonly string[]) {
    this.#rateHz = rateHz;
    this.#written = written;
  }

  get positionMs(): number {
    return (this.#position * 1000) / this.#rateHz;
  }

  hear(samples: Float32Array): void {
    const keep = Math.round((lookBackMs * this.#rateHz) / 1000);
    const before = this.#recent.subarray(Math.max(0, this.#recent.length - keep));
    const joined = new Float32Array(before.length + samples.length);
    joined.set(before);
    joined.set(samples, before.length);
    this.#recent = joined;
    this.#position += samples.length;
    if (this.#position - this.#looked >= (everyMs * this.#rateHz) / 1000) this.#look();
  }

  flush(): void {
    this.#look();
  }

  leave(): void {
    this.#recent = new Float32Array(0);
  }

  #look(): void {
    this.#looked = this.#position;
    if (levelDbfs(this.#recent) < loudDbfs) return;
    const startMs = this.positionMs - (this.#recent.length * 1000) / this.#rateHz;
    for (const { number, startSample, endSample } of hearNumbers(this.#recent, this.#rateHz)) {
      const word = {
        text: this.#written[number] ?? String(number),
        startMs: startMs + (startSample * 1000) / this.#rateHz,
        endMs: startMs + (endSample * 1000) / this.#rateHz,
      };
      // A word whose end is not in sight may go on.
      if (word.endMs > this.positionMs - 15) continue;
      const last = this.words.at(-1);
      if (last !== undefined && word.startMs < last.endMs - 20) continue;
      this.words.push(word);
    }
  }
}

const windowMs = 20;
const loudDbfs = -45;
/** Silence that ends a burst, ms. */
const burstEndMs = 350;
const usualWordMs = 300;
/** Words that sound went without take so long together at least, ms. */
const leastWordMs = 10;

interface Burst {
  readonly ordinal: number;
  readonly words: readonly StandInWord[];
  lastLoudMs: number;
  told: number;
}

/** Gives each burst of sound the next text of a list. */
class ToldEar implements Recogniser {
  readonly words: StandInWord[] = [];
  readonly #utterances: readonly { readonly text: string; readonly durationMs?: number }[];
  readonly #rateHz: number;
  readonly #told: Told;
  readonly #ends: { readonly ordinal: number; readonly endMs: number }[] = [];
  #left = new Float32Array(0);
  #burst: Burst | null = null;
  /** Sound that was flushed while it went on is no burst of its own. */
  #waitsForSilence = false;
  #quietMs = 0;
  #windows = 0;

  constructor(
    utterances: readonly { readonly text: string; readonly durationMs?: number }[],
    rateHz: number,
    told: Told,
  ) {
    this.#utterances = utterances;
    this.#rateHz = rateHz;
    this.#told = told;
  }

  get positionMs(): number {
    return this.#windows * windowMs + (this.#left.length * 1000) / this.#rateHz;
  }

  hear(samples: Float32Array): void {
    const joined = new Float32Array(this.#left.length + samples.length);
    joined.set(this.#left);
    joined.set(samples, this.#left.length);
    const window = (this.#rateHz * windowMs) / 1000;
    let at = 0;
    for (; at + window <= joined.length; at += window) {
      this.#windows += 1;
      this.#step(levelDbfs(joined.subarray(at, at + window)) > loudDbfs);
    }
    this.#left = joined.slice(at);
  }

  flush(): void {
    this.#waitsForSilence = this.#burst !== null && this.#quietMs < burstEndMs;
    this.#end();
  }

  leave(settledMs: number): void {
    const undone = this.#ends.find(({ endMs }) => endMs > settledMs)?.ordinal;
    const again = undone ?? this.#burst?.ordinal;
    if (again !== undefined) this.#told.next = Math.min(this.#told.next, again);
  }

  #step(isLoud: boolean): void {
    const endMs = this.#windows * windowMs;
    this.#quietMs = isLoud ? 0 : this.#quietMs + windowMs;
    if (this.#quietMs >= burstEndMs) this.#waitsForSilence = false;
    if (isLoud && this.#burst === null && !this.#waitsForSilence) this.#begin(endMs - windowMs);
    const burst = this.#burst;
    if (burst === null) return;
    if (isLoud) burst.lastLoudMs = endMs;
    while (burst.told < burst.words.length && burst.words[burst.told]!.endMs <= endMs) {
      this.words.push(burst.words[burst.told]!);
      burst.told += 1;
    }
    if (this.#quietMs >= burstEndMs) this.#end();
  }

  #begin(startMs: number): void {
    const ordinal = this.#told.next;
    this.#told.next += 1;
    const { text, durationMs } = this.#utterances[ordinal] ?? { text: '' };
    const texts = text.split(/\s+/).filter((word) => word !== '');
    const wordMs = durationMs === undefined ? usualWordMs : durationMs / texts.length;
    const words = texts.map((word, i) => ({
      text: word,
      startMs: startMs + i * wordMs,
      endMs: startMs + (i + 1) * wordMs,
    }));
    this.#burst = { ordinal, words, lastLoudMs: startMs, told: 0 };
  }

  /** Words that were to come later share what is left of the sound: none lies where that ends. */
  #end(): void {
    const burst = this.#burst;
    if (burst === null) return;
    const { lastLoudMs, ordinal, told, words } = burst;
    const rest = words.slice(told);
    const fromMs = Math.min(rest[0]?.startMs ?? lastLoudMs, lastLoudMs - leastWordMs);
    const wordMs = (lastLoudMs - fromMs) / rest.length;
    for (const [i, { text }] of rest.entries()) {
      const startMs = fromMs + i * wordMs;
      this.words.push({ text, startMs, endMs: startMs + wordMs });
    }
    this.#ends.push({ ordinal, endMs: lastLoudMs });
    this.#burst = null;
  }
}
