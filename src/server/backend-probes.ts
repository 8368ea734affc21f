import { asCallError, CallError } from '../ports/errors.ts';
import { authorityFor, initialSettings } from '../call/settings.ts';
import { backendFormats } from '../call/backend-formats.ts';
import { backendsOf } from '../routing/route.ts';
import { defaultConnections } from './config-connections.ts';
import { probeAtMs } from '../routing/probe.ts';
import type { AgentDefinition } from '../ports/agent.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { IdSource } from '../time/ids.ts';
import type { InForce } from './in-force.ts';
import type { KeptBackend } from './kept-backend.ts';
import type { Logger } from '../ports/log.ts';

/** How often it is looked who is due, ms. */
const lookMs = 1000;
/** Longest that a backend may take to open, ms. */
const openTimeoutMs = 10_000;

export interface BackendProbesOptions {
  readonly current: () => Pick<InForce, 'directory'> & {
    readonly backends: Pick<InForce['backends'], 'find'>;
  };
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  /** 0 ≤ n < 1. */
  readonly chance: () => number;
}

/**
 * Tries whether backends would open that agents count on when another one is lost, and that no call
 * has used of late: a session is opened and closed, and nothing is asked of it.
 */
export class BackendProbes {
  readonly #options: BackendProbesOptions;
  /** When each is due, clock ms, and by what that was said. */
  readonly #due = new WeakMap<KeptBackend, { readonly seenAtMs: number; readonly atMs: number }>();
  readonly #running = new Map<KeptBackend, AbortController>();
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: BackendProbesOptions) {
    this.#options = options;
  }

  start(): void {
    if (!this.#closed && this.#timer === null) this.#wait();
  }

  /** Ends what is under way. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = null;
    for (const abort of this.#running.values()) {
      abort.abort(new CallError('backend_closed', 'the gateway closes'));
    }
  }

  #wait(): void {
    const { clock } = this.#options;
    this.#timer = clock.timerAt(clock.nowMs() + lookMs, () => {
      this.#look();
      this.#wait();
    });
  }

  #look(): void {
    const { clock, current } = this.#options;
    const { directory, backends } = current();
    const nowMs = clock.nowMs();
    for (const [name, agent] of fallbacks(directory.agents)) {
      const backend = backends.find(name);
      if (backend === undefined || this.#dueMs(backend) > nowMs) continue;
      void this.#probe(backend, agent);
    }
  }

  #dueMs(backend: KeptBackend): number {
    const { probeEveryMs } = backend.entry.connections ?? defaultConnections;
    const idle = backend.state === 'ready' && backend.answering === 0;
    const shut = backend.health === 'open' || this.#running.has(backend);
    if (probeEveryMs === null || !idle || shut) return Infinity;
    const { seenAtMs, seenBad: failed, health } = backend;
    const known = this.#due.get(backend);
    if (known?.seenAtMs === seenAtMs) return known.atMs;
    const atMs = probeAtMs({ seenAtMs, failed, health }, probeEveryMs, this.#options.chance());
    this.#due.set(backend, { seenAtMs, atMs });
    return atMs;
  }

  async #probe(backend: KeptBackend, agent: AgentDefinition): Promise<void> {
    // Calls go first.
    if (!backend.openings.tryTake()) return;
    const { clock, ids, log } = this.#options;
    const abort = new AbortController();
    this.#running.set(backend, abort);
    const timer = clock.timerAt(clock.nowMs() + openTimeoutMs, () =>
      abort.abort(new CallError('backend_stalled', `not open after ${openTimeoutMs} ms`)),
    );
    const { port } = backend;
    const authority = authorityFor(agent.turns.authority, port.capabilities);
    const settings = initialSettings(agent, { capabilities: port.capabilities, authority });
    try {
      const session = await port.open(
        {
          callId: ids.next('probe'),
          agent: agent.name,
          authority,
          settings,
          ...backendFormats(port.capabilities, settings),
          seed: null,
          clock,
          ids,
          log,
        },
        abort.signal,
      );
      session.close();
      backend.probed(true);
    } catch (thrown) {
      if (this.#closed) return;
      backend.probed(false);
      const { code, message } = asCallError(thrown, 'backend_refused');
      log.warn('backend.probe_failed', { backend: backend.name, code, reason: message });
    } finally {
      timer.cancel();
      this.#running.delete(backend);
    }
  }
}

/** Backends that some agent tries after others, with the first such agent. */
function fallbacks(agents: readonly AgentDefinition[]): ReadonlyMap<string, AgentDefinition> {
  const found = new Map<string, AgentDefinition>();
  for (const agent of agents) {
    const orders = [
      agent.backends,
      ...(agent.rules ?? []).flatMap(({ arms }) => arms.map(({ backends }) => backends)),
    ];
    const later = new Set(orders.flatMap((order) => order.slice(1)));
    for (const name of backendsOf(agent)) {
      if (later.has(name) && !found.has(name)) found.set(name, agent);
    }
  }
  return found;
}
