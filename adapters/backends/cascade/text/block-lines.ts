import type { BlockKind } from './clause.ts';

const undecided = /^[^\S\n]*(?:#{1,6}|[-*+•‣]|\p{Nd}{1,3}[.)]?|`{1,2}|~{1,2})?$/u;

/**
 * What a line of markdown is, by its beginning.
 *
 * @returns `undefined` while more of it must be seen
 */
export const lineKind = (beginning: string): BlockKind | undefined => {
  if (undecided.test(beginning)) return undefined;
  const line = beginning.trimStart();
  if (line.startsWith('```') || line.startsWith('~~~')) return 'code';
  if (line.startsWith('|')) return 'table';
  if (line.startsWith('>')) return 'quote';
  if (/^#{1,6}\s/u.test(line)) return 'heading';
  if (/^(?:[-*+•‣]|\p{Nd}{1,3}[.)])\s/u.test(line)) return 'item';
  return 'paragraph';
};

/** Whether a line opens or closes fenced code; code in one line ("```x```") does neither. */
export const isFence = (line: string): boolean =>
  /^\s*(?:`{3,}[^`\n]*|~{3,}[^\n]*)\n?$/u.test(line);
