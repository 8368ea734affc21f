import type { BlockKind } from './clause.ts';
import { asWritten, rewrite, type MappedText } from './mapped-text.ts';

/** What of a clause was not said, counted. */
export interface Dropped {
  /** Lines of fenced code. */
  readonly codeLines: number;
  /** Pictures; what their text says is said. */
  readonly images: number;
  /** Lines that only rule or separate: `---`, `|---|---|`. */
  readonly rules: number;
  readonly emoji: number;
  /** Style tags that the voice has nothing for. */
  readonly styles: number;
  /** Addresses behind a link's text, and paths too long to say. */
  readonly addresses: number;
}

const nothingDropped: Dropped = {
  codeLines: 0,
  images: 0,
  rules: 0,
  emoji: 0,
  styles: 0,
  addresses: 0,
};

const remove = (): string => '';
const ruleLine = /^\s*(?:[-*_=]\s*){3,}$|^\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*(?::?-{2,}:?)?\s*$/u;

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

const inline = (source: MappedText): MappedText => {
  let text = source;
  text = rewrite(text, /\\(?=[\\`*_{}[\]()#+\-.!|>~])/gu, remove);
  text = rewrite(text, /!(?=\[[^\]\n]*\]\()/gu, remove);
  text = rewrite(text, /\[(?=[^\]\n]*\](?:\([^)\n]*\)|\[[^\]\n]*\]))/gu, remove);
  // What an unfinished link left behind in another clause goes as well.
  text = rewrite(text, /\](?:\([^)\n]*\)?|\[[^\]\n]*\])/gu, remove);
  text = rewrite(text, /<(?=https?:\/\/[^>\s]+>)|(?<=<?https?:\/\/[^>\s]+)>/gu, remove);
  text = rewrite(text, /<\/?(?:b|i|em|strong|u|s|p|br|span|div|sub|sup|code)\b[^>\n]*>/giu, remove);
  text = rewrite(text, /\[\^?\p{Nd}+\]/gu, remove);
  text = rewrite(text, /`+/gu, remove);
  text = rewrite(text, /\*\*+|__+|~~+/gu, remove);
  // One mark is emphasis only at the edge of a word: 2 * 3 and snake_case are none.
  text = rewrite(
    text,
    /(?<![\p{L}\p{N}])[*_](?=[^\s*_])|(?<=[^\s*_])[*_](?![\p{L}\p{N}])/gu,
    remove,
  );
  return text;
};

const blockStart = /^\s*(?:#{1,6}\s+|>+\s?|[-*+•‣]\s+(?:\[[ xX]\]\s+)?)/gu;

const row = (source: MappedText): MappedText => {
  let text = rewrite(source, /^\s*\|\s*|\s*\|\s*$/gu, remove);
  text = rewrite(text, /\s*\|\s*/gu, () => ', ');
  return text;
};

/** The words of a clause without its markup, and what was left out. */
export const withoutMarkdown = (
  written: string,
  kind: BlockKind,
): { readonly text: MappedText; readonly dropped: Dropped } => {
  const source = asWritten(written);
  const lines = written.split('\n').filter((line) => line.trim() !== '').length;
  const empty = rewrite(source, /[\s\S]+/gu, remove);
  if (kind === 'code') return { text: empty, dropped: { ...nothingDropped, codeLines: lines } };
  if (ruleLine.test(written)) return { text: empty, dropped: { ...nothingDropped, rules: 1 } };
  const dropped = {
    ...nothingDropped,
    images: count(written, /!\[[^\]\n]*\]\(/gu),
    addresses: count(written, /(?<!!)\[[^\]\n]*\]\([^)\n]*\)/gu),
  };
  const text = kind === 'table' ? row(source) : rewrite(source, blockStart, remove);
  return { text: inline(text), dropped };
};
