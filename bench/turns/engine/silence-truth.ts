import { seedOf } from '../dialogues/draws.ts';
import type { TruthEvent } from '../dialogues/director.ts';

/** Which silence the machine asks about, and whether a model that hears it should call it an end. */
export interface SilenceTruth {
  readonly isEnd: boolean;
  /** One number a silence. */
  readonly seed: number;
}

/** How far the machine's idea of where speech ended may lie from the truth, ms. */
const toleranceMs = 200;

/**
 * Looks up the silence that follows speech which stopped at about `speechEndMs`. A pause after what
 * looked like an end is one that a model should take for an end; so is that after a backchannel.
 * Silences nobody planned (a detector's gap inside speech) are no ends.
 */
export function silenceAt(
  truth: readonly TruthEvent[],
  speechEndMs: number,
  dialogueSeed: number,
): SilenceTruth {
  let best: { readonly distanceMs: number; readonly isEnd: boolean; readonly name: string } = {
    distanceMs: toleranceMs,
    isEnd: false,
    name: `unplanned/${Math.round(speechEndMs)}`,
  };
  for (const event of truth) {
    const silence = silenceAfter(event, truth);
    if (silence === null) continue;
    const distanceMs = Math.abs(silence.startMs - speechEndMs);
    if (distanceMs < best.distanceMs) best = { distanceMs, ...silence };
  }
  return { isEnd: best.isEnd, seed: seedOf(dialogueSeed, 'silence', best.name) };
}

function silenceAfter(
  event: TruthEvent,
  truth: readonly TruthEvent[],
): { readonly startMs: number; readonly isEnd: boolean; readonly name: string } | null {
  switch (event.type) {
    case 'turn':
      return { startMs: event.endMs, isEnd: true, name: `turn/${event.exchange}` };
    case 'gap': {
      const turn = truth.find(
        (other) => other.type === 'turn' && other.exchange === event.exchange,
      );
      const resumed = turn?.type === 'turn' && turn.kind === 'resumed';
      const name = `gap/${event.exchange}/${Math.round(event.startMs)}`;
      return { startMs: event.startMs, isEnd: resumed, name };
    }
    case 'overlap': {
      const isEnd = event.kind !== 'cough';
      return { startMs: event.endMs, isEnd, name: `overlap/${event.exchange}` };
    }
    case 'noAnswer':
      return null;
  }
}
