import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool, types } from 'pg';
import { sqliteDialect } from './sqlite.ts';

/** Which database, and where. */
export type DatabaseOptions =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** `url` holds a password: it is never logged. */
  | { readonly kind: 'postgres'; readonly url: string };

/** The tables, the same in both databases. Times are ms since 1970. */
export interface Tables {
  calls: {
    call_id: string;
    agent: string;
    started_ms: number;
    /** All of the record but its log, JSON. */
    record: string;
  };
  /** What calls are searched by: lower case. */
  call_words: { call_id: string; words: string };
  /** The log: a JSON array, gzipped. */
  call_events: { call_id: string; events: Uint8Array };
  /** Webhooks that were not delivered yet. */
  deliveries: {
    delivery_id: string;
    endpoint: string;
    body: string;
    created_ms: number;
    attempts: number;
    due_ms: number;
  };
}

export type Database = Kysely<Tables>;

// Times fit a number; by itself the client gives 64-bit integers as text.
types.setTypeParser(types.builtins.INT8, Number);

/** Connections to PostgreSQL (a count). */
const poolSize = 4;
/** Longest wait for a connection to PostgreSQL, ms. */
const connectLimitMs = 5_000;

/** Opens the database and makes the tables that are not there. @throws Error */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const database = new Kysely<Tables>({ dialect: dialectOf(options) });
  try {
    await makeTables(database, options.kind === 'sqlite' ? 'blob' : 'bytea');
  } catch (thrown) {
    await database.destroy().catch(() => undefined);
    throw thrown;
  }
  return database;
}

function dialectOf(options: DatabaseOptions): ConstructorParameters<typeof Kysely>[0]['dialect'] {
  if (options.kind === 'sqlite') return sqliteDialect(options.path);
  const pool = new Pool({
    connectionString: options.url,
    max: poolSize,
    connectionTimeoutMillis: connectLimitMs,
  });
  // An idle connection that breaks is made anew; without a listener it would end the thread.
  pool.on('error', () => undefined);
  return new PostgresDialect({ pool });
}

async function makeTables(database: Database, bytes: 'blob' | 'bytea'): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('calls')
    .ifNotExists()
    .addColumn('call_id', 'text', (column) => column.primaryKey())
    .addColumn('agent', 'text', (column) => column.notNull())
    .addColumn('started_ms', 'bigint', (column) => column.notNull())
    .addColumn('record', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('calls_newest')
    .ifNotExists()
    .on('calls')
    .columns(['started_ms', 'call_id'])
    .execute();
  await schema
    .createTable('call_words')
    .ifNotExists()
    .addColumn('call_id', 'text', (column) => column.primaryKey())
    .addColumn('words', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('call_events')
    .ifNotExists()
    .addColumn('call_id', 'text', (column) => column.primaryKey())
    .addColumn('events', sql.raw(bytes), (column) => column.notNull())
    .execute();
  await schema
    .createTable('deliveries')
    .ifNotExists()
    .addColumn('delivery_id', 'text', (column) => column.primaryKey())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('due_ms', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('deliveries_due')
    .ifNotExists()
    .on('deliveries')
    .column('due_ms')
    .execute();
}
