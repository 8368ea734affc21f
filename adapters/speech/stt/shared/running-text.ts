import type { SpeechToTextEvent } from '../../../../src/ports/speech-to-text.ts';
import type { Stretch } from './stretch.ts';

export interface RunningTextOptions {
  /** Words come with their times. */
  readonly wordTimes: boolean;
  readonly emit: (event: SpeechToTextEvent) => void;
}

/** What is told of the stretch that is open: its text as it grows, and whether the turn is over. */
export class RunningText {
  readonly #options: RunningTextOptions;
  #text = '';
  #settled = 0;
  /** The turn was said to end soon. */
  #eager = false;

  constructor(options: RunningTextOptions) {
    this.#options = options;
  }

  /** Another stretch is open. */
  restart(): void {
    this.#text = '';
    this.#settled = 0;
    this.#eager = false;
  }

  /** What the stretch holds, where it changed. */
  tell({ text, settledText, words }: Pick<Stretch, 'text' | 'settledText' | 'words'>): void {
    const settled = settledText.length;
    if (text === this.#text && settled === this.#settled) return;
    this.#text = text;
    this.#settled = settled;
    const { emit, wordTimes } = this.#options;
    emit({ type: 'partial', text, settled, ...(wordTimes && words !== null ? { words } : {}) });
  }

  /** The recogniser's own judgement of the turn; of a stretch without words there is none. */
  turn(type: 'eager_end' | 'resumed' | 'end', probability: number, text: string): void {
    const { emit } = this.#options;
    if (type === 'resumed') {
      if (this.#eager) emit({ type });
      this.#eager = false;
      return;
    }
    if (text === '') return;
    this.#eager = type === 'eager_end';
    emit({ type, text, probability });
  }
}
