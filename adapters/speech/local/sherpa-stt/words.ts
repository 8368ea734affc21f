import type { RecognisedWord } from '../../../../src/ports/speech-to-text.ts';

/** A result as the engine gives it. */
export interface TokenResult {
  readonly tokens: readonly string[];
  /** Seconds, one for each token. */
  readonly timestamps: readonly number[];
  readonly ys_probs?: readonly number[];
}

/** How long a token is taken to last after it was told, ms: a transducer tells beginnings only. */
const tokenMs = 160;

/**
 * Words of the tokens: each begins at a token with a space (or SentencePiece's ▁) before it. It
 * lasts until 160 ms after its last token, or to the next word.
 * @param originMs where second 0 of the result lies on the session's audio, ms
 */
export function wordsOf(result: TokenResult, originMs: number): readonly RecognisedWord[] {
  const { tokens, timestamps, ys_probs: logs = [] } = result;
  const groups: number[][] = [];
  for (const [index, token] of tokens.entries()) {
    if (groups.length === 0 || /^[ ▁]/u.test(token)) groups.push([index]);
    else groups.at(-1)!.push(index);
  }
  return groups.map((group, place) => {
    const at = (index: number): number => originMs + 1000 * (timestamps[index] ?? 0);
    const next = groups[place + 1];
    const ownEndMs = at(group.at(-1)!) + tokenMs;
    const known = group.every((index) => logs[index] !== undefined);
    const log = group.reduce((sum, index) => sum + (logs[index] ?? 0), 0) / group.length;
    return {
      text: sentenceCase(group.map((index) => tokens[index]!.replace(/^[ ▁]/u, '')).join('')),
      startMs: at(group[0]!),
      endMs: next === undefined ? ownEndMs : Math.min(ownEndMs, at(next[0]!)),
      confidence: known ? Math.min(1, Math.exp(log)) : null,
    };
  });
}

/** Models that only know capitals shout: their text is told in small letters. */
export function sentenceCase(text: string): string {
  return text === text.toUpperCase() ? text.toLowerCase() : text;
}
