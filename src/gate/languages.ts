import { isLetter, type Folded } from './folded.ts';
import type { Found, Scanner } from './scanner.ts';

/** Small words that give a language away, folded. */
const smallWords: Readonly<Record<string, readonly string[]>> = {
  en: 'the and is are you your to of in that it for with this we have can will not be on i at from please would'.split(
    ' ',
  ),
  de: 'der die das und ist sind sie ich nicht ein eine einen mit fur auf zu wir haben kann wird den dem auch bitte'.split(
    ' ',
  ),
  fr: 'le la les et est sont vous je ne pas un une des du pour dans nous avez que qui avec votre sur ce bonjour'.split(
    ' ',
  ),
  es: 'el la los las y es son usted yo no un una para con por que de en su como esta tiene nosotros gracias'.split(
    ' ',
  ),
  it: 'il la gli e sono lei io non un una per con che di in del della questo siamo come grazie anche'.split(
    ' ',
  ),
  pt: 'o a os as e sao voce eu nao um uma para com por que de em seu como esta temos obrigado do da'.split(
    ' ',
  ),
  nl: 'de het een en is zijn u ik niet van voor met op dat wij hebben kan wordt ook niet uw naar graag'.split(
    ' ',
  ),
};

/** Scripts by the languages that are written in them; every other language is Latin here. */
const scripts: readonly { readonly test: RegExp; readonly languages: readonly string[] }[] = [
  { test: /\p{sc=Cyrl}/u, languages: ['ru', 'uk', 'bg', 'sr', 'be', 'mk', 'kk', 'mn'] },
  { test: /\p{sc=Grek}/u, languages: ['el'] },
  { test: /\p{sc=Arab}/u, languages: ['ar', 'fa', 'ur'] },
  { test: /\p{sc=Hebr}/u, languages: ['he', 'yi'] },
  { test: /\p{sc=Han}/u, languages: ['zh', 'ja', 'ko'] },
  { test: /[\p{sc=Hira}\p{sc=Kana}]/u, languages: ['ja'] },
  { test: /\p{sc=Hang}/u, languages: ['ko'] },
  { test: /\p{sc=Thai}/u, languages: ['th'] },
  { test: /\p{sc=Deva}/u, languages: ['hi', 'mr', 'ne'] },
  { test: /\p{sc=Beng}/u, languages: ['bn'] },
  { test: /\p{sc=Taml}/u, languages: ['ta'] },
];

/** Small words of another language that decide, among the latest words (counts). */
const foreignWords = 3;
const windowWords = 10;
/** Small words of an allowed language that speak against it (a count). */
const ownWords = 2;

/** What tells allowed languages from others. */
export interface LanguageTable {
  readonly own: ReadonlySet<string>;
  readonly foreign: ReadonlySet<string>;
  readonly foreignScripts: readonly RegExp[];
  readonly latin: boolean;
}

/**
 * Tables for some languages. Small words count only where they are known for every allowed language
 * that is written in Latin letters.
 */
export function languageTable(allowed: readonly string[]): LanguageTable {
  const latin = allowed.filter((tag) => !scripts.some(({ languages }) => languages.includes(tag)));
  const known = latin.every((tag) => Object.hasOwn(smallWords, tag));
  const own = new Set(latin.flatMap((tag) => smallWords[tag] ?? []));
  const others = Object.entries(smallWords).filter(([tag]) => !allowed.includes(tag));
  const foreign = known ? others.flatMap(([, words]) => words) : [];
  return {
    own,
    foreign: new Set(foreign.filter((word) => !own.has(word))),
    foreignScripts: scripts
      .filter(({ languages }) => !languages.some((tag) => allowed.includes(tag)))
      .map(({ test }) => test),
    latin: latin.length > 0,
  };
}

interface Word {
  readonly from: number;
  readonly to: number;
  readonly kind: 'own' | 'foreign' | 'other';
}

/**
 * Finds what is said in a language that is not allowed: by its script at once, among Latin ones by
 * its small words, of which it takes three.
 */
export class LanguageScanner implements Scanner {
  readonly #table: LanguageTable;
  readonly #found: Found;
  #word: { text: string; readonly from: number; to: number; strange: boolean } | null = null;
  #latest: Word[] = [];

  constructor(table: LanguageTable, found: Found) {
    this.#table = table;
    this.#found = found;
  }

  get pendingFrom(): number | null {
    return this.#first()?.from ?? this.#word?.from ?? null;
  }

  /** A few words in another language do no harm that is worth a pause. */
  readonly likely = false;

  take({ char, raw, from, to }: Folded): void {
    if (!isLetter(char)) {
      this.#endWord();
      return;
    }
    this.#word ??= { text: '', from, to, strange: true };
    this.#word.text += char;
    this.#word.to = to;
    // One letter of another script among Latin ones is a trick of spelling, not a language.
    this.#word.strange &&= this.#table.foreignScripts.some((script) => script.test(raw));
  }

  end(): void {
    this.#endWord();
    this.#latest = [];
  }

  /** The first word that may turn out to be in another language. */
  #first(): Word | undefined {
    return this.#latest.find(({ kind }) => kind === 'foreign');
  }

  #endWord(): void {
    if (this.#word === null) return;
    const { text, from, to, strange } = this.#word;
    this.#word = null;
    const { own, foreign } = this.#table;
    if (strange && (text.length > 1 || text > '\u2e7f')) {
      this.#found({ from, to });
      return;
    }
    const kind = own.has(text) ? 'own' : foreign.has(text) ? 'foreign' : 'other';
    this.#latest = [...this.#latest, { from, to, kind } as const].slice(-windowWords);
    const first = this.#first();
    if (first === undefined) return;
    const count = (wanted: Word['kind']): number =>
      this.#latest.filter((word) => word.kind === wanted).length;
    if (count('own') >= ownWords) this.#latest = this.#latest.filter((word) => word.kind === 'own');
    else if (count('foreign') >= foreignWords) this.#found({ from: first.from, to });
  }
}
