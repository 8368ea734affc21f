import { isDeepStrictEqual } from 'node:util';
import { asCallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { Backends, BackendSet } from './backend-set.ts';
import type { GatewayConfig } from './config.ts';
import { inForce, takeable, wantsCanceller, type InForce } from './in-force.ts';

/** Longest wait for new backends before they are put in force all the same, ms. */
const prepareLimitMs = 30_000;
/** Most problems of a configuration that are logged and shown (a count); the rest is counted. */
const shownProblems = 50;

/**
 * What became of a configuration: in force; the same as the one in force; overtaken by another while
 * its backends were prepared, or by the end.
 */
export type ReloadOutcome = 'applied' | 'unchanged' | 'overtaken';

export interface ReloadsOptions {
  /** What the process starts with. */
  readonly config: GatewayConfig;
  readonly backends: Backends;
  readonly clock: Clock;
  readonly log: Logger;
  /** Has the echo canceller there, as far as it can be had. Never rejects. */
  readonly canceller: () => Promise<void>;
  /** What is not asked for at each call is set here, before the first call under it. */
  readonly onInForce: (now: InForce) => void;
  /** Serves further connections with this certificate. Throws when it is not one. */
  readonly setCertificate: (tls: { readonly cert: string; readonly key: string }) => void;
}

interface Staged {
  readonly overtake: () => void;
}

/**
 * Puts one configuration after the other in force. Running calls keep what they have: a call asks
 * `current` once, at its beginning, and holds the backends that it found there.
 */
export class Reloads {
  readonly #options: ReloadsOptions;
  #current: InForce;
  /** The file's configuration in force, with what waits for a restart. */
  #wanted: GatewayConfig;
  #staged: Staged | null = null;
  #problems: readonly string[] = [];
  #closed = false;
  readonly #counts = { applied: 0, unchanged: 0, overtaken: 0, refused: 0 };

  constructor(options: ReloadsOptions) {
    const { config, backends, onInForce } = options;
    this.#options = options;
    this.#wanted = config;
    this.#current = inForce({ config, restart: [] }, backends.take(config.backends, 1), 1);
    onInForce(this.#current);
  }

  /** What new calls get. */
  get current(): InForce {
    return this.#current;
  }

  /** Why the file as it is now is not in force; empty when it is. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Configurations that were offered since the start, by what became of them. */
  get counts(): Readonly<Record<ReloadOutcome | 'refused', number>> {
    return this.#counts;
  }

  /** The file is not sound: what is in force stays, and the problems are shown until it is. */
  refuse(problems: readonly string[]): void {
    this.#counts.refused += 1;
    const shown = problems.slice(0, shownProblems);
    const more = problems.length - shown.length;
    this.#problems = more === 0 ? shown : [...shown, `… and ${more} more.`];
    for (const problem of this.#problems) this.#options.log.error('config.problem', { problem });
    this.#options.log.error('config.refused', { problems: problems.length });
  }

  /**
   * Takes a configuration over. Its new backends are prepared first, so that no call finds them cold;
   * one that cannot be prepared is in force as it would be after a restart. Another configuration
   * that comes meanwhile takes this one's place.
   */
  async apply(wanted: GatewayConfig): Promise<ReloadOutcome> {
    const outcome = await this.#apply(wanted);
    this.#counts[outcome] += 1;
    return outcome;
  }

  /** Takes nothing more over, and lets go of what is in force. */
  close(): void {
    this.#closed = true;
    this.#staged?.overtake();
    this.#current.backends.release();
  }

  async #apply(wanted: GatewayConfig): Promise<ReloadOutcome> {
    if (this.#closed) return 'overtaken';
    const before = this.#staged;
    if (isDeepStrictEqual(wanted, this.#wanted)) {
      before?.overtake();
      this.#problems = [];
      return 'unchanged';
    }
    const { backends } = this.#options;
    const generation = this.#current.generation + 1;
    const { refused } = this.#counts;
    const part = takeable(wanted, this.#current.config);
    const set = backends.take(part.config.backends, generation);
    // Only now: what both configurations have stays warm.
    before?.overtake();
    if (!(await this.#prepared(set, part.config))) {
      set.release();
      return 'overtaken';
    }
    this.#takeOver(wanted, inForce(this.#withCertificate(part), set, generation));
    // A file that came while this one was prepared and is not sound is still the newest one.
    if (this.#counts.refused === refused) this.#problems = [];
    return 'applied';
  }

  /** Whether this is still the configuration to be put in force once its parts are there. */
  async #prepared(set: BackendSet, { directory }: GatewayConfig): Promise<boolean> {
    const { clock, canceller, log } = this.#options;
    const waited = Promise.withResolvers<'ready' | 'late' | 'overtaken'>();
    const staged: Staged = { overtake: () => waited.resolve('overtaken') };
    this.#staged = staged;
    const timer: Timer = clock.timerAt(clock.nowMs() + prepareLimitMs, () =>
      waited.resolve('late'),
    );
    const parts = [set.prepared, ...(wantsCanceller(directory) ? [canceller()] : [])];
    void Promise.all(parts).then(() => waited.resolve('ready'));
    const how = await waited.promise;
    timer.cancel();
    if (this.#staged === staged) this.#staged = null;
    if (how === 'late') log.warn('config.not_prepared', { afterMs: prepareLimitMs });
    return how !== 'overtaken';
  }

  #withCertificate(part: Pick<InForce, 'config' | 'restart'>): Pick<InForce, 'config' | 'restart'> {
    const { config, restart } = part;
    const { tls } = config.server;
    const before = this.#current.config.server.tls;
    if (tls === null || isDeepStrictEqual(tls, before)) return part;
    try {
      this.#options.setCertificate(tls);
      return part;
    } catch (thrown) {
      // A restart would not help either, but it says so aloud.
      const reason = asCallError(thrown).message;
      this.#options.log.error('config.certificate_refused', { reason });
      const server = { ...config.server, tls: before };
      return { config: { ...config, server }, restart: [...restart, 'server.tls'] };
    }
  }

  #takeOver(wanted: GatewayConfig, now: InForce): void {
    const { log, onInForce } = this.#options;
    const before = this.#current;
    const { made, closed } = this.#options.backends;
    this.#current = now;
    this.#wanted = wanted;
    onInForce(now);
    before.backends.release();
    const kept = now.backends.all.filter(({ generation }) => generation < now.generation).length;
    log.info('config.applied', {
      generation: now.generation,
      agents: now.directory.agents.length,
      keys: now.config.keys.length,
      backends: now.backends.all.length,
      backendsKept: kept,
      backendsMade: made,
      backendsClosed: closed,
    });
    if (now.restart.length > 0) log.warn('config.needs_restart', { settings: now.restart });
    const failed = now.backends.reasons();
    for (const reason of failed) log.error('server.not_ready', { reason });
  }
}
