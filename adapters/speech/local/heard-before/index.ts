import { z } from 'zod';

import type { SpeechToTextPort } from '../../../../src/ports/speech-to-text.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { HeardBefore } from './heard-before.ts';

const knownWord = z.strictObject({
  text: z.string().min(1),
  /** ms from the recording's begin. */
  startMs: z.number().min(0),
  endMs: z.number().min(0),
});

/** What a configuration says about a speech-to-text of type `heard-before`. */
export const heardBeforeSttOptions = z.strictObject({
  /** At most two minutes together. */
  recordings: z
    .array(
      z.strictObject({
        /** A WAV file; its first channel counts. */
        file: z.string().min(1),
        text: z.string().min(1),
        words: z.array(knownWord).optional(),
      }),
    )
    .min(1)
    .max(200),
});

/**
 * A stand-in recogniser for demonstrations and tests without weights: it knows the given recordings
 * again, over a telephone and in noise too, and hears nothing in anything else.
 */
export function heardBeforeStt(
  { recordings }: z.infer<typeof heardBeforeSttOptions>,
  { clock, resolvePath }: SpeechSurroundings,
): SpeechToTextPort {
  return new HeardBefore({ clock, recordings, resolvePath });
}
