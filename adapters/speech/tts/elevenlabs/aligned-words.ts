import type { WordTime } from '../../../../src/ports/conversation.ts';
import type { Alignment } from './messages.ts';

/** Words made of characters that come with their times, cut anywhere. */
export class AlignedWords {
  readonly #hasTags: boolean;
  #text = '';
  #startMs = 0;
  #endMs = 0;
  #inTag = false;

  /** @param hasTags what stands in square brackets is a direction to the voice, and not spoken */
  constructor(hasTags: boolean) {
    this.#hasTags = hasTags;
  }

  /** @param fromMs where the audio begins that the characters belong to, ms of the utterance */
  take(alignment: Alignment, fromMs: number): readonly WordTime[] {
    const words: WordTime[] = [];
    for (const [place, char] of alignment.chars.entries()) {
      const startMs = fromMs + (alignment.charStartTimesMs[place] ?? 0);
      const endMs = startMs + (alignment.charDurationsMs[place] ?? 0);
      if (this.#hasTags && char === '[') this.#inTag = true;
      const isSpoken = !this.#inTag;
      if (this.#hasTags && char === ']') this.#inTag = false;
      if (!isSpoken) continue;
      if (/^\s*$/.test(char)) this.#endWord(words);
      else this.#add(char, startMs, endMs);
    }
    return words;
  }

  /** The word that was still open, if any. */
  end(): readonly WordTime[] {
    const words: WordTime[] = [];
    this.#endWord(words);
    return words;
  }

  #add(char: string, startMs: number, endMs: number): void {
    if (this.#text === '') this.#startMs = startMs;
    this.#text += char;
    this.#endMs = endMs;
  }

  #endWord(words: WordTime[]): void {
    if (this.#text === '') return;
    words.push({ text: this.#text, startMs: this.#startMs, endMs: this.#endMs });
    this.#text = '';
  }
}
