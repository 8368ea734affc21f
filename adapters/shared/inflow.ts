import { CallError } from '../../src/ports/errors.ts';
import { Allowance, type AllowanceTerms } from '../../src/time/allowance.ts';

const mebi = 1024 * 1024;

/**
 * Messages of any kind. Ten times real time in pieces of 20 ms is half the rate. The burst takes some
 * 25 ms where every message is one that has to be refused (0.1 ms each), and everybody waits for it.
 */
const messages: AllowanceTerms = { perSecond: 1_000, burst: 250 };
/** Characters of any kind. The burst holds two appends of 15 MiB of audio. */
const characters: AllowanceTerms = { perSecond: 2 * mebi, burst: 48 * mebi };
/** Characters that are not audio: they stay in memory as items and settings. */
const words: AllowanceTerms = { perSecond: 32 * 1024, burst: 4 * mebi };

/**
 * How much a client may send. Too many messages and too many characters only take time, so the
 * client is read more slowly; too many words take memory, and end the call.
 */
export class Inflow {
  readonly #messages = new Allowance(messages);
  readonly #characters = new Allowance(characters);
  readonly #words = new Allowance(words);

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
