import { rewrite, type MappedText } from './mapped-text.ts';

const emoji =
  /(?:\p{RI}\p{RI}|\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f?)(?:\p{EMod}|\ufe0f|\u20e3|\u200d(?:\p{Emoji_Presentation}|\p{Extended_Pictographic})\ufe0f?)*|[\u2500-\u259f\u25a0-\u25ff]/gu;

/** Emoji and drawings out of a text; © ® ™ are words to a voice and stay. */
export const withoutEmoji = (
  source: MappedText,
): { readonly text: MappedText; readonly dropped: number } => {
  let dropped = 0;
  const text = rewrite(source, emoji, ([written]) => {
    if (/^[©®™\u{1f12f}]$/u.test(written)) return undefined;
    dropped += 1;
    return '';
  });
  return { text, dropped };
};
