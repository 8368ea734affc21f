import type { CallRecord } from '../../src/ports/store.ts';

/** A call in the list: everything but its log. */
export interface CallSummary extends Omit<CallRecord, 'events'> {
  readonly active: boolean;
}

/** An agent as `/api/agents` shows it, as far as the console looks. */
export interface ShownAgent {
  readonly name: string;
  readonly default: boolean;
  readonly backends: readonly string[];
}

/** A backend as `/api/backends` shows it, as far as the console looks. */
export interface ShownBackend {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  readonly reason: string | null;
  /** Its breaker: `closed`, `open`, … */
  readonly health: string;
  readonly leaving: boolean;
  readonly calls: { readonly held: number; readonly answering: number };
}

/** Which calls are asked for. */
export interface CallsAsked {
  readonly words?: string;
  readonly limit?: number;
  /** Only calls older than this one. */
  readonly before?: string;
}

/** The server answered, and not with what was asked for. */
export class ApiError extends Error {
  /** HTTP status. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

/**
 * The gateway's HTTP side. The key is kept here and nowhere else: it is gone when the page is.
 */
export class Api {
  #key = '';

  get key(): string {
    return this.#key;
  }

  /** @throws RangeError when the key has characters that no subprotocol may have */
  setKey(key: string): void {
    const trimmed = key.trim();
    if (!/^[\w.!#$%&'*+^`|~-]*$/.test(trimmed)) {
      throw new RangeError('A key has letters, digits and the signs . _ - ~ only.');
    }
    this.#key = trimmed;
  }

  async agents(signal?: AbortSignal): Promise<readonly ShownAgent[]> {
    const { agents } = await this.#json<{ agents: readonly ShownAgent[] }>('/api/agents', signal);
    return agents;
  }

  async backends(signal?: AbortSignal): Promise<readonly ShownBackend[]> {
    const path = '/api/backends';
    return (await this.#json<{ backends: readonly ShownBackend[] }>(path, signal)).backends;
  }

  /** Newest first. @param words each of which is somewhere in the call */
  async calls(
    signal?: AbortSignal,
    { words = '', limit = 1_000, before }: CallsAsked = {},
  ): Promise<readonly CallSummary[]> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (words.trim() !== '') query.set('q', words.trim());
    if (before !== undefined) query.set('before', before);
    const path = `/api/calls?${query.toString()}`;
    return (await this.#json<{ calls: readonly CallSummary[] }>(path, signal)).calls;
  }

  call(callId: string, signal?: AbortSignal): Promise<CallRecord> {
    return this.#json<CallRecord>(`/api/calls/${encodeURIComponent(callId)}`, signal);
  }

  async metrics(signal?: AbortSignal): Promise<string> {
    return (await this.request('/metrics', signal)).text();
  }

  /** @throws ApiError when the answer is a refusal */
  async request(
    path: string,
    signal?: AbortSignal,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const key = this.#key === '' ? {} : { authorization: `Bearer ${this.#key}` };
    const headers = { ...more, ...key };
    const response = await fetch(path, { headers, cache: 'no-store', signal: signal ?? null });
    if (response.ok) return response;
    throw new ApiError(response.status, await refusalText(response));
  }

  async #json<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await (await this.request(path, signal)).json()) as T;
  }
}

async function refusalText(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { error?: { message?: string } };
    return body.error?.message ?? `HTTP ${response.status}`;
  } catch {
    return `HTTP ${response.status}`;
  }
}
