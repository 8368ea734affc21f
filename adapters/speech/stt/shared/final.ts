import type { SpeechToTextEvent } from '../../../../src/ports/speech-to-text.ts';
import type { Stretch } from './stretch.ts';

/** More audio than this is worth an answer of the recogniser's, be it that nothing was said, ms. */
const noticeableMs = 400;

/** What is known when a stretch is answered. */
export interface FinalState {
  readonly connected: boolean;
  /** All before this has been recognised, ms of the session's audio. */
  readonly heardMs: number;
  /** Words come with their times. */
  readonly wordTimes: boolean;
}

/** What is said of a finished stretch, with what has come of it by now. */
export function finalOf(
  one: Stretch,
  finishId: number,
  { connected, heardMs, wordTimes }: FinalState,
): SpeechToTextEvent & { readonly type: 'final' } {
  const words = wordTimes ? one.words : null;
  const isWhole = one.through;
  // What was open when the connection went, and was not heard again, may have been cut off.
  const isCut = !isWhole && (!connected || one.fallback !== null);
  const complete = isWhole && !one.lost;
  const isUnheard = !isWhole && nothingCame(one, heardMs);
  const hole = one.lost || isCut || isUnheard ? ({ hole: true } as const) : {};
  return { type: 'final', finishId, text: one.text, words, complete, ...hole };
}

/** The recogniser was asked, has said nothing since, and nothing is known of what it was sent last. */
function nothingCame(one: Stretch, heardMs: number): boolean {
  const unheardMs = (one.endMs ?? 0) - Math.max(one.startMs, heardMs);
  return one.text === '' && one.newsAtMs === one.closedAtMs && unheardMs > noticeableMs;
}
