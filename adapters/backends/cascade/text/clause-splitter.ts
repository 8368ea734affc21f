import { isFence, lineKind } from './block-lines.ts';
import { breakAtSpace, breakBetween, mayEnd, surelyEnds, type BreakStrength } from './breaks.ts';
import { isSpace, weightOf } from './characters.ts';
import type { BlockKind, Clause, ClauseEnd, ClauseOptions } from './clause.ts';
import { graphemeEdge, wideWordEdge } from './edges.ts';

/** When the characters from `at` of the answer on came. */
interface Arrival {
  readonly at: number;
  readonly atMs: number;
}

/** What a splitter holds between two inputs. Its text is bounded by `maxWeight`. */
export interface ClauseState {
  /** Not given out yet, white space at its start removed. */
  readonly text: string;
  /** Position of `text` in the answer, in UTF-16 units. */
  readonly start: number;
  /** The block that `text` begins in. */
  readonly kind: BlockKind;
  /** The block of the line that is being read; `undefined` while its beginning does not tell. */
  readonly lineKind: BlockKind | undefined;
  /** Where in `text` that line begins. */
  readonly lineStart: number;
  readonly inFence: boolean;
  /** Nothing was given out yet. */
  readonly first: boolean;
  /** The last place of each strength in `text`; 0 where there is none. */
  readonly places: Readonly<Record<Exclude<BreakStrength, 'none'>, number>>;
  readonly arrivals: readonly Arrival[];
}

export type ClauseInput =
  | { readonly type: 'delta'; readonly text: string }
  /** Time has passed; due at `wakeAtMs`. */
  | { readonly type: 'tick' }
  /** The answer is over. */
  | { readonly type: 'end' };

export interface ClauseStep {
  readonly state: ClauseState;
  /** In the order of the answer. */
  readonly clauses: readonly Clause[];
  /** When a tick is due, if nothing comes before. */
  readonly wakeAtMs: number | undefined;
}

type Draft = { -readonly [Key in keyof ClauseState]: ClauseState[Key] } & {
  clauses: Clause[];
  readonly options: ClauseOptions;
};

const noPlaces = { sentence: 0, phrase: 0, word: 0, bound: 0 } as const;

/** A splitter at the beginning of an answer. */
export const openClauses = (): ClauseState => ({
  text: '',
  start: 0,
  kind: 'paragraph',
  lineKind: undefined,
  lineStart: 0,
  inFence: false,
  first: true,
  places: noPlaces,
  arrivals: [],
});

/** UTF-16 units and not characters: a delta may end in the middle of one. */
const units = (text: string): readonly string[] =>
  Array.from({ length: text.length }, (_, at) => text.charAt(at));

const weigh = (text: string): number => {
  let weight = 0;
  for (let at = 0; at < text.length; at += 1) weight += weightOf(text.charAt(at));
  return weight;
};

/** Ends a clause at `at` and reads what is left anew. */
const cut = (draft: Draft, at: number, ended: ClauseEnd): void => {
  const rest = draft.text.slice(at);
  const text = draft.text.slice(0, at).trimEnd();
  const { start, kind } = draft;
  draft.start = start + at;
  draft.text = '';
  draft.places = noPlaces;
  if (at >= draft.lineStart) {
    // Within a line its kind is known; at its beginning it must be found again.
    if (at === draft.lineStart && draft.lineStart > 0) draft.lineKind = undefined;
    draft.kind = draft.lineKind ?? 'paragraph';
  } else draft.lineKind = kind;
  draft.lineStart = 0;
  if (text !== '') {
    draft.clauses.push({ text, kind, start, end: start + text.length, ended });
    draft.first = false;
  }
  for (const mark of units(rest)) admit(draft, mark);
};

/** Takes a place where a clause may end: ends it there, or remembers the place. */
const place = (draft: Draft, at: number, strength: BreakStrength): boolean => {
  if (strength === 'none' || at === 0) return false;
  const { options, first } = draft;
  const weight = weigh(draft.text.slice(0, at));
  const enough = {
    sentence: first ? 1 : options.minWeight,
    phrase: first ? options.firstMinWeight : options.phraseFromWeight,
    word: first ? options.firstMaxWeight : Infinity,
    bound: Infinity,
  }[strength];
  const closed = strength === 'word' || !openBracket(draft.text.slice(0, at), strength);
  if (closed && weight >= enough) {
    cut(draft, at, strength === 'word' ? 'length' : (strength as ClauseEnd));
    return true;
  }
  draft.places = { ...draft.places, [closed ? strength : 'bound']: at };
  return false;
};

/** A link is never cut, and a comma in brackets ends nothing. */
const openBracket = (text: string, strength: BreakStrength): boolean => {
  const open = (opening: string, closing: string): boolean =>
    text.lastIndexOf(opening) > text.lastIndexOf(closing);
  if (open('[', ']')) return true;
  return strength === 'phrase' && (open('(', ')') || open('（', '）'));
};

/** The best place for a clause that has become too long, 0 if there is none. */
const placeForLength = (draft: Draft): number => {
  const { sentence, phrase, word, bound } = draft.places;
  const wide = wideWordEdge(draft.text);
  const least = draft.options.minWeight / 2;
  const places = [sentence, phrase, Math.max(word, wide), bound].filter((at) => at > 0);
  return places.find((at) => weigh(draft.text.slice(0, at)) >= least) ?? Math.max(0, ...places);
};

const limitLength = (draft: Draft): void => {
  const { maxWeight } = draft.options;
  // White space weighs nothing and must not pile up either.
  if (draft.text.length <= maxWeight && weigh(draft.text) <= maxWeight) return;
  const at = placeForLength(draft) || graphemeEdge(draft.text);
  if (at > 0) cut(draft, at, 'length');
};

const endLine = (draft: Draft): void => {
  const line = draft.text.slice(draft.lineStart);
  if (draft.lineKind === 'code' || draft.inFence) {
    if (isFence(line)) draft.inFence = !draft.inFence;
    draft.lineStart = draft.text.length;
    draft.lineKind = draft.inFence ? 'code' : undefined;
    cut(draft, draft.text.length, 'block');
    draft.kind = draft.lineKind ?? 'paragraph';
    return;
  }
  const block = draft.lineKind !== 'paragraph' || line.trim() === '';
  const { text, options } = draft;
  const spoken = text.trimEnd();
  draft.lineStart = text.length;
  draft.lineKind = undefined;
  if (block) cut(draft, text.length, 'block');
  else if (surelyEnds(spoken, options.language)) place(draft, text.length, 'sentence');
};

/** The beginning of a line tells what it is: a new block, or more of the paragraph. */
const beginLine = (draft: Draft): boolean => {
  const beginning = draft.text.slice(draft.lineStart);
  const kind = lineKind(beginning);
  if (kind === undefined) return false;
  const { lineStart, text, options } = draft;
  if (lineStart === 0) {
    draft.kind = kind;
    draft.lineKind = kind;
    return false;
  }
  if (kind !== 'paragraph') {
    cut(draft, lineStart, 'block');
    return true;
  }
  draft.lineKind = kind;
  const next = beginning.trimStart()[0] ?? '';
  const strength = breakAtSpace(text.slice(0, lineStart).trimEnd(), next, options.language);
  // A new line is a pause unless the text was merely wrapped there.
  const wrapped = strength === 'none' || /^[\p{Ll}\p{Nd}]$/u.test(next);
  return place(draft, lineStart, wrapped ? strength : 'sentence');
};

/** Takes one UTF-16 unit; what a clause is never depends on how the answer was cut into deltas. */
const admit = (draft: Draft, mark: string): void => {
  if (draft.text === '' && isSpace(mark)) {
    draft.start += 1;
    if (mark === '\n' && !draft.inFence) draft.lineKind = undefined;
    return;
  }
  const { text, options } = draft;
  draft.text += mark;
  if (mark === '\n') {
    endLine(draft);
    return;
  }
  if (draft.inFence) {
    draft.kind = 'code';
    limitLength(draft);
    return;
  }
  if (draft.lineKind === undefined) {
    if (beginLine(draft)) return;
  } else if (draft.lineKind !== 'code' && draft.lineKind !== 'table') {
    const previous = text.at(-1) ?? ' ';
    if (isSpace(mark)) {
      if (!isSpace(previous) && surelyEnds(text, options.language)) {
        if (place(draft, text.length, 'sentence')) return;
      }
    } else if (isSpace(previous)) {
      const strength = breakAtSpace(text.trimEnd(), mark, options.language);
      if (text.length > draft.lineStart && place(draft, text.length, strength)) return;
    } else if (place(draft, text.length, breakBetween(text, mark))) return;
  }
  limitLength(draft);
};

const softWaitMs = (draft: Draft): number =>
  Math.min(draft.first ? draft.options.firstWaitMs : draft.options.waitMs, draft.options.maxWaitMs);

/** The best place for a clause that has waited, 0 if waiting on is better. */
const placeForWait = (draft: Draft): number => {
  const { text, places, options } = draft;
  if (draft.lineKind === 'code' || draft.lineKind === 'table') return 0;
  if (mayEnd(text.trimEnd(), options.language) && !openBracket(text, 'sentence'))
    return text.length;
  const word = Math.max(places.word, wideWordEdge(text));
  const pause = Math.max(places.sentence, places.phrase);
  const at = pause * 2 >= word ? pause : word;
  return weigh(text.slice(0, at)) * 2 >= options.firstMinWeight ? at : 0;
};

/** When the oldest character that is held came. */
const since = (draft: Draft): number | undefined => {
  while ((draft.arrivals[1]?.at ?? Infinity) <= draft.start)
    draft.arrivals = draft.arrivals.slice(1);
  return draft.text === '' ? undefined : draft.arrivals[0]?.atMs;
};

/** Ends the clauses that have waited long enough. */
const endWaits = (draft: Draft, nowMs: number): number | undefined => {
  for (;;) {
    const sinceMs = since(draft);
    if (sinceMs === undefined) return undefined;
    const { maxWaitMs } = draft.options;
    const softMs = sinceMs + softWaitMs(draft);
    if (nowMs < softMs) return softMs;
    const hard = nowMs >= sinceMs + maxWaitMs;
    const at = placeForWait(draft) || (hard ? draft.text.length : 0);
    if (at === 0) return sinceMs + maxWaitMs;
    cut(draft, at, 'wait');
  }
};

/**
 * Splits an answer into clauses while it is written. Give it every piece of text as it comes, a
 * tick at `wakeAtMs`, and the end. The texts of all clauses in order are the answer, white space at
 * their ends apart, and as long as no wait ends a clause they are the same however it was cut into
 * deltas. No character waits longer than `maxWaitMs`, given the ticks.
 *
 * @param nowMs monotonic
 */
export const stepClauses = (
  state: ClauseState,
  input: ClauseInput,
  nowMs: number,
  options: ClauseOptions,
): ClauseStep => {
  const draft: Draft = { ...state, clauses: [], options };
  if (input.type === 'delta') {
    const at = draft.start + draft.text.length;
    if (input.text !== '') draft.arrivals = [...draft.arrivals, { at, atMs: nowMs }];
    for (const mark of units(input.text)) admit(draft, mark);
  }
  if (input.type === 'end') cut(draft, draft.text.length, 'end');
  const wakeAtMs = input.type === 'end' ? undefined : endWaits(draft, nowMs);
  const { text, start, kind, lineKind, lineStart, inFence, first, places, arrivals } = draft;
  const next = { text, start, kind, lineKind, lineStart, inFence, first, places, arrivals };
  return { state: next, clauses: draft.clauses, wakeAtMs };
};
