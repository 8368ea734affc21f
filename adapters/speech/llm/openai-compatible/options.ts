import { z } from 'zod';
import { baseUrl, modelShape } from '../shared/options.ts';

const chatShape = {
  ...modelShape,
  /** Goes into the request's body as it stands, over what is there. */
  extraBody: z.record(z.string(), z.unknown()).optional(),
  /** Requests with the same one find each other's prompts sooner, where the server knows it. */
  promptCacheKey: z.string().min(1).max(256).optional(),
};

/** Any server of chat completions: vLLM, llama.cpp, Ollama, Groq …; `baseUrl` ends in `/v1` mostly. */
export const openAiCompatibleLlmOptions = z.strictObject({ baseUrl, ...chatShape });

/** OpenAI itself. */
export const openAiLlmOptions = z.strictObject({
  baseUrl: baseUrl.default('https://api.openai.com/v1'),
  ...chatShape,
});

/** Options after their schema. */
export type OpenAiCompatibleLlmOptions = z.output<typeof openAiCompatibleLlmOptions>;
