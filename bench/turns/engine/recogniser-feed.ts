import type { RecognisedWord } from '../dialogues/transcript.ts';
import type { TurnEffect, TurnInput } from '../../../src/turn/vocabulary.ts';
import type { Clock } from '../../../src/time/clock.ts';

/** Whether a text is what the agent says, or surely not. */
export interface TextOwnership {
  readonly echo: boolean;
  readonly foreign: boolean;
}

/**
 * Tells the machine the stand-in's words when they are known: the text of the caller's speech since
 * the last turn or dismissed speech. Words that were spoken before that and come after it are dropped.
 */
export class RecogniserFeed {
  readonly #clock: Clock;
  readonly #feed: (input: TurnInput) => void;
  readonly #ownership: ((text: string) => TextOwnership) | null;
  #sinceMs = 0;
  #words: string[] = [];

  /** @param ownership whose words a text is made of; `null`: nobody looks */
  constructor(
    clock: Clock,
    feed: (input: TurnInput) => void,
    ownership: ((text: string) => TextOwnership) | null,
  ) {
    this.#clock = clock;
    this.#feed = feed;
    this.#ownership = ownership;
  }

  /**
   * Something whose words are known begins at that time. @param isHeard asked when a word would be
   * known: whether it was heard at all
   */
  said(
    words: readonly RecognisedWord[],
    startMs: number,
    isHeard: (word: RecognisedWord) => boolean = () => true,
  ): void {
    for (const word of words) {
      this.#clock.timerAt(startMs + word.atMs, () => {
        if (word.text === '' || startMs + word.endMs <= this.#sinceMs || !isHeard(word)) return;
        this.#words.push(word.text);
        this.#tell('partial');
      });
      if (word.finalAtMs === null) continue;
      this.#clock.timerAt(startMs + word.finalAtMs, () => {
        if (this.#words.length === 0 || startMs + word.endMs <= this.#sinceMs) return;
        this.#tell('final');
      });
    }
  }

  /** Notes where turns end. */
  run(effect: TurnEffect): void {
    if (effect.type === 'commitTurn') this.#begin(effect.toAudioMs ?? this.#clock.nowMs());
    if (effect.type === 'event' && effect.event.type === 'speechDismissed') {
      this.#begin(effect.event.audioEndMs);
    }
  }

  #tell(type: 'partial' | 'final'): void {
    const text = this.#words.join(' ');
    this.#feed({ type, text, ...this.#ownership?.(text) });
  }

  #begin(sinceMs: number): void {
    this.#sinceMs = sinceMs;
    this.#words = [];
  }
}
