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
  /** By backend, also of those that only its rules name. */
  readonly capabilities: Readonly<Record<string, unknown>>;
}

/** What the key in use may do with running calls. */
export interface OperatorRights {
  readonly handOver: boolean;
  readonly breakBackend: boolean;
}

/** Agents that may be talked to. */
export interface House {
  readonly agents: readonly ShownAgent[];
  readonly may: OperatorRights;
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

  house(signal?: AbortSignal): Promise<House> {
    return this.#json<House>('/api/agents', signal);
  }

  /** Sends a running call to another backend at its next pause. @throws ApiError */
  async handOver(callId: string, to: string): Promise<void> {
    const query = new URLSearchParams({ to });
    await this.#command(`/api/calls/${encodeURIComponent(callId)}/handover?${query.toString()}`);
  }

  /** Makes the backend of a running call fail, now. @throws ApiError */
  async breakBackend(callId: string): Promise<void> {
    await this.#command(`/api/calls/${encodeURIComponent(callId)}/break-backend`);
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
  request(
    path: string,
    signal?: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return this.#fetch(path, { headers, signal: signal ?? null });
  }

  async #command(path: string): Promise<void> {
    await (await this.#fetch(path, { method: 'POST' })).arrayBuffer();
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const key = this.#key === '' ? {} : { authorization: `Bearer ${this.#key}` };
    const headers = { ...(init.headers as Record<string, string> | undefined), ...key };
    const response = await fetch(path, { ...init, headers, cache: 'no-store' });
    if (response.ok) return response;
    throw new ApiError(response.status, await refusalText(response));
  }

  async #json<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await (await this.request(path, signal)).json()) as T;
  }
}

/** Every backend that an agent may be answered by. */
export function backendsOf({ backends, capabilities }: ShownAgent): readonly string[] {
  return [...new Set([...backends, ...Object.keys(capabilities)])];
}

async function refusalText(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { error?: { message?: string } };
    return body.error?.message ?? `HTTP ${response.status}`;
  } catch {
    return `HTTP ${response.status}`;
  }
}
