import { createGoogle } from '@ai-sdk/google';
import type { LanguageModelPort } from '../../../../src/ports/language-model.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';
import { hostedModel } from '../shared/hosted-model.ts';
import type { GoogleLlmOptions } from './options.ts';

export { googleLlmOptions, type GoogleLlmOptions } from './options.ts';

/** Google's models over their own API. See docs/backends/language-models.md. */
export function googleLlm(
  options: GoogleLlmOptions,
  surroundings: SpeechSurroundings,
): LanguageModelPort {
  const baseURL = options.baseUrl.replace(/\/+$/, '');
  return hostedModel(
    {
      type: 'google',
      style: { laterSystem: false, assistantFirst: false, toolInput: 'value' },
      probeUrl: `${baseURL}/models?pageSize=1`,
      authorise: (key) => ({ 'x-goog-api-key': key }),
      // The library asks for a key; the real one is put in behind it.
      model: (fetch) => createGoogle({ baseURL, fetch, apiKey: 'none' })(options.model),
    },
    options,
    surroundings,
  );
}
