import type { CallQuery, Delivery, StoredCall } from '../../src/ports/store.ts';
import type { Clock, Timer } from '../../src/time/clock.ts';
import { CallTable, type FinishedCall } from './call-table.ts';
import { openDatabase, type Database } from './database.ts';
import { Deliverer, type DeliveryTrouble } from './deliverer.ts';
import type { StoreStart } from './messages.ts';
import { Outbox } from './outbox.ts';

export interface StoreHouseOptions extends StoreStart {
  readonly clock: Clock;
  readonly chance: () => number;
  readonly onStored: (callId: string) => void;
  /** It was dropped for room. */
  readonly onLost: (callId: string) => void;
  /** The database refuses, in words without secrets; told at most once until it works again. */
  readonly onTrouble: (reason: string) => void;
  readonly onDelivery: (trouble: DeliveryTrouble) => void;
}

/** Calls and deliveries that wait for a database that is away (a count each). */
const waitingLimit = 1_000;
/** Calls written at once (a count). */
const batchLimit = 64;
/** Waits for a database, ms; the last one again and again. */
const waitsMs = [200, 1_000, 5_000, 15_000] as const;
const pruneEveryMs = 3_600_000;
const dayMs = 86_400_000;
/** Longest wait for a database at the end, ms. */
const endLimitMs = 10_000;

/** The store's thread: calls go to the database in their order, whatever it takes. */
export class StoreHouse {
  readonly #options: StoreHouseOptions;
  readonly #waiting: FinishedCall[] = [];
  readonly #toTell: Delivery[] = [];
  readonly #counts = { stored: 0, lost: 0, failures: 0, pruned: 0, deliveriesLost: 0 };
  #database: Promise<Database> | null = null;
  #deliverer: Deliverer | null = null;
  #writing: Promise<void> | null = null;
  #timer: Timer | null = null;
  #pruneTimer: Timer | null = null;
  #failures = 0;
  #closed = false;

  constructor(options: StoreHouseOptions) {
    this.#options = options;
  }

  get figures(): Readonly<Record<string, number>> {
    return { ...this.#counts, waiting: this.#waiting.length, ...this.#deliverer?.figures };
  }

  /** Opens the database; where that fails it is tried again with what is to be written. */
  open(): void {
    this.#wake();
    this.#prune();
  }

  put(call: FinishedCall): void {
    this.#waiting.push(call);
    if (this.#waiting.length > waitingLimit) {
      const [oldest] = this.#waiting.splice(0, 1);
      this.#counts.lost += 1;
      if (oldest !== undefined) this.#options.onLost(oldest.record.callId);
    }
    this.#wake();
  }

  tell(deliveries: readonly Delivery[]): void {
    this.#toTell.push(...deliveries);
    const excess = this.#toTell.length - waitingLimit;
    if (excess > 0) {
      this.#toTell.splice(0, excess);
      this.#counts.deliveriesLost += excess;
    }
    this.#wake();
  }

  /** @throws Error where the database cannot be asked */
  async get(callId: string): Promise<StoredCall | null> {
    return await new CallTable(await this.#open()).get(callId);
  }

  /** @throws Error where the database cannot be asked */
  async list(query: CallQuery): Promise<readonly string[]> {
    // What came before the question is in the answer, as far as the database works.
    while (this.#failures === 0 && this.#waiting.length > 0) await this.#writing;
    return await new CallTable(await this.#open()).list(query);
  }

  /** Writes what waits where the database lets it, and closes. Never rejects. */
  async close(): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + endLimitMs;
    await this.#writing;
    while (this.#waiting.length + this.#toTell.length > 0 && clock.nowMs() < untilMs) {
      this.#timer?.cancel();
      this.#timer = null;
      this.#wake();
      await this.#writing;
      if (this.#failures > 0) await pause(clock, waitsMs[0]);
    }
    this.#closed = true;
    this.#timer?.cancel();
    this.#pruneTimer?.cancel();
    await this.#deliverer?.close();
    const database = await this.#database?.catch(() => null);
    await database?.destroy().catch(() => undefined);
  }

  #open(): Promise<Database> {
    this.#database ??= openDatabase(this.#options.database).then(
      (database) => {
        const { endpoints, clock, chance, onDelivery } = this.#options;
        const outbox = new Outbox(database);
        this.#deliverer = new Deliverer({
          ...{ outbox, endpoints, clock, chance },
          onTrouble: onDelivery,
        });
        this.#deliverer.wake();
        return database;
      },
      (thrown: unknown) => {
        this.#database = null;
        throw thrown;
      },
    );
    return this.#database;
  }

  #wake(): void {
    if (this.#writing !== null || this.#timer !== null || this.#closed) return;
    this.#writing = this.#write()
      .then(
        () => (this.#failures = 0),
        (thrown: unknown) => this.#failed(thrown),
      )
      .then(() => {
        this.#writing = null;
        if (this.#failures === 0 && this.#waiting.length + this.#toTell.length > 0) this.#wake();
      });
  }

  async #write(): Promise<void> {
    const database = await this.#open();
    const told = this.#toTell.slice(0, batchLimit);
    if (told.length > 0) {
      await new Outbox(database).add(told);
      this.#toTell.splice(0, told.length);
    }
    const batch = this.#waiting.slice(0, batchLimit);
    if (batch.length > 0) {
      await new CallTable(database).put(batch);
      for (const call of batch) {
        // Room may have been made meanwhile.
        const place = this.#waiting.indexOf(call);
        if (place >= 0) this.#waiting.splice(place, 1);
        this.#counts.stored += 1;
        this.#options.onStored(call.record.callId);
      }
    }
    if (told.length > 0 || batch.some(({ deliveries }) => deliveries.length > 0)) {
      this.#deliverer?.wake();
    }
  }

  #failed(thrown: unknown): void {
    const { clock, onTrouble } = this.#options;
    if (this.#failures === 0) onTrouble(reasonOf(thrown));
    this.#failures += 1;
    this.#counts.failures += 1;
    const waitMs = waitsMs[Math.min(this.#failures, waitsMs.length) - 1]!;
    this.#timer = clock.timerAt(clock.nowMs() + waitMs, () => {
      this.#timer = null;
      this.#wake();
    });
  }

  #prune(): void {
    const { clock, retentionDays, maxCalls } = this.#options;
    if (retentionDays === null && maxCalls === null) return;
    const before = retentionDays === null ? null : clock.epochMs() - retentionDays * dayMs;
    void this.#open()
      .then((database) => new CallTable(database).prune(before, maxCalls))
      .then(
        (pruned) => (this.#counts.pruned += pruned),
        () => undefined,
      )
      .then(() => {
        if (this.#closed) return;
        this.#pruneTimer = clock.timerAt(clock.nowMs() + pruneEveryMs, () => this.#prune());
      });
  }
}

/** The database's code: its messages may hold addresses, names and values. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown failure';
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name;
  const detail = 'errstr' in thrown && typeof thrown.errstr === 'string' ? thrown.errstr : '';
  return detail === '' ? code : `${code}: ${detail}`;
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.timerAt(clock.nowMs() + ms, resolve);
  });
}
