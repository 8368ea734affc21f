import { z } from 'zod';
import {
  keyReference,
  sessionLimits,
  speechHints,
  upstreamAddress,
  webSocketProtocol,
} from '../shared/options.ts';

/**
 * An `openai-transcription` recogniser in the configuration: a Realtime session that only
 * transcribes, its turns committed from here. `url` is everything before `?intent=transcription`.
 * `live` says that the model writes while it hears, before a commit; where it is absent, the name
 * tells. `noiseReduction` is the vendor's, for near or far microphones.
 */
export const openAiTranscriptionOptions = z.strictObject({
  model: z.string().min(1).default('gpt-transcribe'),
  url: upstreamAddress(webSocketProtocol).default('wss://api.openai.com/v1/realtime'),
  ...keyReference,
  ...speechHints,
  ...sessionLimits,
  live: z.boolean().optional(),
  noiseReduction: z.enum(['near_field', 'far_field']).optional(),
});

/** Options after their schema. */
export type OpenAiTranscriptionOptions = z.output<typeof openAiTranscriptionOptions>;
