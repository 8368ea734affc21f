import { CallError } from '../../src/ports/errors.ts';

/** Where references to secrets lead. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of a file; a relative path is given as it stands in the configuration. */
  readonly readText: (path: string) => Promise<string>;
}

/** How a configuration names a key without holding it. */
export interface ApiKeyReference {
  readonly apiKeyEnv?: string | undefined;
  readonly apiKeyFile?: string | undefined;
}

/**
 * Follows the reference to the key, so that a key that was replaced is found without a restart.
 *
 * @returns `null` where the options name none
 * @throws CallError `model_unavailable`, naming the reference and never what it leads to
 */
export async function readApiKey(
  { apiKeyEnv, apiKeyFile }: ApiKeyReference,
  { env, readText }: SecretSources,
): Promise<string | null> {
  if (apiKeyEnv !== undefined && apiKeyFile !== undefined) {
    throw new CallError('model_unavailable', 'apiKeyEnv and apiKeyFile exclude each other');
  }
  if (apiKeyEnv !== undefined) {
    const value = env[apiKeyEnv];
    if (value === undefined) {
      throw new CallError('model_unavailable', `the environment variable ${apiKeyEnv} is not set`);
    }
    return oneKey(value, apiKeyEnv);
  }
  if (apiKeyFile === undefined) return null;
  let text: string;
  try {
    text = await readText(apiKeyFile);
  } catch {
    throw new CallError('model_unavailable', `the key file ${apiKeyFile} cannot be read`);
  }
  return oneKey(text, apiKeyFile);
}

function oneKey(text: string, reference: string): string {
  const key = text.trim();
  // What is not printable ASCII could be neither a header nor part of an address.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new CallError('model_unavailable', `${reference} must hold one key and nothing else`);
  }
  return key;
}
