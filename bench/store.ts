/**
 * How long finished calls take to be listed and searched, and to be written:
 *
 *     npx node bench/store.ts [calls]
 *
 * Prints one JSON object: ms, for SQLite and, where Debian's server is installed, for PostgreSQL.
 * Each call has 8 turns of some 20 words and 300 log entries. Asked through the store's thread, and as the
 * console asks: `GET /api/calls` of a whole gateway, 100 calls a page, until the answer has been read as
 * JSON. A rare word is in one call of 1,000.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import type { DatabaseOptions } from '../adapters/store/database.ts';
import { StoreThread } from '../adapters/store/store-thread.ts';
import { silentLogger } from '../src/ports/log.ts';
import type { CallQuery, CallRecord } from '../src/ports/store.ts';
import { systemClock } from '../src/time/clock.ts';
import { finishedCall } from '../test/support/finished-call.ts';
import { startGateway } from '../test/support/gateway.ts';
import { noPostgres, startPostgres } from '../test/support/postgres.ts';
import { distribution } from './lib/distribution.ts';
import { describeMachine } from './lib/machine.ts';

const calls = Number(argv[2] ?? 10_000);
const rounds = 40;
const words =
  'I would like to book a quiet room with a view for two nights from Friday please'.split(' ');

function call(place: number): CallRecord {
  const said = (turn: number): string => {
    const rare = place % 1_000 === 7 && turn === 3 ? 'zeppelin' : 'train';
    return [...words, rare, String((place * 31 + turn * 7) % 997)].join(' ');
  };
  const one = finishedCall(`call_${place}`, { minute: place, agent: `agent_${place % 5}` }, 300);
  const [turn] = one.turns;
  const turns = Array.from({ length: 8 }, (_, index) => ({
    ...turn!,
    userText: said(index),
    heardText: said(index + 8),
  }));
  return { ...one, turns };
}

async function measured(database: DatabaseOptions): Promise<Record<string, unknown>> {
  const store = new StoreThread({
    ...{ database, endpoints: [], retentionDays: null, maxCalls: null },
    ...{ clock: systemClock, log: silentLogger },
  });
  const startMs = performance.now();
  for (let place = 0; place < calls; place += 1) {
    store.put(call(place), []);
    while ((store.figures()['onTheWay'] ?? 0) > 200) await new Promise((go) => setTimeout(go, 2));
  }
  while ((store.figures()['onTheWay'] ?? 0) > 0) await new Promise((go) => setTimeout(go, 2));
  const writtenMs = performance.now() - startMs;
  const inThread = await timed(async (query) => {
    const page = { limit: 100, words: [], agents: null, before: null, ...query };
    return (await store.list(page)).length;
  });
  await store.close();
  const overHttp = await askedOverHttp(database);
  return { writtenPerSecond: Math.round((calls / writtenMs) * 1000), inThread, overHttp };
}

const asked: Readonly<Record<string, Partial<CallQuery>>> = {
  newest: {},
  page50: { before: `call_${Math.floor(calls / 2)}` },
  commonWord: { words: ['train'] },
  rareWord: { words: ['zeppelin'] },
  twoWords: { words: ['zeppelin', 'agent_2'] },
  noSuchWord: { words: ['xylophone'] },
};

/** @param ask gives how many calls were found */
async function timed(ask: (query: Partial<CallQuery>) => Promise<number>): Promise<object> {
  const result: Record<string, unknown> = {};
  for (const [name, query] of Object.entries(asked)) {
    const times: number[] = [];
    let found = 0;
    for (let round = 0; round < rounds; round += 1) {
      const fromMs = performance.now();
      found = await ask(query);
      times.push(performance.now() - fromMs);
    }
    result[name] = { found, ms: distribution(times) };
  }
  return result;
}

async function askedOverHttp(database: DatabaseOptions): Promise<object> {
  if (database.kind === 'postgres') env['BENCH_STORE_URL'] = database.url;
  const store =
    database.kind === 'sqlite'
      ? { type: 'sqlite', path: database.path }
      : { type: 'postgres', urlEnv: 'BENCH_STORE_URL' };
  const gateway = await startGateway({ config: JSON.stringify({ store }) });
  try {
    return await timed(async ({ words = [], before = null }) => {
      const query = new URLSearchParams({ limit: '100', q: words.join(' ') });
      if (before !== null) query.set('before', before);
      const answer = await fetch(`${gateway.url}/api/calls?${query.toString()}`);
      return ((await answer.json()) as { calls: readonly unknown[] }).calls.length;
    });
  } finally {
    await gateway.close();
  }
}

// The store's thread does not keep a process alive.
const alive = setInterval(() => undefined, 1_000);
const folder = mkdtempSync(join(tmpdir(), 'parley-bench-store-'));
try {
  const sqlite = await measured({ kind: 'sqlite', path: join(folder, 'calls.sqlite') });
  console.error(JSON.stringify({ sqlite }));
  let postgres: unknown = noPostgres;
  if (noPostgres === null) {
    const server = await startPostgres();
    postgres = await measured({ kind: 'postgres', url: server.database('bench') });
    server.stop();
  }
  const machine = describeMachine();
  console.log(
    JSON.stringify({ bench: 'store', calls, rounds, machine, sqlite, postgres }, null, 2),
  );
} finally {
  clearInterval(alive);
  rmSync(folder, { recursive: true, force: true });
}
