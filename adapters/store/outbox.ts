import type { Delivery } from '../../src/ports/store.ts';
import type { Database } from './database.ts';

/** A webhook that waits to be delivered. */
export interface WaitingDelivery extends Delivery {
  /** Attempts so far (a count). */
  readonly attempts: number;
}

/** What is to be told to webhooks, in the database until it was taken. */
export class Outbox {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws Error */
  async add(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    const rows = deliveries.map(({ deliveryId, endpoint, body, createdMs }) => ({
      delivery_id: deliveryId,
      endpoint,
      body,
      created_ms: createdMs,
      attempts: 0,
      due_ms: createdMs,
    }));
    await this.#database
      .insertInto('deliveries')
      .values(rows)
      .onConflict((it) => it.column('delivery_id').doNothing())
      .execute();
  }

  /**
   * Takes what is due, oldest first, for as long as an attempt may last: nobody else takes it
   * meanwhile, and whoever dies with it leaves it to the next. @throws Error
   */
  async claim(
    nowMs: number,
    { limit, forMs, endpoints }: { limit: number; forMs: number; endpoints: readonly string[] },
  ): Promise<readonly WaitingDelivery[]> {
    if (endpoints.length === 0) return [];
    const due = await this.#database
      .selectFrom('deliveries')
      .selectAll()
      .where('due_ms', '<=', nowMs)
      .where('endpoint', 'in', [...endpoints])
      .orderBy('due_ms')
      .orderBy('created_ms')
      .limit(limit)
      .execute();
    const claimed: WaitingDelivery[] = [];
    for (const row of due) {
      const { numUpdatedRows } = await this.#database
        .updateTable('deliveries')
        .set({ due_ms: nowMs + forMs })
        .where('delivery_id', '=', row.delivery_id)
        .where('due_ms', '=', row.due_ms)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) continue;
      claimed.push({
        deliveryId: row.delivery_id,
        endpoint: row.endpoint,
        body: row.body,
        createdMs: row.created_ms,
        attempts: row.attempts,
      });
    }
    return claimed;
  }

  /** It was taken, or is given up. @throws Error */
  async done(deliveryId: string): Promise<void> {
    await this.#database.deleteFrom('deliveries').where('delivery_id', '=', deliveryId).execute();
  }

  /** It was not taken: again at `dueMs`. @throws Error */
  async again(deliveryId: string, attempts: number, dueMs: number): Promise<void> {
    await this.#database
      .updateTable('deliveries')
      .set({ attempts, due_ms: dueMs })
      .where('delivery_id', '=', deliveryId)
      .execute();
  }

  /** How many wait. @throws Error */
  async waiting(): Promise<number> {
    const row = await this.#database
      .selectFrom('deliveries')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirst();
    return row?.count ?? 0;
  }
}
