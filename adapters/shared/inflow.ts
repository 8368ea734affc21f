import { CallError } from '../../src/ports/errors.ts';

/** What refills at a rate, up to a burst. */
interface Allowance {
  readonly perSecond: number;
  readonly burst: number;
}

const mebi = 1024 * 1024;

/** Messages of any kind. Ten times real time in pieces of 20 ms is half the rate. */
const messages: Allowance = { perSecond: 1_000, burst: 2_000 };
/** Characters of any kind. The burst holds two appends of 15 MiB of audio. */
const characters: Allowance = { perSecond: 2 * mebi, burst: 48 * mebi };
/** Characters that are not audio: they stay in memory as items and settings. */
const words: Allowance = { perSecond: 32 * 1024, burst: 4 * mebi };

/**
 * How much a client may send. Too many messages and too many characters only take time, so the
 * client is read more slowly; too many words take memory, and end the call.
 */
export class Inflow {
  readonly #messages = new Bucket(messages);
  readonly #characters = new Bucket(characters);
  readonly #words = new Bucket(words);

  /** @returns how long nothing more should be read, ms */
  message(lengthCharacters: number, nowMs: number): number {
    return Math.max(this.#messages.take(1, nowMs), this.#characters.take(lengthCharacters, nowMs));
  }

  /** The message was taken and is not audio. @returns what is too much, or `null` */
  words(lengthCharacters: number, nowMs: number): CallError | null {
    if (this.#words.take(lengthCharacters, nowMs) === 0) return null;
    const message =
      `More than ${words.perSecond} characters a second besides audio, ` +
      `beyond a burst of ${words.burst}.`;
    return new CallError('rate_limit_exceeded', message);
  }
}

class Bucket {
  readonly #allowance: Allowance;
  #left: number;
  #lastMs: number | null = null;

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
    this.#left = allowance.burst;
  }

  /** @returns how long it takes until what was taken is made up for, ms */
  take(amount: number, nowMs: number): number {
    const { perSecond, burst } = this.#allowance;
    const passedMs = nowMs - (this.#lastMs ?? nowMs);
    this.#lastMs = nowMs;
    this.#left = Math.min(burst, this.#left + (passedMs / 1000) * perSecond) - amount;
    return Math.max(0, (-this.#left / perSecond) * 1000);
  }
}
