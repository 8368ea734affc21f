import { Folder } from './folded.ts';
import type { CompiledRule } from './rules.ts';
import type { Scanner, Span } from './scanner.ts';

/** What a rule found: UTF-16 positions in the text. */
export interface Hit extends Span {
  readonly rule: string;
}

export interface MatcherOptions {
  /**
   * Most text that is kept back because it may become a find, characters; what is longer than that is
   * let go from its beginning on.
   */
  readonly holdLimitChars?: number;
}

const defaultHoldLimitChars = 240;

/**
 * Follows rules through text that comes in pieces. How it is split makes no difference: what is found
 * follows from the characters alone, and nothing is called safe that a later character could make
 * part of a find.
 */
export class TextMatcher {
  readonly #scanners: readonly Scanner[];
  readonly #folder = new Folder();
  readonly #holdLimitChars: number;
  readonly #hits = new Map<string, Hit>();
  #length = 0;
  #safe = 0;
  #ended = false;
  #overlong = 0;
  #settled = 0;

  constructor(
    rules: readonly CompiledRule[],
    { holdLimitChars = defaultHoldLimitChars }: MatcherOptions = {},
  ) {
    this.#holdLimitChars = holdLimitChars;
    this.#scanners = rules.map(({ name, scanner }, index) =>
      scanner(({ from, to }) => {
        // A find that grows keeps its beginning.
        const key = `${index} ${from}`;
        const known = this.#hits.get(key);
        if (known === undefined || known.to < to) this.#hits.set(key, { rule: name, from, to });
      }),
    );
  }

  /** Everything found, in the order of its beginnings. */
  get hits(): readonly Hit[] {
    return [...this.#hits.values()].sort((a, b) => a.from - b.from || b.to - a.to);
  }

  /** What comes first of what was found. */
  get first(): Hit | null {
    return this.#hits.size === 0 ? null : (this.hits[0] ?? null);
  }

  /** Nothing before this position is part of a find, nor can it still become one. */
  get safeChars(): number {
    return this.#safe;
  }

  /** What was found before this position stays as it is, and nothing more will be found there. */
  get settledChars(): number {
    return this.#settled;
  }

  /** Something is likely enough to become a find for what comes next to be waited for. */
  get likely(): boolean {
    return !this.#ended && this.#scanners.some(({ likely }) => likely);
  }

  /** How often something was kept back for so long that it had to be let go (a count). */
  get overlong(): number {
    return this.#overlong;
  }

  push(delta: string): void {
    if (this.#ended) return;
    this.#length += delta.length;
    this.#folder.push(delta, (char) => {
      for (const scanner of this.#scanners) scanner.take(char);
    });
    this.#settle();
  }

  /** The text is over: what could still have become a find is none. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const scanner of this.#scanners) scanner.end();
    this.#settle();
  }

  #settle(): void {
    const read = this.#ended ? this.#length : this.#folder.position;
    let settled = read;
    if (!this.#ended) {
      for (const { pendingFrom } of this.#scanners) {
        if (pendingFrom !== null) settled = Math.min(settled, pendingFrom);
      }
    }
    if (read - settled > this.#holdLimitChars) {
      settled = read - this.#holdLimitChars;
      this.#overlong += 1;
    }
    this.#settled = Math.max(this.#settled, settled);
    this.#safe = Math.max(this.#safe, Math.min(settled, this.first?.from ?? Infinity));
  }
}
