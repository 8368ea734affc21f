import { CallError } from '../../../src/ports/errors.ts';
import type { BackendCapabilities } from '../../../src/ports/backend.ts';

/**
 * Voices by model, as far as their names are published. The vendor's specification and its guide
 * disagree about unknown names (an error, another voice without a word), so they are refused here.
 */
const known: Readonly<Record<string, readonly string[]>> = {
  'hydra-v1.1': ['zoe', 'maya', 'elena', 'ivy', 'grace', 'alex', 'aria', 'leo', 'sam', 'kai'],
};

/**
 * Voices of a model, the default first; `any` where its names are not known.
 *
 * @throws CallError `model_unavailable` when the default is none of the model's
 */
export function voicesOf(
  model: string,
  defaultVoice: string | undefined,
): BackendCapabilities['voices'] {
  const names = Object.hasOwn(known, model) ? known[model] : undefined;
  if (names === undefined) return 'any';
  if (defaultVoice === undefined) return names;
  if (!names.includes(defaultVoice)) {
    const message = `${model} has no voice ${defaultVoice} (it has ${names.join(', ')})`;
    throw new CallError('model_unavailable', message);
  }
  return [defaultVoice, ...names.filter((name) => name !== defaultVoice)];
}
