import type { WordTime } from '../ports/conversation.ts';

/** A piece of a line's text as it came, or what is left of it. */
interface HeldText {
  readonly seq: number;
  readonly delta: string;
  readonly words: readonly WordTime[] | null;
  readonly fromChar: number;
}

/** The text of a line that waits. */
export class HeldTexts {
  readonly #texts: HeldText[] = [];

  get first(): HeldText | undefined {
    return this.#texts[0];
  }

  push(text: HeldText): void {
    this.#texts.push(text);
  }

  /** Characters of the first piece that lie before a position in the line's text. */
  room(untilChar: number): number {
    const { first } = this;
    return first === undefined ? 0 : Math.min(untilChar - first.fromChar, first.delta.length);
  }

  /** Takes so many characters of the first piece, and the words that lie within them. */
  take(characters: number): Pick<HeldText, 'delta' | 'words'> {
    const held = this.#texts[0]!;
    const { delta, words, fromChar } = held;
    if (characters === delta.length) {
      this.#texts.shift();
      return { delta, words };
    }
    const taken = wordsWithin(delta, words, characters);
    this.#texts[0] = {
      ...held,
      delta: delta.slice(characters),
      words: words?.slice(taken.length) ?? null,
      fromChar: fromChar + characters,
    };
    return { delta: delta.slice(0, characters), words: words && taken };
  }
}

/** The words that lie within the first so many characters of their text. */
function wordsWithin(
  delta: string,
  words: readonly WordTime[] | null,
  characters: number,
): readonly WordTime[] {
  const within: WordTime[] = [];
  let from = 0;
  for (const word of words ?? []) {
    const at = delta.indexOf(word.text, from);
    from = at + word.text.length;
    if (at < 0 || from > characters) break;
    within.push(word);
  }
  return within;
}
