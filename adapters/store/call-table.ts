import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { sql } from 'kysely';
import type { CallQuery, CallRecord, Delivery, StoredCall } from '../../src/ports/store.ts';
import type { Database } from './database.ts';

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** Longest text that a call is found by, characters. */
const wordsLimit = 200_000;
/** Most words that are searched for at once (a count). */
const searchLimit = 20;

/** A finished call ready to be written. */
export interface FinishedCall {
  readonly record: CallRecord;
  readonly deliveries: readonly Delivery[];
}

/** Finished calls in a database. */
export class CallTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Writes all of them or none; one that is there already is written over. @throws Error */
  async put(calls: readonly FinishedCall[]): Promise<void> {
    const rows = await Promise.all(calls.map(rowsOf));
    await this.#database.transaction().execute(async (work) => {
      for (const { call, words, events, deliveries } of rows) {
        const { record, agent, started_ms } = call;
        await work
          .insertInto('calls')
          .values(call)
          .onConflict((it) => it.column('call_id').doUpdateSet({ record, agent, started_ms }))
          .execute();
        await work
          .insertInto('call_words')
          .values(words)
          .onConflict((it) => it.column('call_id').doUpdateSet({ words: words.words }))
          .execute();
        await work
          .insertInto('call_events')
          .values(events)
          .onConflict((it) => it.column('call_id').doUpdateSet({ events: events.events }))
          .execute();
        if (deliveries.length > 0) {
          await work
            .insertInto('deliveries')
            .values(deliveries)
            .onConflict((it) => it.column('delivery_id').doNothing())
            .execute();
        }
      }
    });
  }

  /** The record of a call as JSON, with the agent that may be looked at. @throws Error */
  async get(callId: string): Promise<StoredCall | null> {
    const row = await this.#database
      .selectFrom('calls')
      .leftJoin('call_events', 'call_events.call_id', 'calls.call_id')
      .select(['calls.agent', 'calls.record', 'call_events.events'])
      .where('calls.call_id', '=', callId)
      .executeTakeFirst();
    if (row === undefined) return null;
    const events = row.events === null ? '[]' : (await expand(row.events)).toString('utf8');
    const { out } = JSON.parse(row.record) as Pick<CallRecord, 'out'>;
    return { agent: row.agent, out, json: `${row.record.slice(0, -1)},"events":${events}}` };
  }

  /** Newest first, each as JSON. @throws Error */
  async list({ limit, words, agents, before }: CallQuery): Promise<readonly string[]> {
    let query = this.#database
      .selectFrom('calls')
      .select('calls.record')
      .orderBy('calls.started_ms', 'desc')
      .orderBy('calls.call_id', 'desc')
      .limit(limit);
    if (agents !== null) {
      if (agents.length === 0) return [];
      query = query.where('calls.agent', 'in', [...agents]);
    }
    if (before !== null) {
      const from = await this.#database
        .selectFrom('calls')
        .select(['started_ms', 'call_id'])
        .where('call_id', '=', before)
        .executeTakeFirst();
      if (from === undefined) return [];
      query = query.where(({ eb, or, and }) =>
        or([
          eb('calls.started_ms', '<', from.started_ms),
          and([
            eb('calls.started_ms', '=', from.started_ms),
            eb('calls.call_id', '<', from.call_id),
          ]),
        ]),
      );
    }
    if (words.length > 0) {
      let found = query.innerJoin('call_words', 'call_words.call_id', 'calls.call_id');
      for (const word of words.slice(0, searchLimit)) {
        const pattern = `%${word.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
        found = found.where(sql<boolean>`call_words.words like ${pattern} escape '\\'`);
      }
      query = found;
    }
    return (await query.execute()).map(({ record }) => record);
  }

  /** Deletes what began before, and the oldest beyond a count. @returns how many */
  async prune(beforeMs: number | null, keep: number | null): Promise<number> {
    const old = new Set<string>();
    if (beforeMs !== null) {
      const found = await this.#database
        .selectFrom('calls')
        .select('call_id')
        .where('started_ms', '<', beforeMs)
        .limit(pruneLimit)
        .execute();
      for (const { call_id } of found) old.add(call_id);
    }
    if (keep !== null) {
      const found = await this.#database
        .selectFrom('calls')
        .select('call_id')
        .orderBy('started_ms', 'desc')
        .orderBy('call_id', 'desc')
        .limit(pruneLimit)
        .offset(keep)
        .execute();
      for (const { call_id } of found) old.add(call_id);
    }
    const ids = [...old];
    if (ids.length === 0) return 0;
    await this.#database.transaction().execute(async (work) => {
      for (const table of ['call_events', 'call_words', 'calls'] as const) {
        await work.deleteFrom(table).where('call_id', 'in', ids).execute();
      }
    });
    return ids.length;
  }
}

/** Most calls deleted at once (a count): databases take so many values in one statement. */
const pruneLimit = 10_000;

async function rowsOf({ record, deliveries }: FinishedCall): Promise<{
  call: { call_id: string; agent: string; started_ms: number; record: string };
  words: { call_id: string; words: string };
  events: { call_id: string; events: Uint8Array };
  deliveries: readonly {
    delivery_id: string;
    endpoint: string;
    body: string;
    created_ms: number;
    attempts: number;
    due_ms: number;
  }[];
}> {
  const { events, ...rest } = record;
  const { callId: call_id, agent } = record;
  const started_ms = Date.parse(record.startedAt);
  return {
    call: { call_id, agent, started_ms, record: JSON.stringify(rest) },
    words: { call_id, words: searchText(record) },
    events: { call_id, events: await compress(JSON.stringify(events), { level: 4 }) },
    deliveries: deliveries.map(({ deliveryId, endpoint, body, createdMs }) => ({
      delivery_id: deliveryId,
      endpoint,
      body,
      created_ms: createdMs,
      attempts: 0,
      due_ms: createdMs,
    })),
  };
}

function searchText({ callId, agent, backend, turns, disposition }: CallRecord): string {
  const said = turns.map(({ userText, heardText }) => `${userText ?? ''} ${heardText ?? ''}`);
  const marks = [disposition?.value ?? '', disposition?.note ?? ''];
  return [callId, agent, backend, ...marks, ...said].join(' ').toLowerCase().slice(0, wordsLimit);
}
