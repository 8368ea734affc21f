import { z } from 'zod';
import { baseUrl, modelShape } from '../shared/options.ts';

/** Anthropic's models. */
export const anthropicLlmOptions = z.strictObject({
  baseUrl: baseUrl.default('https://api.anthropic.com/v1'),
  ...modelShape,
});

/** Options after their schema. */
export type AnthropicLlmOptions = z.output<typeof anthropicLlmOptions>;
