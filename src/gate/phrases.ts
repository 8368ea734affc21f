import { folded, isDigit, isLetter, type Folded } from './folded.ts';
import type { Found, Scanner } from './scanner.ts';

interface Node {
  readonly next: Map<string, Node>;
  /** A phrase ends here, as a whole word (`word`) or with any ending (`stem`). */
  ends: 'word' | 'stem' | null;
}

/** Phrases as one tree of characters; words are parted by one blank, whatever stood there. */
export interface PhraseTree {
  readonly root: Node;
}

/** Scripts that put no blanks between words. */
const unspaced = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmr}\p{sc=Mymr}]/u;
const apostrophe = /['’‘ʼ`´]/u;

/** What is compared of a phrase; empty where nothing of it can be. */
export function comparable(phrase: string): string {
  let result = '';
  for (const char of folded(phrase)) {
    if (isWordChar(char)) result += char;
    else if (!apostrophe.test(char) && !result.endsWith(' ')) result += ' ';
  }
  return result.trim();
}

export function phraseTree(phrases: readonly string[]): PhraseTree {
  const root: Node = { next: new Map(), ends: null };
  for (const phrase of phrases) {
    let node = root;
    for (const char of comparable(phrase)) {
      let next = node.next.get(char);
      if (next === undefined) node.next.set(char, (next = { next: new Map(), ends: null }));
      node = next;
    }
    if (node === root) continue;
    if (phrase.trimEnd().endsWith('*')) node.ends = 'stem';
    else node.ends ??= 'word';
  }
  return { root };
}

/** So many characters of a phrase make it likely. */
const likelyChars = 3;

/** Finds phrases as whole words. */
export class PhraseScanner implements Scanner {
  readonly #root: Node;
  readonly #found: Found;
  #active: { node: Node; readonly from: number; readonly length: number }[] = [];
  #inWord = false;
  /** End of the latest character that counts. */
  #to = 0;

  constructor({ root }: PhraseTree, found: Found) {
    this.#root = root;
    this.#found = found;
  }

  get pendingFrom(): number | null {
    return this.#active.length === 0 ? null : Math.min(...this.#active.map(({ from }) => from));
  }

  get likely(): boolean {
    return this.#active.some(({ length }) => length >= likelyChars);
  }

  take({ char, from, to }: Folded): void {
    if (apostrophe.test(char)) return;
    if (!isWordChar(char)) {
      if (!this.#inWord) return;
      this.#inWord = false;
      this.end();
      this.#advance(' ');
      return;
    }
    const free = unspaced.test(char);
    if (!this.#inWord || free) this.#active.push({ node: this.#root, from, length: 0 });
    this.#inWord = true;
    this.#to = to;
    this.#advance(char);
    for (const { node, from: start } of this.#active) {
      if (node.ends === 'stem' || (free && node.ends !== null)) this.#found({ from: start, to });
    }
  }

  end(): void {
    for (const { node, from } of this.#active) {
      if (node.ends !== null) this.#found({ from, to: this.#to });
    }
  }

  #advance(char: string): void {
    this.#active = this.#active.flatMap(({ node, from, length }) => {
      // A stem takes the rest of its word with it.
      const onwards = node.ends === 'stem' && char !== ' ' ? node : undefined;
      const next = node.next.get(char) ?? onwards;
      return next === undefined ? [] : [{ node: next, from, length: length + 1 }];
    });
  }
}

function isWordChar(char: string): boolean {
  return isLetter(char) || isDigit(char);
}
