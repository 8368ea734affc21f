import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelPort } from '../../../../src/ports/language-model.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { hostedModel, type ModelVendor } from '../shared/hosted-model.ts';
import type { OpenAiCompatibleLlmOptions } from './options.ts';
import { chatUsage } from './usage.ts';

export {
  openAiCompatibleLlmOptions,
  openAiLlmOptions,
  type OpenAiCompatibleLlmOptions,
} from './options.ts';

/** In what OpenAI itself differs from the servers that speak as it does. */
interface Dialect {
  readonly type: string;
  readonly maxTokens: 'max_tokens' | 'max_completion_tokens';
}

/** A language model behind any server of chat completions. See docs/backends/language-models.md. */
export function openAiCompatibleLlm(
  options: OpenAiCompatibleLlmOptions,
  surroundings: SpeechSurroundings,
): LanguageModelPort {
  const dialect: Dialect = { type: 'openai-compatible', maxTokens: 'max_tokens' };
  return hostedModel(chatVendor(dialect, options), options, surroundings);
}

/** OpenAI's own models, whose newer ones refuse `max_tokens`. */
export function openAiLlm(
  options: OpenAiCompatibleLlmOptions,
  surroundings: SpeechSurroundings,
): LanguageModelPort {
  const dialect: Dialect = { type: 'openai', maxTokens: 'max_completion_tokens' };
  return hostedModel(chatVendor(dialect, options), options, surroundings);
}

function chatVendor(
  { type, maxTokens }: Dialect,
  { baseUrl, model, extraBody, promptCacheKey }: OpenAiCompatibleLlmOptions,
): ModelVendor {
  const baseURL = baseUrl.replace(/\/+$/, '');
  return {
    type,
    style: { laterSystem: true, assistantFirst: true, toolInput: 'text' },
    probeUrl: `${baseURL}/models`,
    authorise: (key) => ({ authorization: `Bearer ${key}` }),
    model: (fetch) =>
      createOpenAICompatible({
        name: 'upstream',
        baseURL,
        fetch,
        includeUsage: true,
        convertUsage: chatUsage,
        transformRequestBody: ({ max_tokens: most, ...body }) => ({
          ...body,
          ...(most === undefined ? {} : { [maxTokens]: most as unknown }),
          ...(promptCacheKey === undefined ? {} : { prompt_cache_key: promptCacheKey }),
          ...extraBody,
        }),
      }).chatModel(model),
  };
}
