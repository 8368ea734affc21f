import type { IncomingMessage } from 'node:http';
import { Closing } from './closing.ts';
import type { StandInSettings } from './options.ts';

/** An HTTP answer in place of the upgrade. */
export interface Refusal {
  readonly status: number;
  readonly body: string;
}

/** Who came in. */
export interface Entry {
  readonly apiVersion: string;
  /** The connection opens and is closed with this. */
  readonly refusal: Closing | null;
  readonly onNewSession: () => void;
}

/** One slash or two (an SDK with a bare host as its base URL sends two). */
const path =
  /^\/{1,2}ws\/google\.ai\.generativelanguage\.(v1alpha|v1beta|v1)\.GenerativeService\.BidiGenerateContent(Constrained)?$/;

/** Paths, keys and tokens. */
export class Door {
  readonly #settings: StandInSettings;
  /** Sessions that each token may still open; `Infinity` where it has no limit. */
  readonly #uses: Map<string, number>;

  constructor(settings: StandInSettings) {
    this.#settings = settings;
    this.#uses = new Map(
      Object.entries(settings.tokens).map(([token, uses]) => [token, uses === 0 ? Infinity : uses]),
    );
  }

  open({ url = '', headers }: IncomingMessage): Entry | Refusal {
    // Not `new URL`: it takes what follows two slashes for a host.
    const [pathname = '', search = ''] = url.split('?', 2);
    const match = path.exec(pathname);
    const [, apiVersion = '', constrained] = match ?? [];
    const query = new URLSearchParams(search);
    if (match === null || (constrained !== undefined && apiVersion !== 'v1alpha')) {
      return refusalOf(404, 'NOT_FOUND', 'Not found.');
    }
    const entry = { apiVersion, refusal: null, onNewSession: () => undefined };
    if (constrained !== undefined) return this.#byToken(query.get('access_token'), entry);
    const header = headers['x-goog-api-key'];
    const key = query.get('key') ?? (typeof header === 'string' ? header : null);
    if (key === null || key === '') {
      return refusalOf(
        403,
        'PERMISSION_DENIED',
        "Method doesn't allow unregistered callers (callers without established identity). " +
          'Please use API Key or other form of API consumer identity to call this API.',
      );
    }
    const { apiKey, wrongKey } = this.#settings;
    if (apiKey === null || key === apiKey) return entry;
    const message = 'API key not valid. Please pass a valid API key.';
    if (wrongKey === 'http') return refusalOf(401, 'UNAUTHENTICATED', message);
    return { ...entry, refusal: new Closing(1007, message) };
  }

  #byToken(token: string | null, entry: Entry): Entry | Refusal {
    if (token === null || !this.#uses.has(token)) {
      return refusalOf(401, 'UNAUTHENTICATED', 'The access token is not valid.');
    }
    return {
      ...entry,
      onNewSession: () => {
        const uses = this.#uses.get(token) ?? 0;
        if (uses < 1) throw new Closing(1008, 'The access token has no uses left.');
        this.#uses.set(token, uses - 1);
      },
    };
  }
}

function refusalOf(code: number, status: string, message: string): Refusal {
  return { status: code, body: JSON.stringify({ error: { code, message, status } }) };
}
