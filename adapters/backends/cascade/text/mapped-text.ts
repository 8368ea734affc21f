/**
 * A text on its way from written to spoken. Each UTF-16 unit knows which stretch of the written
 * text it stands for, so that any number of rewritings after one another keeps the way back.
 */
export interface MappedText {
  readonly text: string;
  /** Per unit of `text`: where its written stretch begins. */
  readonly from: readonly number[];
  /** Per unit of `text`: where its written stretch ends. */
  readonly to: readonly number[];
  /** Per unit of `text`: already in words, so that no later rule reads it again. */
  readonly fixed: readonly boolean[];
}

/** What a stretch of the spoken text stands for. Positions are UTF-16 units. */
export interface SpokenSpan {
  readonly spokenStart: number;
  readonly spokenEnd: number;
  readonly writtenStart: number;
  readonly writtenEnd: number;
  /** The same characters, one by one. */
  readonly verbatim: boolean;
}

/** A text as written: every unit stands for itself. */
export const asWritten = (text: string): MappedText => ({
  text,
  from: Array.from({ length: text.length }, (_, at) => at),
  to: Array.from({ length: text.length }, (_, at) => at + 1),
  fixed: new Array<boolean>(text.length).fill(false),
});

/** What a rule says for a match; `undefined` leaves the match as it is. */
export type Saying = (match: RegExpExecArray, source: MappedText) => string | undefined;

/**
 * Replaces every match of a global pattern. Matches that touch fixed text are left alone, and what
 * comes in is fixed.
 */
export const rewrite = (source: MappedText, pattern: RegExp, say: Saying): MappedText => {
  if (source.text.search(pattern) < 0) return source;
  let text = '';
  const from: number[] = [];
  const to: number[] = [];
  const fixed: boolean[] = [];
  let copied = 0;
  const copy = (end: number): void => {
    text += source.text.slice(copied, end);
    for (; copied < end; copied += 1) {
      from.push(source.from[copied]!);
      to.push(source.to[copied]!);
      fixed.push(source.fixed[copied]!);
    }
  };
  for (const match of source.text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    if (match[0] === '' || source.fixed.slice(match.index, end).includes(true)) continue;
    const said = say(match, source);
    if (said === undefined) continue;
    copy(match.index);
    text += said;
    const start = source.from[match.index]!;
    const stop = source.to[end - 1]!;
    from.push(...new Array<number>(said.length).fill(start));
    to.push(...new Array<number>(said.length).fill(stop));
    fixed.push(...new Array<boolean>(said.length).fill(true));
    copied = end;
  }
  copy(source.text.length);
  return { text, from, to, fixed };
};

/** The part of a text between two positions. */
export const cutOut = (source: MappedText, start: number, end: number): MappedText => ({
  text: source.text.slice(start, end),
  from: source.from.slice(start, end),
  to: source.to.slice(start, end),
  fixed: source.fixed.slice(start, end),
});

/** The way back, as the fewest spans that cover the spoken text in order. */
export const spansOf = (source: MappedText): readonly SpokenSpan[] => {
  const spans: SpokenSpan[] = [];
  for (let at = 0; at < source.text.length; at += 1) {
    const writtenStart = source.from[at]!;
    const writtenEnd = source.to[at]!;
    const verbatim = !source.fixed[at]! && writtenEnd - writtenStart === 1;
    const last = spans.at(-1);
    const goesOn =
      last?.verbatim === verbatim &&
      (verbatim
        ? last.writtenEnd === writtenStart
        : last.writtenStart === writtenStart && last.writtenEnd === writtenEnd);
    if (last !== undefined && goesOn)
      spans[spans.length - 1] = { ...last, spokenEnd: at + 1, writtenEnd };
    else spans.push({ spokenStart: at, spokenEnd: at + 1, writtenStart, writtenEnd, verbatim });
  }
  return spans;
};

/**
 * How much of the written text was said when `spokenUnits` of the spoken text were. What was
 * rewritten counts as said when half of it was.
 *
 * @returns a position in the written text, which never falls as `spokenUnits` grows
 */
export const writtenPosition = (spans: readonly SpokenSpan[], spokenUnits: number): number => {
  let position = 0;
  for (const span of spans) {
    if (span.spokenStart >= spokenUnits) break;
    const said = Math.min(spokenUnits, span.spokenEnd) - span.spokenStart;
    const whole = span.spokenEnd - span.spokenStart;
    if (span.verbatim) position = Math.max(position, span.writtenStart + said);
    else position = Math.max(position, said * 2 >= whole ? span.writtenEnd : span.writtenStart);
  }
  return position;
};
