import type { BackendSpeech, SaidAnswer, SpeechFigures } from '../ports/health.ts';

/** Latest answers that count, and latest pieces of text (a count each). */
const answerLimit = 20;
const lagLimit = 200;
/** Shorter answers say little about a pace, ms. */
const leastAnswerMs = 500;
/** What has to be known before anything is told of it: sound in all, ms, and pieces (a count). */
const leastMs = 2000;
const leastLags = 8;
/** The share of pieces that lie further out on either side. */
const outliers = 0.1;

/** How a backend's words have lain on its sound of late, over all calls of a process. */
export class SpeechPace implements BackendSpeech {
  #answers: SaidAnswer[] = [];
  #lagsMs: number[] = [];
  /** Until an answer is added; absent: to be worked out anew. */
  #figures: SpeechFigures | null | undefined = null;

  get figures(): SpeechFigures | null {
    this.#figures ??= this.#figuresNow();
    return this.#figures;
  }

  said(answer: SaidAnswer): void {
    const { audioMs, characters, lagsMs, words } = answer;
    if (audioMs < leastAnswerMs || characters === 0 || words === 0) return;
    this.#answers = [...this.#answers, answer].slice(-answerLimit);
    this.#lagsMs = [...this.#lagsMs, ...lagsMs].slice(-lagLimit);
    this.#figures = undefined;
  }

  #figuresNow(): SpeechFigures | null {
    const sum = (of: (answer: SaidAnswer) => number): number =>
      this.#answers.reduce((all, answer) => all + of(answer), 0);
    const audioMs = sum((answer) => answer.audioMs);
    if (audioMs < leastMs) return null;
    const lagsMs = this.#lagsMs.toSorted((a, b) => a - b);
    const beyond = Math.floor(lagsMs.length * outliers);
    return {
      msPerCharacter: audioMs / sum(({ characters }) => characters),
      msPerWord: audioMs / sum(({ words }) => words),
      lagMs:
        lagsMs.length < leastLags ? null : [lagsMs[beyond]!, lagsMs[lagsMs.length - 1 - beyond]!],
    };
  }
}
