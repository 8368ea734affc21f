import type { Gap } from '../dialogues/script.ts';
import { spreadWords, type SpokenWord } from '../dialogues/transcript.ts';
import { soundRateHz, type Sound } from './fragment.ts';

/** A silence inside something said, in samples of it. */
export interface SaidGap {
  readonly kind: Gap['kind'];
  readonly startSample: number;
  readonly endSample: number;
}

/** Something a caller says, with its truth. Sample 0 is its first sound, its end the last. */
export interface Saying {
  readonly sound: Sound;
  readonly gaps: readonly SaidGap[];
  readonly words: readonly SpokenWord[];
}

/** A fragment as it sounds: trimmed, so that it begins and ends with speech. */
export interface SpokenFragment {
  readonly sound: Sound;
  readonly text: string;
  readonly gap: Gap | null;
}

/** Fragments one after the other. A gap after the last one is left out. */
export function joinFragments(fragments: readonly SpokenFragment[]): Saying {
  const gaps: SaidGap[] = [];
  const words: SpokenWord[] = [];
  const parts: { readonly startSample: number; readonly sound: Sound }[] = [];
  let at = 0;
  for (const [index, { sound, text, gap }] of fragments.entries()) {
    const endSample = at + sound.length;
    parts.push({ startSample: at, sound });
    words.push(...spreadWords(text, { startMs: toMs(at), endMs: toMs(endSample) }));
    at = endSample;
    if (gap === null || index === fragments.length - 1) continue;
    at += Math.round((gap.lengthMs * soundRateHz) / 1000);
    gaps.push({ kind: gap.kind, startSample: endSample, endSample: at });
  }
  const whole = new Float32Array(at);
  for (const { startSample, sound } of parts) whole.set(sound, startSample);
  return { sound: whole, gaps, words };
}

function toMs(samples: number): number {
  return (samples * 1000) / soundRateHz;
}
