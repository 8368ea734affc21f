import { blotKeys } from './secrets.ts';

/** Names whose values are secrets wherever they stand: keys, tokens, what takes a session up again. */
const secretName =
  /^(?:x-)?(?:[\w-]*api[-_]?key|authorization|proxy-authorization|(?:set-)?cookie|[\w-]*secret|password|(?:access|auth|bearer|client|refresh|session)?[-_]?token|new_?handle|handle)$/i;
/** What a text without any of these cannot hold one of those names or anything like a key. */
const suspicious =
  /key|token|secret|authorization|cookie|password|handle|bearer|\b[serp]k[-_]|AIza|"mcp"/i;
/** Sound as text: what looks like a key in it is chance, and blotting it out would spoil it. */
const soundLike = /^[A-Za-z0-9+/]{200,}={0,2}$/;
/** JSON inside of JSON is looked into so often (a count). */
const depthLimit = 4;
const blot = '[key]';

/**
 * A frame's text without secrets: unchanged where it has none, so that a recording is what was said.
 *
 * @param secret the key the connection was made with, cut out wherever it stands
 */
export function wireWithoutSecrets(text: string, secret: string | null): string {
  if (!suspicious.test(text) && !holds(text, secret)) return text;
  return cleanText(text, secret, 0);
}

/** An address without what authenticates: user, password, and queries named like secrets. */
export function addressWithoutSecrets(url: string, secret: string | null): string {
  const clean = new URL(url);
  clean.username = '';
  clean.password = '';
  for (const [name] of [...clean.searchParams]) {
    if (/^key$/i.test(name) || secretName.test(name)) clean.searchParams.set(name, blot);
  }
  return cleanString(clean.href.replaceAll('%5Bkey%5D', blot), secret);
}

/** JSON is cleaned by its names and values, anything else by what it looks like. */
function cleanText(text: string, secret: string | null, depth: number): string {
  if (depth < depthLimit && /^\s*[[{]/.test(text)) {
    try {
      const before: unknown = JSON.parse(text);
      const after = cleanValue(before, secret, depth);
      return after === before ? text : JSON.stringify(after);
    } catch {
      // It only looked like JSON.
    }
  }
  return cleanString(text, secret);
}

/** The same value where nothing had to be changed. */
function cleanValue(value: unknown, secret: string | null, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value, secret, depth + 1);
  if (typeof value !== 'object' || value === null) return value;
  const before = Object.entries(value);
  const isServer = 'type' in value && value.type === 'mcp';
  const after = before.map(([name, inner]: [string, unknown]): [string, unknown] => {
    const isSecret = typeof inner === 'string' && inner !== '' && secretName.test(name);
    if (isServer && !isSecret)
      return [name, ofServer(name, inner) ?? cleanValue(inner, secret, depth)];
    return [name, isSecret ? blot : cleanValue(inner, secret, depth)];
  });
  if (after.every(([, inner], place) => inner === before[place]?.[1])) return value;
  return Array.isArray(value) ? after.map(([, inner]) => inner) : Object.fromEntries(after);
}

/** What a server of tools is reached with may be a key whatever its name, or stand in its path. */
function ofServer(name: string, value: unknown): unknown {
  if (name === 'server_url' && typeof value === 'string' && URL.canParse(value)) {
    const { origin } = new URL(value);
    return value === origin ? value : `${origin}/${blot}`;
  }
  if (name !== 'headers' || typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(Object.keys(value).map((header) => [header, blot]));
}

function cleanString(text: string, secret: string | null): string {
  return soundLike.test(text) && !holds(text, secret) ? text : blotKeys(text, secret);
}

function holds(text: string, secret: string | null): boolean {
  return secret !== null && secret !== '' && text.includes(secret);
}
