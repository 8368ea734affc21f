import type { MappedText } from './mapped-text.ts';
import type { StyledPart, StyleSpan } from './style-tags.ts';

interface Tidied {
  readonly text: MappedText;
  readonly styles: readonly StyleSpan[];
}

/** Grows a text unit by unit, white space never doubled and never first. */
class Sheet {
  text = '';
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly fixed: boolean[] = [];
  readonly styles: (string | undefined)[] = [];

  add(mark: string, part: StyledPart, at: number): void {
    this.text += mark;
    this.from.push(part.text.from[at]!);
    this.to.push(part.text.to[at]!);
    this.fixed.push(part.text.fixed[at]!);
    this.styles.push(part.style);
  }

  removeLast(): void {
    this.text = this.text.slice(0, -1);
    for (const list of [this.from, this.to, this.fixed, this.styles]) list.pop();
  }

  /** A mark that nobody wrote; it stands for the last unit. */
  close(mark: string): void {
    this.text += mark;
    this.from.push(this.from.at(-1) ?? 0);
    this.to.push(this.to.at(-1) ?? 0);
    this.fixed.push(true);
    this.styles.push(this.styles.at(-1));
  }
}

const styleSpans = (styles: readonly (string | undefined)[]): readonly StyleSpan[] => {
  const spans: StyleSpan[] = [];
  styles.forEach((style, at) => {
    const last = spans.at(-1);
    if (style === undefined) return;
    if (last?.style === style && last.spokenEnd === at)
      spans[spans.length - 1] = { ...last, spokenEnd: at + 1 };
    else spans.push({ style, spokenStart: at, spokenEnd: at + 1 });
  });
  return spans;
};

/** What the parts are put together with. */
export interface TidyOptions {
  /** French writes a space before ! and ?. */
  readonly spacedMarks: boolean;
  /** The text stood in a line of its own, which is a pause: it ends with a full stop. */
  readonly ownLine: boolean;
}

/**
 * The parts as one text: single spaces, none at its ends, none before a mark. A text with nothing
 * to say in it comes back empty.
 */
export const tidy = (parts: readonly StyledPart[], options: TidyOptions): Tidied => {
  const sheet = new Sheet();
  for (const part of parts)
    for (let at = 0; at < part.text.text.length; at += 1) {
      const mark = part.text.text[at]!;
      const afterSpace = sheet.text === '' || sheet.text.endsWith(' ');
      if (/\s/u.test(mark)) {
        if (!afterSpace) sheet.add(' ', part, at);
        continue;
      }
      if (afterSpace && sheet.text !== '' && !options.spacedMarks && /[,.;:!?]/u.test(mark))
        if (!/^[.]\p{Nd}/u.test(part.text.text.slice(at, at + 2))) sheet.removeLast();
      sheet.add(mark, part, at);
    }
  if (sheet.text.endsWith(' ')) sheet.removeLast();
  if (!/[\p{L}\p{N}]/u.test(sheet.text))
    return { text: { text: '', from: [], to: [], fixed: [] }, styles: [] };
  if (options.ownLine && !/[.!?:;…,。！？：；、।॥؟۔]["'”’»)\]」』]*$/u.test(sheet.text))
    sheet.close(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]$/u.test(sheet.text) ? '。' : '.');
  const { text, from, to, fixed, styles } = sheet;
  return { text: { text, from, to, fixed }, styles: styleSpans(styles) };
};
