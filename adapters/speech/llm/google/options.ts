import { z } from 'zod';
import { baseUrl, modelShape } from '../shared/options.ts';

/** Google's models by their own API; `openai-compatible` serves their other one. */
export const googleLlmOptions = z.strictObject({
  baseUrl: baseUrl.default('https://generativelanguage.googleapis.com/v1beta'),
  ...modelShape,
});

/** Options after their schema. */
export type GoogleLlmOptions = z.output<typeof googleLlmOptions>;
