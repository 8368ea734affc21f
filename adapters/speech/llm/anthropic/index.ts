import { createAnthropic } from '@ai-sdk/anthropic';
import type { LanguageModelPort } from '../../../../src/ports/language-model.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { hostedModel } from '../shared/hosted-model.ts';
import type { AnthropicLlmOptions } from './options.ts';

export { anthropicLlmOptions, type AnthropicLlmOptions } from './options.ts';

/** Of the API that the library speaks. */
const apiVersion = '2023-06-01';

/** Anthropic's models over their own API. See docs/backends/language-models.md. */
export function anthropicLlm(
  options: AnthropicLlmOptions,
  surroundings: SpeechSurroundings,
): LanguageModelPort {
  const baseURL = options.baseUrl.replace(/\/+$/, '');
  return hostedModel(
    {
      type: 'anthropic',
      style: { laterSystem: false, assistantFirst: false, toolInput: 'value' },
      probeUrl: `${baseURL}/models`,
      authorise: (key) => ({ 'x-api-key': key, 'anthropic-version': apiVersion }),
      // The library asks for a key; the real one is put in behind it.
      model: (fetch) => createAnthropic({ baseURL, fetch, apiKey: 'none' })(options.model),
    },
    options,
    surroundings,
  );
}
