import { isDigit, isLetter, type Folded } from '../folded.ts';
import type { Found, Scanner } from '../scanner.ts';
import type { Step } from './program.ts';

/** So many characters of a find make it likely. */
const likelyChars = 4;

/**
 * Follows an expression through the text, all its ways at once: a character costs at most as much
 * time as the expression has steps, whatever the text. Takes the longest find of each beginning.
 */
export class RegexScanner implements Scanner {
  readonly #steps: readonly Step[];
  readonly #found: Found;
  /** Where it stands, each with the first place from which it got there. */
  #ways = new Map<number, number>();
  #previous = '';
  #to = 0;

  constructor(steps: readonly Step[], found: Found) {
    this.#steps = steps;
    this.#found = found;
  }

  get pendingFrom(): number | null {
    return this.#ways.size === 0 ? null : Math.min(...this.#ways.values());
  }

  get likely(): boolean {
    const { pendingFrom } = this;
    return pendingFrom !== null && this.#to - pendingFrom >= likelyChars;
  }

  take({ char, raw, from, to }: Folded): void {
    const next = new Map<number, number>();
    if (!this.#ways.has(0)) this.#ways.set(0, from);
    for (const [at, start] of this.#reached(char)) {
      const step = this.#steps[at]!;
      if (step.op !== 'char' || !(step.test(char) || step.test(raw))) continue;
      if ((next.get(at + 1) ?? Infinity) > start) next.set(at + 1, start);
    }
    this.#ways = next;
    this.#previous = char;
    this.#to = to;
  }

  end(): void {
    this.#reached('');
    this.#ways = new Map();
  }

  /** Every place that can be had without a character, known what comes next. */
  #reached(char: string): ReadonlyMap<number, number> {
    const reached = new Map<number, number>();
    const atBoundary = isWord(this.#previous) !== isWord(char);
    const waiting = [...this.#ways].sort(([, a], [, b]) => b - a);
    for (let way = waiting.pop(); way !== undefined; way = waiting.pop()) {
      const [at, from] = way;
      if ((reached.get(at) ?? Infinity) <= from) continue;
      reached.set(at, from);
      const step = this.#steps[at]!;
      if (step.op === 'match') this.#found({ from, to: this.#to });
      else if (step.op === 'jump') waiting.push([step.to, from]);
      else if (step.op === 'split') waiting.push([step.to[0], from], [step.to[1], from]);
      else if (step.op === 'boundary' && atBoundary !== step.inverted) waiting.push([at + 1, from]);
    }
    return reached;
  }
}

function isWord(char: string): boolean {
  return char === '_' || isLetter(char) || isDigit(char);
}
