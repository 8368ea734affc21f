import { isUnspaced, isWide, leansBack } from './characters.ts';

// No language given: the results must not hang on the machine's, and dictionaries go by script.
const words = new Intl.Segmenter('und', { granularity: 'word' });
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

const unspacedScript = (mark: string): boolean => isWide(mark) || isUnspaced(mark);

/**
 * The last place between two words that are written without a space (Chinese, Japanese, Thai), 0
 * if there is none. The last word may be unfinished, so the end of the text is no such place.
 */
export const wideWordEdge = (text: string): number => {
  let edge = 0;
  if (!/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]/u.test(text))
    return edge;
  for (const { index, segment } of words.segment(text))
    if (
      unspacedScript(text[index - 1] ?? '') &&
      !leansBack(segment[0] ?? '') &&
      unspacedScript(segment[0] ?? '')
    )
      edge = index;
  return edge;
};

/** The last place at which no letter is torn from its marks, the end of the text excepted. */
export const graphemeEdge = (text: string): number => {
  let edge = 0;
  // Half a character would look like a letter of its own.
  const whole = text.replace(/[\ud800-\udbff]$/u, '');
  for (const { index } of graphemes.segment(whole)) edge = index;
  return edge;
};
