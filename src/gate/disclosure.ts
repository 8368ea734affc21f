import { folded } from './folded.ts';
import { comparable } from './phrases.ts';
import type { Found, Scanner } from './scanner.ts';
import type { CompiledRule } from './rules.ts';
import type { Folded } from './folded.ts';

/** Finds everything, from the first word on, that does not begin with a disclosure. */
export function disclosureRule(disclosure: string): CompiledRule {
  return { name: 'disclosure', scanner: (found) => new DisclosureScanner(disclosure, found) };
}

/** Whether a text begins with a disclosure, however it is written. */
export function discloses(text: string, disclosure: string): boolean {
  return `${comparable(text)} `.startsWith(`${comparable(disclosure)} `);
}

class DisclosureScanner implements Scanner {
  readonly #wanted: string;
  readonly #found: Found;
  #said = '';
  #to = 0;
  #verdict: 'open' | 'said' | 'missing' = 'open';

  constructor(disclosure: string, found: Found) {
    this.#wanted = comparable(disclosure);
    this.#found = found;
  }

  get pendingFrom(): number | null {
    return this.#verdict === 'open' ? 0 : null;
  }

  /** What is there of it so far is itself, and may be said. */
  readonly likely = false;

  take({ char, to }: Folded): void {
    if (this.#verdict !== 'open') return;
    this.#said += char;
    this.#to = to;
    const said = comparable(this.#said);
    if (said.length > this.#wanted.length || !this.#wanted.startsWith(said)) {
      this.#judge();
    }
  }

  end(): void {
    if (this.#verdict === 'open') this.#judge();
  }

  #judge(): void {
    if (folded(this.#said).trim() === '') return;
    this.#verdict = discloses(this.#said, this.#wanted) ? 'said' : 'missing';
    if (this.#verdict === 'missing') this.#found({ from: 0, to: this.#to });
  }
}
