import { CallError } from '../ports/errors.ts';
import type { Caller } from './auth.ts';

/** A place in the house. */
export interface Ticket {
  /** Gives the place back. Idempotent. */
  release(): void;
}

export interface AdmissionOptions {
  /** Most calls at once in this process. */
  readonly maxCalls: number;
  /** @throws CallError where the key may not call for another reason; absent: there is none */
  readonly check?: (keyId: string | null) => void;
}

/** Counts the calls that are in, per key and in all, and says no when there are enough. */
export class Admission {
  /** Most calls at once; those that are in stay in when it is lowered. */
  maxCalls: number;
  #active = 0;
  #refused = 0;
  readonly #check: (keyId: string | null) => void;
  readonly #perKey = new Map<string, number>();

  constructor({ maxCalls, check = () => undefined }: AdmissionOptions) {
    this.maxCalls = maxCalls;
    this.#check = check;
  }

  /** Calls that are in. */
  get active(): number {
    return this.#active;
  }

  /** Calls that were turned away for a limit, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * @throws CallError `too_many_calls` for the key's own limit, `server_full` for the process's, and
   *   what the check throws
   */
  admit(caller: Caller): Ticket {
    const { keyId, maxCalls } = caller;
    const ofKey = keyId === null ? 0 : (this.#perKey.get(keyId) ?? 0);
    if (maxCalls !== null && ofKey >= maxCalls) {
      this.#refused += 1;
      throw new CallError('too_many_calls', `This key already has its ${maxCalls} calls.`);
    }
    if (this.#active >= this.maxCalls) {
      this.#refused += 1;
      throw new CallError('server_full', `All ${this.maxCalls} places for calls are taken.`);
    }
    this.#check(keyId);
    this.#active += 1;
    if (keyId !== null) this.#perKey.set(keyId, ofKey + 1);
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.#active -= 1;
        if (keyId === null) return;
        const left = (this.#perKey.get(keyId) ?? 1) - 1;
        if (left === 0) this.#perKey.delete(keyId);
        else this.#perKey.set(keyId, left);
      },
    };
  }
}
