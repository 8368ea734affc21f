import type { BackendPort } from '../ports/backend.ts';
import type { BackendHealth } from '../ports/health.ts';
import type { Logger } from '../ports/log.ts';
import {
  healthAt,
  healthStep,
  healthy,
  isTrusted,
  type HealthInput,
  type HealthState,
} from '../routing/health.ts';
import { HealthPace } from '../routing/health-pace.ts';
import type { BackendReadiness } from '../routing/policy.ts';
import type { Clock } from '../time/clock.ts';
import type { BackendEntry } from './config.ts';
import { guardedBackend } from './guarded-backend.ts';
import { Readiness } from './readiness.ts';

export interface KeptBackendOptions {
  readonly entry: BackendEntry;
  readonly port: BackendPort;
  /** Number of the configuration that it was made for. */
  readonly generation: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** As `figures` counts them. */
const breakerStates: readonly HealthState['kind'][] = ['closed', 'warming', 'half_open', 'open'];

/**
 * One backend that is there, with how far it is and who uses it. It owns the backend: configurations
 * and calls share it, and it is closed with the last of them.
 */
export class KeptBackend implements BackendHealth {
  readonly entry: BackendEntry;
  readonly generation: number;
  /** As calls see it. */
  readonly port: BackendPort;
  /** Settles when it is ready or has failed; never rejects. */
  readonly prepared: Promise<void>;
  /** Calls that it answers, or would take over. */
  calls = 0;
  /** Calls that it answers now. */
  answering = 0;
  readonly pace = new HealthPace();
  readonly #bare: BackendPort;
  readonly #readiness = new Readiness();
  readonly #stop = new AbortController();
  readonly #clock: Clock;
  #health: HealthState = healthy;

  /** Begins to prepare it. */
  constructor({ entry, port, generation, clock, log }: KeptBackendOptions) {
    this.entry = entry;
    this.generation = generation;
    this.#bare = port;
    this.#clock = clock;
    const { signal } = this.#stop;
    this.port = guardedBackend(port, { readiness: this.#readiness, clock, log, signal });
    this.prepared = this.#readiness.track('backend', port.name, () => this.port.prepare(signal));
  }

  get name(): string {
    return this.entry.name;
  }

  /** What the calls of this process have seen of it. */
  get health(): HealthState['kind'] {
    return healthAt(this.#health, this.#clock.nowMs()).kind;
  }

  /** Whether calls that have a choice are sent there. */
  get trusted(): boolean {
    return isTrusted(this.#health, this.#clock.nowMs());
  }

  /** A call has seen something of it. */
  seen(type: HealthInput['type']): void {
    this.#health = healthStep(this.#health, { type }, this.#clock.nowMs());
  }

  firstAudio(tookMs: number): void {
    const late = this.pace.firstAudio(tookMs, this.#clock.nowMs());
    this.seen(late ? 'late' : 'success');
  }

  dried(forMs: number): void {
    this.pace.dried(forMs, this.#clock.nowMs());
  }

  missedDeadline(): void {
    this.seen('missed');
  }

  get state(): BackendReadiness {
    return this.#readiness.of('backend', this.name);
  }

  /** Why it is not ready, for operators; `null` unless it failed. */
  get failure(): string | null {
    return this.#readiness.failure('backend', this.name)?.message ?? null;
  }

  /** What keeps it from being ready, in words. */
  reasons(): readonly string[] {
    return this.#readiness.reasons();
  }

  figures(): Readonly<Record<string, number>> {
    const { firstAudioP95Ms, dryP95Ms } = this.pace;
    return {
      ...this.#bare.figures(),
      breaker: breakerStates.indexOf(this.health),
      ...(firstAudioP95Ms === null ? {} : { firstAudioP95Ms }),
      ...(dryP95Ms === null ? {} : { dryP95Ms }),
    };
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the backend is not needed any more'));
    await this.#bare.close();
  }
}
