import { CallError, type ErrorCode } from '../../src/ports/errors.ts';
import { withoutSecrets } from './secrets.ts';

/** An upstream that answered a request, and not as it was hoped. */
export class HttpRefusal extends CallError {
  readonly status: number;
  /** How long it asks to be left alone, ms; `null` where it does not say. */
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, message: string, status: number, retryAfterMs: number | null) {
    super(code, message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface RefusedAnswer {
  readonly status: number;
  /** As it came; the beginning of it where it was long. */
  readonly body: string;
  /** The header `retry-after`. */
  readonly retryAfter: string | undefined;
  /** The key, so that it can be cut out of what the upstream says. */
  readonly secret: string | null;
  /** Wall-clock ms since 1970: the header may name a time. */
  readonly epochMs: number;
}

/** Statuses that ask for patience (RFC 6585 §4, RFC 9110 §15.6.4; 529 is Anthropic's). */
const busyStatuses: ReadonlySet<number> = new Set([408, 425, 429, 503, 529]);
/** No pause is believed to be longer than this, ms. */
const longestPauseMs = 3_600_000;

/** A refusal in the upstream's own words, without anything like a key. */
export function refusalOf(answer: RefusedAnswer): HttpRefusal {
  const { status, body, secret } = answer;
  const retryAfterMs = pauseMs(answer);
  const said = withoutSecrets(errorText(body), secret);
  const code = busyStatuses.has(status) ? 'backend_overloaded' : 'backend_refused';
  const words = said === '' ? '' : ` (${said})`;
  const pause = retryAfterMs === null ? '' : `; it asks for ${Math.ceil(retryAfterMs / 1000)} s`;
  const message = `the upstream refused with HTTP ${status}${words}${pause}`;
  return new HttpRefusal(code, message, status, retryAfterMs);
}

/**
 * What an error says, in the spellings that servers have for it: `{error: {code, message}}`,
 * `{error: "…"}`, `{message: "…"}`, `{detail: "…"}` or an array of one; nothing where it is neither.
 */
export function errorText(body: unknown): string {
  const value: unknown = typeof body === 'string' ? parsed(body) : body;
  if (Array.isArray(value)) return errorText(value[0] ?? null);
  if (typeof value !== 'object' || value === null) return '';
  const { error, message, detail, code, status } = value as Readonly<Record<string, unknown>>;
  if (typeof error === 'object' && error !== null) return errorText(error);
  const words = [error, message, detail].find((it) => typeof it === 'string');
  const name = [code, status].find((it) => typeof it === 'string');
  return [name, words].filter((it) => it !== undefined).join(': ');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Seconds or a date (RFC 9110 §10.2.3). */
function pauseMs({ retryAfter, epochMs }: RefusedAnswer): number | null {
  if (retryAfter === undefined) return null;
  const seconds = Number(retryAfter);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(retryAfter) - epochMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), longestPauseMs);
}
