import { FluxStandInSession } from './flux-session.ts';
import { NovaStandInSession } from './nova-session.ts';
import type { SttStandInOptions } from './options.ts';
import { keyBehind, startStandIn, type SttStandIn } from './server.ts';

/** What only Deepgram's has. */
export interface DeepgramStandInOptions extends SttStandInOptions {
  /** Whether `ForceEndTurn` is enabled; where not, it is an unparsable message. */
  readonly forceEndTurn?: boolean;
  /** Whether Flux gives its words times. */
  readonly fluxWordTimes?: boolean;
}

const encodings: ReadonlySet<string> = new Set(['linear16', 'mulaw', 'alaw']);
const fluxModels: ReadonlySet<string> = new Set(['flux-general-en', 'flux-general-multi']);

/** Both of Deepgram's listening protocols, `/v1/listen` and `/v2/listen`; `url` ends before them. */
export function startDeepgramStandIn(options: DeepgramStandInOptions = {}): Promise<SttStandIn> {
  const { forceEndTurn = true, fluxWordTimes = true } = options;
  return startStandIn(
    {
      urlPath: '',
      key: keyBehind('Token'),
      refusal: (url) => {
        const said = wrongWith(url);
        if (said === 'no such path') return { status: 404, said };
        return said === null ? null : { status: 400, said };
      },
      session: (made) =>
        made.url.pathname === '/v2/listen'
          ? new FluxStandInSession(made, { forceEndTurn, wordTimes: fluxWordTimes })
          : new NovaStandInSession(made),
    },
    options,
  );
}

function wrongWith({ pathname, searchParams: query }: URL): string | null {
  const model = query.get('model') ?? '';
  const encoding = query.get('encoding');
  if (!/^\/v[12]\/listen$/.test(pathname)) return 'no such path';
  if (encoding === null || !encodings.has(encoding)) return 'unknown encoding';
  if (!(Number(query.get('sample_rate')) >= 8000)) return 'sample_rate is missing';
  if (pathname === '/v1/listen') {
    if (model === '' || fluxModels.has(model)) return `no such model '${model}'`;
    const isNova3 = model.startsWith('nova-3');
    if (isNova3 && query.has('keywords')) return 'keywords are not supported, use keyterm';
    return !isNova3 && query.has('keyterm') ? 'keyterm is for nova-3' : null;
  }
  if (!fluxModels.has(model)) return `no such model '${model}'`;
  if (query.has('language_hint') && model !== 'flux-general-multi') {
    return 'language_hint is for flux-general-multi';
  }
  if (query.has('interim_results')) return 'unknown parameter interim_results';
  return (
    outside(query, 'eot_threshold', 0.5, 1) ??
    outside(query, 'eager_eot_threshold', 0.3, 0.9) ??
    outside(query, 'eot_timeout_ms', 500, 60_000)
  );
}

function outside(query: URLSearchParams, name: string, least: number, most: number): string | null {
  const value = query.get(name);
  if (value === null) return null;
  return Number(value) >= least && Number(value) <= most ? null : `${name} is out of range`;
}
