import type { Clock, Timer } from '../../src/time/clock.ts';
import type { Outbox, WaitingDelivery } from './outbox.ts';
import { signedHeaders } from './signature.ts';

/** A webhook of the configuration. */
export interface Endpoint {
  readonly name: string;
  readonly url: string;
  /** Base64: see {@link signedHeaders}. */
  readonly secret: string;
}

export interface DelivererOptions {
  readonly outbox: Outbox;
  readonly endpoints: readonly Endpoint[];
  readonly clock: Clock;
  /** 0 ≤ n < 1: attempts of many do not come at once. */
  readonly chance: () => number;
  /** A delivery was given up, or an endpoint refuses. Never holds an address or a body. */
  readonly onTrouble: (trouble: DeliveryTrouble) => void;
}

export interface DeliveryTrouble {
  readonly endpoint: string;
  readonly deliveryId: string;
  readonly reason: string;
  readonly attempts: number;
  readonly givenUp: boolean;
}

/** Longest wait for a receiver, ms. */
const answerLimitMs = 15_000;
/** Waits between attempts, ms; behind the last one a delivery is given up: some three days. */
const waitsMs = [
  1_000,
  5_000,
  15_000,
  30_000,
  60_000,
  300_000,
  1_800_000,
  7_200_000,
  ...Array.from({ length: 12 }, () => 21_600_000),
] as const;
/** Attempts at once (a count). */
const claimLimit = 16;
/** How often the database is looked into where nobody says that something came, ms. */
const lookEveryMs = 1_000;

/** Brings webhooks from the outbox to their receivers, each until it is taken: at least once. */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #over = new AbortController();
  readonly #counts = { delivered: 0, attemptsFailed: 0, givenUp: 0 };
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  get figures(): Readonly<Record<'delivered' | 'attemptsFailed' | 'givenUp', number>> {
    return { ...this.#counts };
  }

  /** Something may be due. */
  wake(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#over.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      if (this.#over.signal.aborted) return;
      const { clock } = this.#options;
      this.#timer ??= clock.timerAt(clock.nowMs() + lookEveryMs, () => this.wake());
    });
  }

  /** Attempts under way are given up; they are made again at the next start. Never rejects. */
  async close(): Promise<void> {
    this.#over.abort();
    this.#timer?.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { outbox, endpoints, clock } = this.#options;
    const names = endpoints.map(({ name }) => name);
    try {
      while (!this.#over.signal.aborted) {
        const claimed = await outbox.claim(clock.epochMs(), {
          limit: claimLimit,
          forMs: 2 * answerLimitMs,
          endpoints: names,
        });
        if (claimed.length === 0) return;
        await Promise.all(claimed.map((delivery) => this.#attempt(delivery)));
      }
    } catch {
      // The database is away: what was claimed is due again soon.
    }
  }

  async #attempt(delivery: WaitingDelivery): Promise<void> {
    const { outbox, clock, chance, onTrouble } = this.#options;
    const { deliveryId, endpoint } = delivery;
    const reason = await this.#send(delivery);
    if (reason === null) {
      this.#counts.delivered += 1;
      await outbox.done(deliveryId);
      return;
    }
    const attempts = delivery.attempts + 1;
    this.#counts.attemptsFailed += 1;
    const waitMs = waitsMs[attempts - 1];
    const givenUp = waitMs === undefined;
    if (givenUp) {
      this.#counts.givenUp += 1;
      await outbox.done(deliveryId);
    } else {
      await outbox.again(deliveryId, attempts, clock.epochMs() + waitMs * (0.9 + 0.2 * chance()));
    }
    onTrouble({ endpoint, deliveryId, reason, attempts, givenUp });
  }

  /** @returns why it was not taken; `null` when it was */
  async #send({ deliveryId, endpoint, body }: WaitingDelivery): Promise<string | null> {
    const { endpoints, clock } = this.#options;
    const to = endpoints.find(({ name }) => name === endpoint);
    if (to === undefined) return 'there is no such webhook any more';
    try {
      const response = await fetch(to.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...signedHeaders(to.secret, { deliveryId, body, epochMs: clock.epochMs() }),
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([this.#over.signal, AbortSignal.timeout(answerLimitMs)]),
      });
      await response.body?.cancel();
      return response.ok ? null : `HTTP ${response.status}`;
    } catch (thrown) {
      const cause = thrown instanceof Error ? thrown.cause : null;
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer';
      return `cannot be reached (${code})`;
    }
  }
}
