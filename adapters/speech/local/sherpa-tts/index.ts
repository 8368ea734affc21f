import { z } from 'zod';

import type { TextToSpeechPort } from '../../../../src/ports/text-to-speech.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { workerBeside } from '../../../shared/thread.ts';
import { LocalVoice } from '../shared/local-voice.ts';
import { openModelFolder } from '../shared/model-folder.ts';
import type { SherpaVoiceStart } from './sherpa-engine.ts';
import { voiceModel } from './voice-files.ts';

/** What a configuration says about a text-to-speech of type `sherpa`. */
export const sherpaTtsOptions = z.strictObject({
  /** A model of `parley models pull`. */
  model: z.string().min(1).default('vits-ljs'),
  /** Folder with a VITS, Kokoro or Matcha model; goes before `model`. */
  modelFolder: z.string().min(1).optional(),
  /** For agents that name no voice: the number of one of the model's speakers. */
  speaker: z.int().min(0).default(0),
  /** Speed: 1 as trained, 2 twice as fast. */
  pace: z.number().min(0.5).max(2).default(1),
  /** Processor threads that one synthesis uses. */
  threads: z.int().min(1).max(16).default(2),
});

/** A neural voice on this machine: VITS, Kokoro or Matcha through sherpa-onnx. */
export function sherpaTts(
  options: z.infer<typeof sherpaTtsOptions>,
  surroundings: SpeechSurroundings,
): TextToSpeechPort {
  const { speaker, pace, threads } = options;
  const start = async (): Promise<SherpaVoiceStart> => {
    const model = voiceModel(await openModelFolder(options, surroundings));
    return { model, threads, speaker, pace };
  };
  return new LocalVoice({
    type: 'sherpa',
    clock: surroundings.clock,
    worker: workerBeside(import.meta.url),
    start,
    expected: { rateHz: 22_050, voices: null },
    voice: null,
    readable: (text) => text,
  });
}
