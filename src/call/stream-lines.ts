import type { StreamFrame } from '../ports/backend.ts';

/** Agent silence that ends a line of a backend without turns, ms. */
const streamLineSilenceMs = 800;
/** The same where words are still to come: they are waited for this long, ms. */
const wordsLimitMs = streamLineSilenceMs + 3000;
/** Silence after speech under the caller's that is taken for giving way, ms. */
const gaveWayMs = 300;

/** Where the agent's speech is in a stream that never stops. */
export type StreamState =
  | { readonly kind: 'silent' }
  /** `under`: the caller spoke when it was last heard. */
  | { readonly kind: 'speaking'; readonly silenceMs: number; readonly under?: true }
  /** The client stopped the line: nothing is let through until the model is silent by itself. */
  | { readonly kind: 'gated'; readonly silenceMs: number };

/** What one frame means, in order. `audio` = the frame belongs to the open line. */
export type StreamAction = 'open' | 'audio' | 'complete' | 'yield';

/** What is heard beside the frame's own mark. */
export interface StreamHearing {
  /** The frame holds 10 ms above −50 dBFS. */
  readonly audible: boolean;
  readonly frameMs: number;
  /** The caller speaks. */
  readonly talkedOver?: boolean;
  /** Words of what was said are still to come. */
  readonly wordsOwed?: boolean;
}

/**
 * Finds lines in a frame-synchronous stream: audible speech opens one; the model's own mark or
 * 800 ms of its silence completes it, once its words are known; its `yielded` mark says that it
 * stopped for the caller, and of one that marks nothing, silence while the caller goes on does. Pure.
 */
export function streamStep(
  state: StreamState,
  { mark, unmarked }: Pick<StreamFrame, 'mark' | 'unmarked'>,
  { audible, frameMs, talkedOver = false, wordsOwed = false }: StreamHearing,
): { readonly state: StreamState; readonly actions: readonly StreamAction[] } {
  const under = unmarked === true && talkedOver;
  switch (state.kind) {
    case 'silent':
      if (!audible && mark !== 'speech_started') return { state, actions: [] };
      if (mark === 'yielded') return { state, actions: [] };
      if (mark === 'speech_ended') {
        return { state, actions: audible ? ['open', 'audio', 'complete'] : [] };
      }
      return { state: speaking(0, under), actions: ['open', 'audio'] };
    case 'speaking': {
      if (mark === 'yielded') return { state: { kind: 'silent' }, actions: ['yield'] };
      if (mark === 'speech_ended') {
        return {
          state: { kind: 'silent' },
          actions: audible ? ['audio', 'complete'] : ['complete'],
        };
      }
      if (audible) return { state: speaking(0, under), actions: ['audio'] };
      const silenceMs = state.silenceMs + frameMs;
      if (state.under === true && under && silenceMs >= gaveWayMs) {
        return { state: { kind: 'silent' }, actions: ['yield'] };
      }
      return silenceMs >= (wordsOwed ? wordsLimitMs : streamLineSilenceMs)
        ? { state: { kind: 'silent' }, actions: ['audio', 'complete'] }
        : { state: speaking(silenceMs, state.under === true), actions: ['audio'] };
    }
    case 'gated': {
      const silenceMs = audible ? 0 : state.silenceMs + frameMs;
      const over = mark === 'yielded' || mark === 'speech_ended';
      return over || silenceMs >= streamLineSilenceMs
        ? { state: { kind: 'silent' }, actions: [] }
        : { state: { kind: 'gated', silenceMs }, actions: [] };
    }
  }
}

function speaking(silenceMs: number, under: boolean): StreamState {
  return { kind: 'speaking', silenceMs, ...(under ? { under: true as const } : {}) };
}
