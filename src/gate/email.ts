import { isDigit, isLetter, type Folded } from './folded.ts';
import type { Found, Scanner } from './scanner.ts';

interface Token {
  readonly kind: 'word' | 'dot' | 'at' | 'join';
  readonly text: string;
  readonly from: number;
  readonly to: number;
  readonly spoken: boolean;
}

/** Tokens of one address that are kept (a count). */
const tokenLimit = 40;
const spokenKinds = new Map<string, Exclude<Token['kind'], 'word'>>([
  ['at', 'at'],
  ['dot', 'dot'],
  ['punkt', 'dot'],
  ['underscore', 'join'],
  ['dash', 'join'],
  ['hyphen', 'join'],
  ['minus', 'join'],
]);
/** Words before a spoken "at" that are no one's name: "find us at example dot com". */
const noNames = new Set(
  (
    'us me you it them him her here there is are be look find visit meet available online found ' +
    'reached order ordered book booked arrive stay more details website site page app shop store ' +
    'hosted sold again only'
  ).split(' '),
);

/** Finds e-mail addresses, written or read out ("jo dot smith at example dot com"). */
export class EmailScanner implements Scanner {
  readonly #found: Found;
  #tokens: Token[] = [];
  #word: { text: string; readonly from: number; to: number } | null = null;
  /** A blank came after the last token. */
  #blank = false;

  constructor(found: Found) {
    this.#found = found;
  }

  get pendingFrom(): number | null {
    return this.#tokens[0]?.from ?? this.#word?.from ?? null;
  }

  get likely(): boolean {
    return this.#tokens.some(
      ({ kind, spoken }, place) =>
        kind !== 'word' && (spoken || kind === 'at') && !noNames.has(this.#tokens[place - 1]!.text),
    );
  }

  take({ char, from, to }: Folded): void {
    if (isLetter(char) || isDigit(char) || '_%+-'.includes(char)) {
      if (this.#word === null && this.#blank && this.#last === '.') this.#tokens = [];
      this.#word ??= { text: '', from, to };
      this.#word.text += char;
      this.#word.to = to;
      return;
    }
    this.#endWord();
    if (char === ' ') {
      // A full stop and a blank: a sentence is over.
      if (this.#last === '.') this.#tokens = [];
      this.#blank = true;
    } else if (char === '.' || char === '@') {
      this.#separate({ kind: char === '.' ? 'dot' : 'at', text: char, from, to, spoken: false });
    } else {
      this.#tokens = [];
    }
  }

  end(): void {
    this.#endWord();
    this.#tokens = [];
  }

  get #last(): string {
    return this.#tokens.at(-1)?.text ?? '';
  }

  #endWord(): void {
    if (this.#word === null) return;
    const { text, from, to } = this.#word;
    this.#word = null;
    const kind = spokenKinds.get(text);
    if (kind !== undefined && this.#tokens.at(-1)?.kind === 'word') {
      this.#separate({ kind, text, from, to, spoken: true });
      return;
    }
    if (this.#tokens.at(-1)?.kind === 'word') this.#tokens = [];
    this.#tokens.push({ kind: 'word', text, from, to, spoken: false });
    this.#blank = false;
    if (this.#tokens.length > tokenLimit) this.#tokens = this.#tokens.slice(2);
    this.#look();
  }

  #separate(token: Token): void {
    const follows = this.#tokens.at(-1)?.kind === 'word';
    const apart = this.#blank && token.text === '.';
    if (!follows || apart) this.#tokens = [];
    else this.#tokens.push(token);
    this.#blank = false;
  }

  /** Whether the last word is the end of an address. */
  #look(): void {
    const tokens = this.#tokens;
    const at = tokens.findLastIndex(({ kind }) => kind === 'at');
    const name = tokens[at - 1];
    const top = tokens.at(-1);
    if (at < 1 || name === undefined || top === undefined) return;
    if (tokens.at(-2)?.kind !== 'dot' || !/^[a-z]{2,24}$/.test(top.text)) return;
    if (tokens[at]?.spoken === true && noNames.has(name.text)) return;
    let first = at - 1;
    while (first >= 2 && tokens[first - 1]?.kind !== 'at') first -= 2;
    this.#found({ from: tokens[first]!.from, to: top.to });
  }
}
