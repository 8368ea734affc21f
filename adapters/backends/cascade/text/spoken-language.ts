import type { NumberWords } from './number-words.ts';

/** How often something is there, for its form: one, or any other number. */
export interface Counted {
  readonly one: string;
  readonly many: string;
  /** How "one" itself is said before it, where it bends: "eine Stunde", "ein Euro". */
  readonly a?: string;
}

export interface CurrencyWords extends Counted {
  /** Hundredths. */
  readonly minor?: Counted;
  /** Between whole and hundredths: "and"; German says nothing. */
  readonly between: string;
}

export interface DateWords {
  /** Twelve names, from January on. */
  readonly months: readonly string[];
  /** A pattern source for names and abbreviations, without groups. */
  readonly monthPattern: string;
  /** Which of 3/5/2026 is the month. */
  readonly order: 'month-first' | 'day-first';
  /** @param before the word before the date, lower case, for languages that bend */
  readonly say: (day: number, month: number, year: string | undefined, before: string) => string;
  readonly year: (digits: string) => string;
}

export interface TimeWords {
  /** @param half `am` or `pm` where it was written */
  readonly say: (hour: number, minute: number, half: 'am' | 'pm' | undefined) => string;
}

export interface MarkWords {
  readonly at: string;
  readonly dot: string;
  readonly slash: string;
  readonly dash: string;
  readonly underscore: string;
  readonly plus: string;
  readonly and: string;
  readonly equals: string;
  readonly times: string;
  readonly number: string;
}

/** Long forms, each pattern ending where the abbreviation's full stop does. */
export type Expansions = readonly (readonly [pattern: string, spoken: string])[];

/**
 * What one language knows of speaking. A missing part means that its things are passed through as
 * written: the voice does them better than half a rule.
 */
export interface SpokenLanguage {
  readonly numbers: NumberWords;
  readonly decimalMark: '.' | ',';
  readonly point: string;
  readonly minus: string;
  readonly percent: string;
  /** Between the ends of a range. */
  readonly to: string;
  /** Ones that bend with their noun (un, une; eine) are left to the voice. */
  readonly leaveOnes: boolean;
  readonly currencies: Readonly<Record<string, CurrencyWords>>;
  /** Written after an amount: "$5 million". */
  readonly scales: readonly string[];
  readonly dates?: DateWords;
  readonly times?: TimeWords;
  readonly marks?: MarkWords;
  readonly units?: Readonly<Record<string, Counted>>;
  readonly fraction?: (
    whole: string | undefined,
    top: number,
    bottom: number,
  ) => string | undefined;
  /** An ordinal written with digits: its pattern has the groups `digits` and perhaps `before`. */
  readonly ordinals?: {
    readonly pattern: RegExp;
    readonly say: (digits: string, before: string) => string;
  };
  /** After a monarch's or pope's name. */
  readonly regnal?: (digits: string) => string;
  readonly regnalNames?: string;
  readonly expansions?: Expansions;
}
