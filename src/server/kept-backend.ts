import type { BackendPort } from '../ports/backend.ts';
import type { BackendHealth, OpeningGate, WarmGate } from '../ports/health.ts';
import type { Logger } from '../ports/log.ts';
import {
  healthAt,
  healthStep,
  healthy,
  isTrusted,
  isWarned,
  type HealthInput,
  type HealthState,
} from '../routing/health.ts';
import { HealthPace } from '../routing/health-pace.ts';
import { OpeningRate } from '../routing/opening-rate.ts';
import { SpeechPace } from '../routing/speech-pace.ts';
import { WarmBudget } from '../routing/warm-budget.ts';
import type { BackendReadiness } from '../routing/policy.ts';
import type { Clock } from '../time/clock.ts';
import type { BackendEntry } from './config.ts';
import { defaultConnections } from './config-connections.ts';
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

/** Deadlines that are missed within this are one, ms. */
const missedEveryMs = 1000;

/** As `figures` counts them. */
const breakerStates: readonly HealthState['kind'][] = ['closed', 'warming', 'half_open', 'open'];

/**
 * One backend that is there, with how far it is and who uses it. It owns the backend: configurations
 * and calls share it, and it is closed with the last of them.
 */
export class KeptBackend implements BackendHealth {
  readonly generation: number;
  /** As calls see it. */
  readonly port: BackendPort;
  /** Settles when it is ready or has failed; never rejects. */
  readonly prepared: Promise<void>;
  /** Calls that it answers, or would take over. */
  calls = 0;
  /** Calls that it answers now. */
  answering = 0;
  /** When anything was last seen of it, clock ms, or it was made; and whether that was a failure. */
  seenAtMs: number;
  seenBad = false;
  readonly pace = new HealthPace();
  readonly speech = new SpeechPace();
  readonly #bare: BackendPort;
  readonly #openings: OpeningRate;
  readonly #warm: WarmBudget;
  #entry: BackendEntry;
  readonly #readiness = new Readiness();
  readonly #stop = new AbortController();
  readonly #clock: Clock;
  #health: HealthState = healthy;
  #probes = 0;
  #probesFailed = 0;
  /** Seconds in which anything was later than real time allows (a count), and the latest. */
  #missed = 0;
  #missedAtMs = -Infinity;

  /** Begins to prepare it. */
  constructor({ entry, port, generation, clock, log }: KeptBackendOptions) {
    this.#entry = entry;
    this.generation = generation;
    this.#bare = port;
    this.#clock = clock;
    this.seenAtMs = clock.nowMs();
    const { connections = defaultConnections } = entry;
    this.#openings = new OpeningRate(clock, connections);
    this.#warm = new WarmBudget(connections.standbys);
    const { signal } = this.#stop;
    this.port = guardedBackend(port, { readiness: this.#readiness, clock, log, signal });
    this.prepared = this.#readiness.track('backend', port.name, () => this.port.prepare(signal));
  }

  get name(): string {
    return this.#entry.name;
  }

  get entry(): BackendEntry {
    return this.#entry;
  }

  get openings(): OpeningGate {
    return this.#openings;
  }

  get warm(): WarmGate {
    return this.#warm;
  }

  /** Another configuration has the same backend, perhaps with other limits. */
  limit(entry: BackendEntry): void {
    this.#entry = entry;
    const { connections = defaultConnections } = entry;
    this.#openings.limits = connections;
    this.#warm.limit = connections.standbys;
  }

  /** What the calls of this process have seen of it. */
  get health(): HealthState['kind'] {
    return healthAt(this.#health, this.#clock.nowMs()).kind;
  }

  /** Whether calls that have a choice are sent there. */
  get trusted(): boolean {
    return isTrusted(this.#health, this.#clock.nowMs());
  }

  get warned(): boolean {
    return isWarned(this.#health, this.#clock.nowMs());
  }

  /** A call has seen something of it. */
  seen(type: HealthInput['type']): void {
    const nowMs = this.#clock.nowMs();
    this.#health = healthStep(this.#health, { type }, nowMs);
    if (type === 'chosen') return;
    this.seenAtMs = nowMs;
    this.seenBad = type === 'refused' || type === 'lost' || type === 'stalled';
  }

  /** Nobody uses it, and it was tried whether it opens. */
  probed(opened: boolean): void {
    this.seen(opened ? 'success' : 'refused');
    this.#probes += 1;
    if (!opened) this.#probesFailed += 1;
  }

  firstAudio(tookMs: number): void {
    const late = this.pace.firstAudio(tookMs, this.#clock.nowMs());
    this.seen(late ? 'late' : 'success');
  }

  overtaken(afterMs: number): void {
    this.pace.firstAudio(afterMs, this.#clock.nowMs());
  }

  dried(forMs: number): void {
    this.pace.dried(forMs, this.#clock.nowMs());
  }

  missedDeadline(): void {
    const nowMs = this.#clock.nowMs();
    // What is late for one call is late for all that share a model: it counts once.
    if (nowMs - this.#missedAtMs < missedEveryMs) return;
    this.#missedAtMs = nowMs;
    this.#missed += 1;
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
    const { firstAudioP90Ms, firstAudioP95Ms, dryP95Ms } = this.pace;
    return {
      ...this.#bare.figures(),
      ...this.#openings.figures(),
      ...this.#warm.figures(),
      secondsMissed: this.#missed,
      probes: this.#probes,
      probesFailed: this.#probesFailed,
      breaker: breakerStates.indexOf(this.health),
      ...(firstAudioP90Ms === null ? {} : { firstAudioP90Ms }),
      ...(firstAudioP95Ms === null ? {} : { firstAudioP95Ms }),
      ...(dryP95Ms === null ? {} : { dryP95Ms }),
    };
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the backend is not needed any more'));
    await this.#bare.close();
  }
}
