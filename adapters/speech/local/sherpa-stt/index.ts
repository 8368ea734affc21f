import { z } from 'zod';

import type { SpeechToTextPort } from '../../../../src/ports/speech-to-text.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { workerBeside } from '../../../shared/thread.ts';
import { modelFile, openModelFolder } from '../shared/model-folder.ts';
import type { RecogniserStart } from './link.ts';
import { SherpaRecogniser } from './sherpa-recogniser.ts';

/** What a configuration says about a speech-to-text of type `sherpa`. */
export const sherpaSttOptions = z.strictObject({
  /** A model of `parley models pull`. */
  model: z.string().min(1).default('zipformer-en'),
  /** Folder with a streaming transducer (encoder, decoder, joiner, tokens.txt); before `model`. */
  modelFolder: z.string().min(1).optional(),
  /** Processor threads that decoding uses. */
  threads: z.int().min(1).max(16).default(1),
  /** Silence added at the end of a turn, so that its last word comes out, ms. */
  tailMs: z.int().min(0).max(2000).default(500),
  finalTimeoutMs: z.int().min(100).max(60_000).default(3000),
});

/** Speech recognition on this machine: a streaming transducer through sherpa-onnx. */
export function sherpaStt(
  options: z.infer<typeof sherpaSttOptions>,
  surroundings: SpeechSurroundings,
): SpeechToTextPort {
  const { threads, tailMs, finalTimeoutMs } = options;
  const start = async (): Promise<RecogniserStart> => {
    const files = await openModelFolder(options, surroundings);
    const graph = (name: string, int8: boolean): string =>
      modelFile(files, new RegExp(`${name}.*\\.onnx$`), { what: `${name} (*.onnx)`, int8 });
    return {
      encoder: graph('encoder', true),
      // The published recipe: the decoder is too small to gain from int8.
      decoder: graph('decoder', false),
      joiner: graph('joiner', true),
      tokens: modelFile(files, /^tokens\.txt$/, { what: 'tokens.txt' }),
      threads,
      tailMs,
    };
  };
  const { clock } = surroundings;
  const limits = { finalTimeoutMs };
  return new SherpaRecogniser({ clock, worker: workerBeside(import.meta.url), start, limits });
}
