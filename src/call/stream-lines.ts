import type { StreamFrame } from '../ports/backend.ts';

/** Agent silence that ends a line of a backend without turns, ms. */
const streamLineSilenceMs = 800;

/** Where the agent's speech is in a stream that never stops. */
export type StreamState =
  | { readonly kind: 'silent' }
  | { readonly kind: 'speaking'; readonly silenceMs: number }
  /** The client stopped the line: nothing is let through until the model is silent by itself. */
  | { readonly kind: 'gated'; readonly silenceMs: number };

/** What one frame means, in order. `audio` = the frame belongs to the open line. */
export type StreamAction = 'open' | 'audio' | 'complete' | 'yield';

/**
 * Finds lines in a frame-synchronous stream: audible speech opens one; the model's own mark or
 * 800 ms of its silence completes it; its `yielded` mark says that it stopped for the caller. Pure.
 * @param audible whether the frame holds 10 ms above −50 dBFS
 */
export function streamStep(
  state: StreamState,
  frame: Pick<StreamFrame, 'mark'>,
  { audible, frameMs }: { audible: boolean; frameMs: number },
): { readonly state: StreamState; readonly actions: readonly StreamAction[] } {
  switch (state.kind) {
    case 'silent':
      if (!audible && frame.mark !== 'speech_started') return { state, actions: [] };
      if (frame.mark === 'yielded') return { state, actions: [] };
      if (frame.mark === 'speech_ended') {
        return { state, actions: audible ? ['open', 'audio', 'complete'] : [] };
      }
      return { state: { kind: 'speaking', silenceMs: 0 }, actions: ['open', 'audio'] };
    case 'speaking': {
      if (frame.mark === 'yielded') return { state: { kind: 'silent' }, actions: ['yield'] };
      if (frame.mark === 'speech_ended') {
        return {
          state: { kind: 'silent' },
          actions: audible ? ['audio', 'complete'] : ['complete'],
        };
      }
      const silenceMs = audible ? 0 : state.silenceMs + frameMs;
      return silenceMs >= streamLineSilenceMs
        ? { state: { kind: 'silent' }, actions: ['audio', 'complete'] }
        : { state: { kind: 'speaking', silenceMs }, actions: ['audio'] };
    }
    case 'gated': {
      const silenceMs = audible ? 0 : state.silenceMs + frameMs;
      const over = frame.mark === 'yielded' || frame.mark === 'speech_ended';
      return over || silenceMs >= streamLineSilenceMs
        ? { state: { kind: 'silent' }, actions: [] }
        : { state: { kind: 'gated', silenceMs }, actions: [] };
    }
  }
}
