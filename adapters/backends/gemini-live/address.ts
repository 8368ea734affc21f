import type { GeminiLiveOptions } from './options.ts';

/** Where to connect, and with what. */
export interface Address {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const service = 'google.ai.generativelanguage';

/** An ephemeral token stands where a key would, and opens a method of its own. */
export function addressOf(
  { url, apiVersion, keyIn }: Pick<GeminiLiveOptions, 'url' | 'apiVersion' | 'keyIn'>,
  secret: string | null,
): Address {
  const isToken = secret?.startsWith('auth_tokens/') === true;
  const method = isToken ? 'BidiGenerateContentConstrained' : 'BidiGenerateContent';
  const version = isToken ? 'v1alpha' : apiVersion;
  const full = new URL(url);
  const base = full.pathname.replace(/\/+$/, '');
  full.pathname = `${base}/ws/${service}.${version}.GenerativeService.${method}`;
  if (secret === null) return { url: full.href, headers: {} };
  if (isToken) full.searchParams.set('access_token', secret);
  else if (keyIn === 'query') full.searchParams.set('key', secret);
  else return { url: full.href, headers: { 'x-goog-api-key': secret } };
  return { url: full.href, headers: {} };
}
