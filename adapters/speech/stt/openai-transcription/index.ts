import type { SpeechToTextPort } from '../../../../src/ports/speech-to-text.ts';
import { hostedStt, type SttSurroundings } from '../shared/hosted-port.ts';
import { transcriptionDialect } from './dialect.ts';
import type { OpenAiTranscriptionOptions } from './options.ts';

export { openAiTranscriptionOptions, type OpenAiTranscriptionOptions } from './options.ts';

/** OpenAI's transcription over a Realtime session. */
export function openAiTranscriptionStt(
  options: OpenAiTranscriptionOptions,
  surroundings: SttSurroundings,
): SpeechToTextPort {
  return hostedStt(transcriptionDialect(options), options, surroundings);
}
