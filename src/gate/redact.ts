import { TextMatcher } from './matcher.ts';
import { beginsNumberWord, numberWord } from './number-words.ts';
import type { CompiledRule } from './rules.ts';
import type { Span } from './scanner.ts';

/** Digits, written or said, from which on the unfinished beginning of a number is one too (a count). */
const tellingDigits = 6;

interface Hidden extends Span {
  readonly name: string;
}

/** A text with what the rules find replaced by their names: `[card]`. */
export function redacted(text: string, rules: readonly CompiledRule[]): string {
  return shown(text, hiddenIn(text, rules), 0, text.length);
}

/** The same for a text that may go on: what could still become a find is left out. */
export function redactedSoFar(text: string, rules: readonly CompiledRule[]): string {
  return new RedactedText(rules).push(text);
}

/** The same for the beginning of another text, by what is found in all of that. */
export function redactedBeginning(
  part: string,
  whole: string,
  rules: readonly CompiledRule[],
): string {
  if (!whole.startsWith(part)) return redacted(part, rules);
  return shown(whole, hiddenIn(whole, rules), 0, part.length);
}

/** A text that comes in pieces, redacted as far as that is settled. */
export class RedactedText {
  readonly #matcher: TextMatcher;
  #text = '';
  #shownChars = 0;

  constructor(rules: readonly CompiledRule[]) {
    this.#matcher = new TextMatcher(rules);
  }

  /** @returns what may be shown now */
  push(delta: string): string {
    this.#text += delta;
    this.#matcher.push(delta);
    const from = this.#shownChars;
    const to = this.#matcher.settledChars;
    if (to <= from) return '';
    const hidden = this.#matcher.hits.map((hit) => ({ ...hit, name: hit.rule }));
    this.#shownChars = Math.max(to, ...hidden.filter((hit) => hit.from < to).map((hit) => hit.to));
    return shown(this.#text, hidden, from, to);
  }
}

function hiddenIn(text: string, rules: readonly CompiledRule[]): readonly Hidden[] {
  const matcher = new TextMatcher(rules);
  matcher.push(text);
  const settled = matcher.settledChars;
  matcher.end();
  const hidden: Hidden[] = matcher.hits.map(({ from, to, rule }) => ({ from, to, name: rule }));
  // A number that was broken off says as much as most of it.
  const isTold = hidden.some(({ from }) => from >= settled);
  if (!isTold && digitCount(text.slice(settled)) >= tellingDigits) {
    hidden.push({ from: settled, to: text.length, name: 'unfinished' });
  }
  return hidden;
}

function shown(text: string, hidden: readonly Hidden[], from: number, to: number): string {
  let result = '';
  let at = from;
  for (const { from: start, to: end, name } of hidden.toSorted((a, b) => a.from - b.from)) {
    if (end <= at || start >= to) continue;
    if (start >= at) result += `${text.slice(at, start)}[${name}]`;
    at = end;
  }
  return at < to ? result + text.slice(at, to) : result;
}

function digitCount(text: string): number {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const said = words.filter((word) => beginsNumberWord(word) && numberWord(word) !== undefined);
  return (text.match(/\p{Nd}/gu)?.length ?? 0) + said.length;
}
