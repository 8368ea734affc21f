import { noStyles } from './text/style-tags.ts';
import { verbalise, type SpeakingOptions } from './text/verbalise.ts';

/**
 * Whether two texts say the same, case and punctuation aside: an answer to one is an answer to the
 * other. A number in digits is what it is in words, as far as the language's rules know.
 */
export function sameWords(one: string, other: string, speaking: SpeakingOptions): boolean {
  if (plainWords(one) === plainWords(other)) return true;
  if (!/\p{N}/u.test(one + other)) return false;
  return saidWords(one, speaking) === saidWords(other, speaking);
}

function plainWords(text: string): string {
  const plain = text.toLocaleLowerCase('en').normalize('NFC');
  return (plain.match(/[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu) ?? []).join(' ');
}

function saidWords(text: string, speaking: SpeakingOptions): string {
  const { text: spoken } = verbalise({ text, kind: 'paragraph' }, speaking, noStyles);
  return plainWords(spoken.replaceAll('-', ' '));
}
