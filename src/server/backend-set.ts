import type { BackendPort } from '../ports/backend.ts';
import type { BackendHealth } from '../ports/health.ts';
import type { LogEntry } from '../ports/events.ts';
import type { Logger } from '../ports/log.ts';
import type { HealthInput } from '../routing/health.ts';
import type { BackendCandidate } from '../routing/policy.ts';
import type { Clock } from '../time/clock.ts';
import type { BackendEntry } from './config.ts';
import { KeptBackend } from './kept-backend.ts';
import { SharedPool, type Hold } from './shared-pool.ts';
import { stableText } from './stable-text.ts';

export interface BackendsOptions {
  /** Makes the backend of an entry; one that cannot be made refuses its calls. */
  readonly create: (entry: BackendEntry) => BackendPort;
  readonly clock: Clock;
  readonly log: Logger;
}

/** All backends there are: those of the configuration in force, and those that calls still hold. */
export class Backends {
  readonly #options: BackendsOptions;
  readonly #pool: SharedPool<KeptBackend>;

  constructor(options: BackendsOptions) {
    this.#options = options;
    this.#pool = new SharedPool({ log: options.log });
  }

  get made(): number {
    return this.#pool.made;
  }

  get closed(): number {
    return this.#pool.closed;
  }

  /** Every one, whatever configuration it is of. */
  get all(): readonly KeptBackend[] {
    return this.#pool.things;
  }

  /**
   * The backends of a configuration: those that are there with the same options as they are, and the
   * others new, which begin to be prepared.
   */
  take(entries: readonly BackendEntry[], generation: number): BackendSet {
    return new BackendSet(entries.map((entry) => this.#hold(entry, generation)));
  }

  /** Closes all, whoever holds them. */
  closeAll(): Promise<void> {
    return this.#pool.closeAll();
  }

  #hold(entry: BackendEntry, generation: number): BackendHold {
    const { create, clock, log } = this.#options;
    const { name, type, options } = entry;
    const key = stableText([name, type, options]);
    const hold = (): Hold<KeptBackend> =>
      this.#pool.hold(
        key,
        () => new KeptBackend({ entry, port: create(entry), generation, clock, log }),
      );
    const held = hold();
    held.thing.limit(entry);
    return { ...held, again: hold };
  }
}

interface BackendHold extends Hold<KeptBackend> {
  /** Another share in the same one. */
  readonly again: () => Hold<KeptBackend>;
}

/** The backends of one configuration. Holds them until it is released. */
export class BackendSet {
  /** By name. */
  readonly #holds: ReadonlyMap<string, BackendHold>;

  constructor(holds: readonly BackendHold[]) {
    this.#holds = new Map(holds.map((hold) => [hold.thing.name, hold]));
  }

  /** In the order of the configuration. */
  get all(): readonly KeptBackend[] {
    return [...this.#holds.values()].map(({ thing }) => thing);
  }

  /** Settles when each one is ready or has failed; never rejects. */
  get prepared(): Promise<void> {
    return Promise.all(this.all.map(({ prepared }) => prepared)).then(() => undefined);
  }

  find(name: string): KeptBackend | undefined {
    return this.#holds.get(name)?.thing;
  }

  /** Those of the names, as the choice wants them. */
  candidates(names: readonly string[]): readonly BackendCandidate[] {
    return names.map((name) => {
      const backend = this.find(name);
      return { name, readiness: backend?.state ?? 'failed', trusted: backend?.trusted ?? true };
    });
  }

  /** What keeps any of them from being ready, in words. */
  reasons(): readonly string[] {
    return this.all.flatMap((backend) => backend.reasons());
  }

  /** Backends for a call, in that order, which stay for as long as the call does. */
  lease(names: readonly string[]): BackendLease {
    const found = names.flatMap((name) => this.#holds.get(name) ?? []);
    return new BackendLease(found.map(({ again }) => again()));
  }

  release(): void {
    for (const hold of this.#holds.values()) hold.release();
  }
}

/** What one call holds. */
export class BackendLease {
  readonly #holds: readonly Hold<KeptBackend>[];
  #answering: KeptBackend | null = null;
  #released = false;

  constructor(holds: readonly Hold<KeptBackend>[]) {
    this.#holds = holds;
    for (const { thing } of holds) thing.calls += 1;
  }

  get ports(): readonly BackendPort[] {
    return this.#holds.map(({ thing }) => thing.port);
  }

  /** What all calls know of one of them; `null`: it is none of them. */
  health(name: string): BackendHealth | null {
    return this.#released ? null : this.#find(name);
  }

  /** Follows which of them answers. */
  entry(entry: LogEntry): void {
    if (this.#released) return;
    if (entry.type === 'backend.opening') this.#find(entry.backend)?.seen('chosen');
    else if (entry.type === 'backend.ready') {
      const backend = this.#find(entry.backend);
      backend?.seen('success');
      this.#answers(backend);
    } else if (entry.type === 'standby.opened') this.#find(entry.backend)?.seen('success');
    else if (entry.type === 'standby.closed' && entry.outcome === 'refused') {
      this.#find(entry.backend)?.seen('refused');
    } else if (entry.type === 'backend.failed') {
      this.#find(entry.backend)?.seen(failureOf(entry, this.#answering?.name));
      this.#answers(null);
    }
  }

  /** Idempotent. */
  release(): void {
    if (this.#released) return;
    this.#answers(null);
    this.#released = true;
    for (const hold of this.#holds) {
      hold.thing.calls -= 1;
      hold.release();
    }
  }

  #find(name: string): KeptBackend | null {
    return this.#holds.find(({ thing }) => thing.name === name)?.thing ?? null;
  }

  #answers(backend: KeptBackend | null): void {
    if (this.#answering !== null) this.#answering.answering -= 1;
    this.#answering = backend;
    if (backend !== null) backend.answering += 1;
  }
}

function failureOf(
  { backend, code }: LogEntry & { readonly type: 'backend.failed' },
  answering: string | undefined,
): HealthInput['type'] {
  if (backend !== answering) return 'refused';
  return code === 'backend_stalled' ? 'stalled' : 'lost';
}
