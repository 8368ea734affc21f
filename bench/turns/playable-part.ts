import type { PlayablePart } from './dialogues/director.ts';
import type { CallerPart } from './sound/dialogue-sounds.ts';
import { soundRateHz } from './sound/fragment.ts';

/** What the director needs to know of a caller's sound. */
export function playablePart({ sound, gaps }: CallerPart): PlayablePart {
  const toMs = (samples: number): number => (samples * 1000) / soundRateHz;
  return {
    lengthMs: toMs(sound.length),
    gaps: gaps.map(({ kind, startSample, endSample }) => ({
      kind,
      startMs: toMs(startSample),
      endMs: toMs(endSample),
    })),
  };
}
