import { createHash, timingSafeEqual } from 'node:crypto';

/** One key that opens the door, with what it opens. */
export interface ApiKey {
  /** Name in the configuration, shown in place of the key. */
  readonly id: string;
  /** The key itself. Held here and nowhere else; never logged. */
  readonly secret: string;
  /** Agents it may use; `*` for all. */
  readonly agents: readonly string[];
  /** Most calls at once under this key; `null` = no limit of its own. */
  readonly maxCalls: number | null;
}

/** Somebody who was let in. `keyId` is `null` where no keys are configured. */
export interface Caller {
  readonly keyId: string | null;
  readonly agents: readonly string[];
  readonly maxCalls: number | null;
}

/** Credentials looked at per request; a client has no reason to send more. */
const candidateLimit = 4;
/** Longest credential that can be right, in characters. */
const credentialLimit = 1024;

/**
 * Compares credentials with the configured keys. Every request costs the same comparisons whether
 * it brings no key, a wrong one or the right one: all keys are looked at, as SHA-256 digests.
 */
export class Authenticator {
  readonly #keys: readonly { readonly digest: Buffer; readonly caller: Caller }[];

  constructor(keys: readonly ApiKey[]) {
    this.#keys = keys.map(({ id, secret, agents, maxCalls }) => ({
      digest: digestOf(secret),
      caller: { keyId: id, agents, maxCalls },
    }));
  }

  /** No keys are configured: everyone who can reach the server may use every agent. */
  get open(): boolean {
    return this.#keys.length === 0;
  }

  /** Who may come in, with digests in place of keys. For comparing; shown to nobody. */
  describe(): readonly (Caller & { readonly digest: string })[] {
    return this.#keys.map(({ digest, caller }) => ({ ...caller, digest: digest.toString('hex') }));
  }

  /** @returns who this is, or `null` when none of the credentials is a key */
  authenticate(credentials: readonly string[]): Caller | null {
    if (this.open) return { keyId: null, agents: ['*'], maxCalls: null };
    let found: Caller | null = null;
    for (let place = 0; place < candidateLimit; place += 1) {
      const candidate = credentials[place] ?? '';
      const digest = digestOf(candidate.slice(0, credentialLimit));
      const plausible = candidate !== '' && candidate.length <= credentialLimit;
      for (const key of this.#keys) {
        if (timingSafeEqual(digest, key.digest) && plausible && found === null) found = key.caller;
      }
    }
    return found;
  }
}

/** The key in an HTTP request's own places: `Authorization: Bearer …` or `api-key`. */
export function httpCredentials(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): readonly string[] {
  const found: string[] = [];
  const authorization = headers['authorization'];
  if (typeof authorization === 'string') {
    const bearer = /^Bearer\s+(\S+)\s*$/i.exec(authorization)?.[1];
    if (bearer !== undefined) found.push(bearer);
  }
  const apiKey = headers['api-key'];
  if (typeof apiKey === 'string') found.push(apiKey);
  return found;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
