import type { WordTime } from '../../../src/ports/conversation.ts';
import type { SpokenSpan } from './text/mapped-text.ts';

/** A place in the spoken text whose time is known. */
interface Knot {
  readonly unit: number;
  readonly ms: number;
}

/** A word as written, with the stretch of the spoken text that says it. */
interface WrittenWord {
  readonly text: string;
  /** Behind it in the written text, UTF-16. */
  readonly to: number;
  readonly spokenFrom: number;
  readonly spokenTo: number;
}

export interface TimedPiece {
  /** As written; white space in front of the clause is part of it. */
  readonly written: string;
  /** Where in `written` the clause begins. */
  readonly offset: number;
  readonly spoken: string;
  /** From the spoken text to the clause. */
  readonly spans: readonly SpokenSpan[];
}

/** A stretch of the written text, and where its words lie on the audio. */
export interface TimedText {
  readonly delta: string;
  readonly words: readonly WordTime[];
}

/** How far on a word of the voice's may be looked for, UTF-16; what is further on is not it. */
const searchUnits = 48;

/**
 * Times of the written words of one piece, from those of the spoken ones: every written word gets
 * one, between its neighbours' where the voice told none.
 */
export class WordTimes {
  readonly #piece: TimedPiece;
  readonly #spoken: string;
  readonly #words: readonly WrittenWord[];
  readonly #knots: Knot[] = [];
  /** Spoken text whose times are known, UTF-16. */
  #known = 0;
  /** Written words given out (a count), the text up to them, and the end of the last one. */
  #given = 0;
  #givenTo = 0;
  #lastMs = 0;

  constructor(piece: TimedPiece) {
    this.#piece = piece;
    this.#spoken = piece.spoken.toLocaleLowerCase('en');
    this.#words = writtenWords(piece);
  }

  /** Whether every spoken word has its time. */
  get complete(): boolean {
    return !/[\p{L}\p{N}]/u.test(this.#spoken.slice(this.#known));
  }

  /** The next spoken word, as the voice spells it. */
  take({ text, startMs, endMs }: WordTime): void {
    const { from, to } = this.#find(text.trim().toLocaleLowerCase('en'));
    const least = this.#knots.at(-1)?.ms ?? 0;
    const start = Math.max(least, startMs);
    this.#knots.push({ unit: from, ms: start }, { unit: to, ms: Math.max(start, endMs) });
    // Marks behind a word belong to it.
    const marks = /^[^\p{L}\p{N}\s]*/u.exec(this.#spoken.slice(to))?.[0].length ?? 0;
    this.#known = to + marks;
  }

  /** What can be given out now. `null` = nothing. @param fromMs no word begins before */
  ready(fromMs: number): TimedText | null {
    const open = this.#words.findIndex(
      ({ spokenTo }, index) => index >= this.#given && spokenTo > this.#known,
    );
    return this.#give(open < 0 ? this.#words.length : open, Math.max(fromMs, this.#lastMs), null);
  }

  /**
   * All the rest: nothing more will be known.
   * @param fromMs where its audio begins at the earliest
   * @param toMs where it ends, `null` = not known
   */
  finish(fromMs: number, toMs: number | null): TimedText | null {
    const lastMs = Math.max(fromMs, this.#lastMs);
    const rest = this.#give(this.#words.length, lastMs, toMs);
    if (this.#givenTo === this.#piece.written.length) return rest;
    const delta = (rest?.delta ?? '') + this.#piece.written.slice(this.#givenTo);
    this.#givenTo = this.#piece.written.length;
    return { delta, words: rest?.words ?? [] };
  }

  /** End of the last word given out, ms. */
  get endMs(): number {
    return this.#lastMs;
  }

  #give(until: number, fromMs: number, toMs: number | null): TimedText | null {
    const words = this.#words.slice(this.#given, until);
    const last = words.at(-1);
    if (last === undefined) return null;
    const knots = this.#closed(fromMs, toMs);
    this.#lastMs = Math.max(this.#lastMs, fromMs);
    const timed = words.map(({ text, spokenFrom, spokenTo }) => {
      const startMs = Math.max(this.#lastMs, startAt(knots, spokenFrom, fromMs));
      const endMs = Math.max(startMs, spokenTo > spokenFrom ? endAt(knots, spokenTo, startMs) : 0);
      this.#lastMs = endMs;
      return { text, startMs, endMs };
    });
    const delta = this.#piece.written.slice(this.#givenTo, last.to);
    this.#given = until;
    this.#givenTo = last.to;
    return { delta, words: timed };
  }

  /** The known times, and the end's where it is known: what lies between is spread evenly. */
  #closed(fromMs: number, toMs: number | null): readonly Knot[] {
    if (toMs === null || this.complete) return this.#knots;
    const begun = this.#knots.length > 0 ? this.#knots : [{ unit: 0, ms: Math.min(fromMs, toMs) }];
    const lastMs = begun.at(-1)?.ms ?? 0;
    return [...begun, { unit: this.#spoken.length, ms: Math.max(lastMs, toMs) }];
  }

  #find(word: string): { readonly from: number; readonly to: number } {
    const at = word === '' ? -1 : this.#spoken.indexOf(word, this.#known);
    if (at >= 0 && at - this.#known <= searchUnits) return { from: at, to: at + word.length };
    // Spelled otherwise than it was given: the next word is the one.
    const next = /\S+/u.exec(this.#spoken.slice(this.#known));
    if (next === null) return { from: this.#known, to: this.#known };
    const from = this.#known + next.index;
    return { from, to: from + next[0].length };
  }
}

function startAt(knots: readonly Knot[], unit: number, otherwiseMs: number): number {
  const at = knots.findLastIndex((knot) => knot.unit <= unit);
  return between(knots[at], knots[at + 1], unit) ?? otherwiseMs;
}

function endAt(knots: readonly Knot[], unit: number, otherwiseMs: number): number {
  const at = knots.findIndex((knot) => knot.unit >= unit);
  if (at < 0) return knots.at(-1)?.ms ?? otherwiseMs;
  return between(knots[at - 1], knots[at], unit) ?? otherwiseMs;
}

function between(before: Knot | undefined, after: Knot | undefined, unit: number): number | null {
  if (before === undefined) return after?.ms ?? null;
  if (after === undefined || after.unit <= before.unit) return before.ms;
  const part = (unit - before.unit) / (after.unit - before.unit);
  return before.ms + part * (after.ms - before.ms);
}

function writtenWords({ written, offset, spans }: TimedPiece): readonly WrittenWord[] {
  return [...written.matchAll(/\S+/gu)].map(({ 0: text, index }) => {
    const to = index + text.length;
    const said = spokenStretch(spans, index - offset, to - offset);
    return { text, to, ...said };
  });
}

/** The part of the spoken text that says [from, to) of the written one; empty where none does. */
function spokenStretch(
  spans: readonly SpokenSpan[],
  from: number,
  to: number,
): Pick<WrittenWord, 'spokenFrom' | 'spokenTo'> {
  let spokenFrom: number | null = null;
  let spokenTo = 0;
  for (const span of spans) {
    if (span.writtenStart >= to) break;
    if (span.writtenEnd <= from) {
      spokenTo = Math.max(spokenTo, span.spokenEnd);
      continue;
    }
    spokenFrom ??= spokenUnit(span, from);
    spokenTo = Math.max(spokenTo, spokenUnit(span, to));
  }
  return { spokenFrom: spokenFrom ?? spokenTo, spokenTo };
}

/** Where in a span's spoken text a position of the written one is. */
function spokenUnit(span: SpokenSpan, written: number): number {
  const { spokenStart, spokenEnd, writtenStart, writtenEnd } = span;
  if (written <= writtenStart) return spokenStart;
  if (written >= writtenEnd) return spokenEnd;
  const part = (written - writtenStart) / (writtenEnd - writtenStart);
  return spokenStart + part * (spokenEnd - spokenStart);
}
