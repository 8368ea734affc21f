import { isDigit, isLetter, type Folded } from './folded.ts';
import { numberWord } from './number-words.ts';
import type { Found, Scanner } from './scanner.ts';

/** Characters of an account number, by country (ISO 13616 registry, the common ones). */
const lengths: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'ad24 ae23 al28 at20 az28 ba20 be16 bg22 bh22 br29 by28 ch21 cr22 cy28 cz24 de22 dk18 do28 ee20 ' +
    'eg29 es24 fi18 fo18 fr27 gb22 ge22 gi23 gl18 gr27 gt28 hr21 hu28 ie22 il23 iq23 is26 it27 jo30 ' +
    'kw30 kz20 lb28 lc32 li21 lt20 lu20 lv21 mc27 md24 me22 mk19 mr27 mt31 mu30 nl18 no15 pk24 pl28 ' +
    'ps29 pt25 qa29 ro24 rs22 sa24 sc31 se24 si19 sk24 sm27 st25 sv28 tl23 tn24 tr26 ua29 va22 vg24 xk20'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);
/** Countries whose numbers have digits alone after the country. */
const digitsOnly = new Set([
  'at',
  'be',
  'de',
  'dk',
  'ee',
  'es',
  'fi',
  'hr',
  'hu',
  'il',
  'lt',
  'no',
  'pl',
  'pt',
  'rs',
  'se',
  'si',
  'sk',
  'cz',
  'is',
  'ba',
  'me',
  'tn',
  'ae',
]);

const between = /[\s\-–—‑.,·/:_*]/u;
const jointLimit = 6;
/** Longest word in letters alone that a number may have in one piece: bank codes have four. */
const longestLetters = 6;
const candidateLimit = 40;
/** Country and a check digit, characters: from there on it is likely to become one. */
const likelyChars = 3;

interface Candidate {
  text: string;
  readonly from: number;
  /** Its country came letter by letter: a word would be "is" or "be". */
  spelled: boolean;
}

/** Finds account numbers whose check digits are right, also read out letter by letter. */
export class IbanScanner implements Scanner {
  readonly #found: Found;
  #candidates: Candidate[] = [];
  #token: { text: string; readonly from: number; to: number } | null = null;
  #joints = 0;

  constructor(found: Found) {
    this.#found = found;
  }

  get pendingFrom(): number | null {
    const first = this.#candidates[0]?.from;
    if (this.#token === null) return first ?? null;
    const { text, from } = this.#token;
    return first ?? (mayBegin(spelled(text)) || mayBegin(text) ? from : null);
  }

  get likely(): boolean {
    const token = this.#token?.text ?? '';
    return (
      (token.length >= likelyChars && mayBegin(token)) ||
      this.#candidates.some(({ text, spelled: isSpelled }) =>
        isSpelled ? text.length > 1 : text.length >= likelyChars,
      )
    );
  }

  take({ char, from, to }: Folded): void {
    if (isDigit(char) || isLetter(char)) {
      this.#joints = 0;
      this.#token ??= { text: '', from, to };
      if (this.#token.text.length <= candidateLimit) this.#token.text += char;
      this.#token.to = to;
      return;
    }
    this.#endToken();
    this.#joints += 1;
    if (!between.test(char) || this.#joints > jointLimit) this.#candidates = [];
  }

  end(): void {
    this.#endToken();
    this.#candidates = [];
  }

  #endToken(): void {
    if (this.#token === null) return;
    const { text, from, to } = this.#token;
    this.#token = null;
    const spoken = spelled(text);
    if (isJoint(text)) return;
    const tooLong = spoken === text && text.length > longestLetters && !/\d/.test(text);
    const going = tooLong ? [] : this.#candidates;
    for (const candidate of going) candidate.text += spoken;
    const all = [...going, { text: spoken, from, spelled: text.length === 1 }];
    for (const candidate of all) {
      if (isIban(candidate.text)) this.#found({ from: candidate.from, to });
    }
    this.#candidates = all.filter((candidate) => mayBegin(candidate.text)).slice(-candidateLimit);
  }
}

function spelled(token: string): string {
  const meaning = numberWord(token);
  return meaning?.kind === 'digits' && token.length > 1 ? meaning.digits : token;
}

function isJoint(token: string): boolean {
  return numberWord(token)?.kind === 'joint';
}

/** Whether more can make an account number of it; it is not one yet. */
function mayBegin(text: string): boolean {
  if (text.length === 1) return isLetter(text);
  const country = text.slice(0, 2);
  const length = lengths[country];
  if (length === undefined || text.length >= length) return false;
  const rest = text.slice(2);
  return (digitsOnly.has(country) ? /^\d*$/ : /^\d{0,2}$|^\d{2}[a-z0-9]*$/).test(rest);
}

function isIban(text: string): boolean {
  if (lengths[text.slice(0, 2)] !== text.length || !/^[a-z]{2}\d{2}[a-z0-9]+$/.test(text)) {
    return false;
  }
  let rest = 0;
  for (const char of text.slice(4) + text.slice(0, 4)) {
    const value = isDigit(char) ? Number(char) : char.charCodeAt(0) - 87;
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
