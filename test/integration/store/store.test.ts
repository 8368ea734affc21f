import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatabaseOptions } from '../../../adapters/store/database.ts';
import { StoreThread } from '../../../adapters/store/store-thread.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import type { CallQuery, CallRecord } from '../../../src/ports/store.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { finishedCall } from '../../support/finished-call.ts';
import { noPostgres, startPostgres, type Postgres } from '../../support/postgres.ts';

const all: CallQuery = { limit: 100, words: [], agents: null, before: null };

function storeAt(
  database: DatabaseOptions,
  more: { retentionDays?: number; maxCalls?: number } = {},
): StoreThread {
  const { retentionDays = null, maxCalls = null } = more;
  return new StoreThread({
    ...{ database, endpoints: [], retentionDays, maxCalls },
    ...{ clock: systemClock, log: silentLogger },
  });
}

async function ids(store: StoreThread, query: Partial<CallQuery> = {}): Promise<string[]> {
  const found = await store.list({ ...all, ...query });
  return found.map((json) => (JSON.parse(json) as CallRecord).callId);
}

/** What every store of finished calls does. */
function keepsCalls(open: (name: string) => DatabaseOptions): void {
  test('gives a call back as it was, also after a restart', async () => {
    const record = finishedCall('call_a', { userText: 'Ein Zimmer für 50 % weniger' }, 700);
    const first = storeAt(open('whole'));
    first.put(record, []);
    expect(JSON.parse((await first.get('call_a'))!.json)).toEqual(record);
    await first.close();
    const second = storeAt(open('whole'));
    const kept = await second.get('call_a');
    expect(kept).toMatchObject({ agent: record.agent, out: record.out });
    expect(JSON.parse(kept!.json)).toEqual(record);
    expect(await second.get('call_b')).toBeUndefined();
    await second.close();
  });

  test('lists newest first, page by page, by agent and by words', async () => {
    const store = storeAt(open('list'));
    for (const [place, said] of ['A room', 'a TAXI', '50% off', '500 rooms'].entries()) {
      const agent = place % 2 === 0 ? 'desk' : 'bar';
      store.put(finishedCall(`call_${place}`, { userText: said, agent, minute: place }), []);
    }
    expect(await ids(store)).toEqual(['call_3', 'call_2', 'call_1', 'call_0']);
    expect(await ids(store, { limit: 2 })).toEqual(['call_3', 'call_2']);
    expect(await ids(store, { limit: 2, before: 'call_2' })).toEqual(['call_1', 'call_0']);
    expect(await ids(store, { words: ['ROOM'] })).toEqual(['call_3', 'call_0']);
    expect(await ids(store, { words: ['taxi', 'bar'] })).toEqual(['call_1']);
    expect(await ids(store, { words: ['50%'] })).toEqual(['call_2']);
    expect(await ids(store, { words: ["'; drop table calls; --"] })).toEqual([]);
    expect(await ids(store, { agents: ['bar'] })).toEqual(['call_3', 'call_1']);
    expect(await ids(store, { agents: [] })).toEqual([]);
    expect(await ids(store, { before: 'call_x' })).toEqual([]);
    await store.close();
  });

  test('a call that is put again replaces the one before', async () => {
    const store = storeAt(open('again'));
    store.put(finishedCall('call_a', { userText: 'first' }), []);
    store.put(finishedCall('call_a', { userText: 'second' }), []);
    expect(await ids(store, { words: ['second'] })).toEqual(['call_a']);
    expect(await ids(store, { words: ['first'] })).toEqual([]);
    await store.close();
  });

  test('forgets what is too old and what is too much', async () => {
    const store = storeAt(open('prune'));
    for (let minute = 0; minute < 5; minute += 1) {
      store.put(finishedCall(`call_${minute}`, { minute }), []);
    }
    await store.close();
    const few = storeAt(open('prune'), { maxCalls: 2 });
    await expect.poll(() => few.figures()['pruned'], { timeout: 10_000 }).toBe(3);
    expect(await ids(few)).toEqual(['call_4', 'call_3']);
    await few.close();
    const none = storeAt(open('prune'), { retentionDays: 30 });
    await expect.poll(() => none.figures()['pruned'], { timeout: 10_000 }).toBe(2);
    expect(await ids(none)).toEqual([]);
    await none.close();
  });

  // 10,000 of them are listed and searched by bench/store.ts.
  test('lists many calls page by page, each once, and finds the one that is meant', async () => {
    const store = storeAt(open('many'));
    const count = 600;
    for (let place = 0; place < count; place += 1) {
      const userText = place === 377 ? 'by zeppelin' : `by train ${place % 97}`;
      store.put(finishedCall(`call_${place}`, { userText, minute: place }, 3), []);
      while ((store.figures()['onTheWay'] ?? 0) > 200) await new Promise((go) => setTimeout(go, 2));
    }
    const seen: string[] = [];
    for (let page = await ids(store); page.length > 0;) {
      seen.push(...page);
      page = await ids(store, { before: page.at(-1)! });
    }
    expect(seen).toEqual(Array.from({ length: count }, (_, at) => `call_${count - 1 - at}`));
    expect(await ids(store, { words: ['ZEPPELIN'] })).toEqual(['call_377']);
    expect(await ids(store, { words: ['train', '42'], limit: 5 })).toHaveLength(5);
    expect(await ids(store, { words: ['zeppelin'], before: 'call_377' })).toEqual([]);
    await store.close();
  });

  test('kill -9 while calls are written loses none of those that were written', async () => {
    const database = open('killed');
    const known = new Set<string>();
    for (let run = 0; run < 3; run += 1) {
      for (const callId of await writtenUntilKilled(database, run)) known.add(callId);
    }
    const store = storeAt(database);
    const kept = new Set(await ids(store, { limit: 100_000 }));
    expect(known.size).toBeGreaterThan(100);
    expect([...known].filter((callId) => !kept.has(callId))).toEqual([]);
    for (const callId of kept) {
      const { events } = JSON.parse((await store.get(callId))!.json) as CallRecord;
      expect(events).toHaveLength(50);
    }
    await store.close();
  });
}

/** A process writes calls until it is killed. @returns those of which it said that they are stored */
async function writtenUntilKilled(
  database: DatabaseOptions,
  run: number,
): Promise<readonly string[]> {
  const program = join(import.meta.dirname, 'writer.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(database), String(run)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  const enough = new Promise<void>((resolve) => {
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString();
      if (text.split('\n').length > 40 + run * 17) resolve();
    });
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  await enough;
  child.kill('SIGKILL');
  await gone;
  return text.split('\n').slice(0, -1);
}

describe('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-store-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): DatabaseOptions => ({
    kind: 'sqlite',
    path: join(folder, 'deep', `${name}.sqlite`),
  });

  keepsCalls(at);

  test('a disk that takes nothing costs no call its life: it waits, and is asked for meanwhile', async () => {
    const database = { kind: 'sqlite', path: '/dev/null/calls.sqlite' } as const;
    const store = storeAt(database);
    store.put(finishedCall('call_a', {}), []);
    await expect.poll(() => store.figures()['failures'], { timeout: 10_000 }).toBeGreaterThan(0);
    expect((await store.get('call_a'))?.agent).toBe('desk');
    await expect(store.list(all)).rejects.toThrow(/cannot be reached/);
    expect(store.figures()['waiting']).toBe(1);
    void store.close();
  });
});

if (noPostgres !== null)
  process.stderr.write(`the store is not tested on PostgreSQL: ${noPostgres}
`);

describe.skipIf(noPostgres !== null)(`PostgreSQL (${noPostgres ?? 'there is one'})`, () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  keepsCalls((name) => ({ kind: 'postgres', url: server.database(name) }));
});
