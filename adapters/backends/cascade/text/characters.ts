/** Marks that end a sentence in scripts that write no space after them. */
const wideStops = '。！？｡';
/** Marks that end a sentence and are no full stop: nothing makes them ambiguous. */
const plainStops = '!?؟।॥۔‽';
/** “ closes in German and opens in English; after a stop it closes. */
const closers = '"\'”’»)]}」』）】》〉］*_~“';
const phraseMarks = ',;:،؛–—';
const widePhraseMarks = '、，；：';

/** White space in the sense of Unicode, the ideographic space included. */
export const isSpace = (mark: string): boolean => /^\s$/u.test(mark);
export const isWideStop = (mark: string): boolean => mark !== '' && wideStops.includes(mark);
export const isPlainStop = (mark: string): boolean => mark !== '' && plainStops.includes(mark);
export const isCloser = (mark: string): boolean => mark !== '' && closers.includes(mark);
export const isPhraseMark = (mark: string): boolean => mark !== '' && phraseMarks.includes(mark);
export const isWidePhraseMark = (mark: string): boolean =>
  mark !== '' && widePhraseMarks.includes(mark);

/** A mark that belongs to what stands before it: nothing starts with it. */
export const leansBack = (mark: string): boolean =>
  isWideStop(mark) ||
  isPlainStop(mark) ||
  isWidePhraseMark(mark) ||
  (isCloser(mark) && !'*_~"\'“'.includes(mark)) ||
  /^(?:[.,;:،؛%…\u200d]|\p{M})$/u.test(mark) ||
  isLowSurrogate(mark);

/** The second half of a character outside the basic plane. */
const isLowSurrogate = (mark: string): boolean => mark >= '\udc00' && mark <= '\udfff';

const wide = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー]$/u;
const unspaced = /^[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u;

/** An ideograph, kana or hangul syllable, or half of one outside the basic plane. */
export const isWide = (mark: string): boolean => wide.test(mark);
/** A letter of a script that puts spaces between phrases instead of words. */
export const isUnspaced = (mark: string): boolean => unspaced.test(mark);

/** See `ClauseOptions`: white space 0, wide characters 3, all others 1. */
export const weightOf = (mark: string): number => {
  if (mark >= '!' && mark <= '~') return 1;
  if (isSpace(mark) || isLowSurrogate(mark)) return 0;
  return isWide(mark) ? 3 : 1;
};
