import { describe, expect, test } from 'vitest';
import type { LogEntry } from '../../../src/ports/events.ts';
import type { CallQuery, CallRecord } from '../../../src/ports/store.ts';
import { CallBook } from '../../../src/server/call-book.ts';
import { MemoryStore } from '../../../src/server/memory-store.ts';

function entry(seq: number): LogEntry {
  return { type: 'input.cleared', seq, atMs: seq };
}

function observed(callId: string): { callId: string; agent: string; backend: string } {
  return { callId, agent: 'desk', backend: 'b' };
}

function header(callId: string): { callId: string; agent: string; startedAt: string } {
  return { callId, agent: 'desk', startedAt: '2026-11-20T10:00:00.000Z' };
}

function record(callId: string, events: number): CallRecord {
  return {
    ...header(callId),
    backend: 'b',
    durationMs: 1,
    turns: [],
    tools: [],
    handovers: [],
    usage: [],
    spend: [],
    out: null,
    outcome: null,
    disposition: null,
    events: Array.from({ length: events }, (_, seq) => entry(seq)),
  };
}

describe('MemoryStore', () => {
  test('keeps the newest calls, newest first', () => {
    const store = new MemoryStore({ callLimit: 2 });
    for (const id of ['a', 'b', 'c']) store.put(record(id, 1));
    expect(store.newest(10).map(({ callId }) => callId)).toEqual(['c', 'b']);
    expect(store.newest(1).map(({ callId }) => callId)).toEqual(['c']);
    expect(store.find('a')).toBeUndefined();
    expect(store.evicted).toBe(1);
  });

  test('the oldest calls lose their logs when there are too many entries in all', () => {
    const store = new MemoryStore({ callLimit: 10, entryLimit: 10 });
    for (const id of ['a', 'b', 'c']) store.put(record(id, 4));
    expect(store.find('a')?.events).toEqual([]);
    expect(store.find('b')?.events).toHaveLength(4);
    expect(store.stripped).toBe(1);
  });

  describe('with a limit in bytes', () => {
    /** A call with 1,000 characters in its log, and `own` more outside of it. */
    const spoken = (callId: string, own = 0): CallRecord => ({
      ...record(callId, 0),
      tools: [
        {
          name: 'find_room',
          arguments: 'x'.repeat(own),
          atMs: 0,
          toolCallId: 't',
          runner: 'client',
          state: 'running',
          answeredAtMs: null,
          sharedWith: null,
        },
      ],
      events: [{ type: 'line.text', lineId: 'l', delta: 'x'.repeat(1_000), seq: 0, atMs: 0 }],
    });

    test('counts two bytes for each character, wherever it is, and gives them back', () => {
      const store = new MemoryStore({ callLimit: 1 });
      store.put(spoken('a'));
      const one = store.bytes;
      expect(one).toBeGreaterThan(2_000);
      expect(one).toBeLessThan(3_000);
      store.put(spoken('a', 500));
      expect(store.bytes).toBe(one + 1_000);
      store.put(spoken('b'));
      expect(store.bytes).toBe(one);
    });

    test('the oldest calls lose their logs over it', () => {
      const store = new MemoryStore({ byteLimit: 6_000 });
      for (const id of ['a', 'b', 'c']) store.put(spoken(id));
      expect(store.newest(10).map(({ events }) => events.length)).toEqual([1, 1, 0]);
      expect([store.stripped, store.evicted]).toEqual([1, 0]);
      expect(store.bytes).toBeLessThanOrEqual(6_000);
    });

    test('the oldest are forgotten when their logs are not enough', () => {
      const store = new MemoryStore({ byteLimit: 6_000 });
      for (const id of ['a', 'b', 'c']) store.put(spoken(id, 1_000));
      expect(store.newest(10).map(({ callId }) => callId)).toEqual(['c', 'b']);
      expect([store.stripped, store.evicted]).toEqual([3, 1]);
      expect(store.bytes).toBeLessThanOrEqual(6_000);
    });

    test('a call that is too big by itself is not kept', () => {
      const store = new MemoryStore({ byteLimit: 6_000 });
      store.put(spoken('a', 10_000));
      expect(store.find('a')).toBeUndefined();
      expect([store.stripped, store.evicted, store.bytes]).toEqual([1, 1, 0]);
    });
  });

  test('putting a call again replaces it', () => {
    const store = new MemoryStore({ entryLimit: 10 });
    for (let times = 0; times < 5; times += 1) store.put(record('a', 4));
    store.put(record('b', 4));
    expect(store.newest(10)).toHaveLength(2);
    expect(store.stripped).toBe(0);
  });
});

describe('CallBook', () => {
  const all = { limit: 10, words: [], agents: null, before: null };
  const listed = async (book: CallBook, query: Partial<CallQuery> = {}): Promise<unknown[]> =>
    (await book.list({ ...all, ...query })).map((json) => JSON.parse(json) as unknown);
  const read = async (book: CallBook, callId: string): Promise<CallRecord | undefined> => {
    const call = await book.get(callId);
    return call === undefined ? undefined : (JSON.parse(call.json) as CallRecord);
  };

  test('shows a running call and keeps it when it is over', async () => {
    const store = new MemoryStore();
    const book = new CallBook({ store });
    book.open(header('a'));
    book.entry(observed('a'), entry(0));
    expect((await read(book, 'a'))?.events).toHaveLength(1);
    expect(await listed(book)).toMatchObject([{ callId: 'a', active: true }]);
    expect(store.find('a')).toBeUndefined();
    expect(book.close('a')?.callId).toBe('a');
    expect(book.close('a')).toBeUndefined();
    const after = await listed(book);
    expect(after).toMatchObject([{ callId: 'a', active: false }]);
    expect(after[0]).not.toHaveProperty('events');
    expect((await read(book, 'a'))?.events).toHaveLength(1);
  });

  test('lists running calls before finished ones, newest first, up to the limit', async () => {
    const book = new CallBook({ store: new MemoryStore() });
    for (const id of ['a', 'b', 'c', 'd']) book.open(header(id));
    book.close('a');
    book.close('c');
    const ids = async (query: Partial<CallQuery>): Promise<unknown[]> =>
      (await listed(book, query)).map((call) => (call as CallRecord).callId);
    expect(await ids({})).toEqual(['d', 'b', 'c', 'a']);
    expect(await ids({ limit: 3 })).toEqual(['d', 'b', 'c']);
    expect(await ids({ limit: 1 })).toEqual(['d']);
    expect(await ids({ before: 'c' })).toEqual(['a']);
    expect(await ids({ words: ['a', 'DESK'] })).toEqual(['a']);
    expect(await ids({ agents: ['other'] })).toEqual([]);
  });

  test('keeps no more than the newest entries of a long call, and counts the rest', async () => {
    const book = new CallBook({ store: new MemoryStore(), entryLimit: 100 });
    book.open(header('a'));
    for (let seq = 0; seq < 1_000; seq += 1) book.entry(observed('a'), entry(seq));
    const { events } = (await read(book, 'a'))!;
    expect(events.length).toBeLessThanOrEqual(125);
    expect(events.length).toBeGreaterThanOrEqual(100);
    expect(events.at(-1)?.seq).toBe(999);
    expect(book.forgotten).toBe(1_000 - events.length);
  });

  test('a follower gets what was after its place, then what happens, then the end', async () => {
    const book = new CallBook({ store: new MemoryStore() });
    book.open(header('a'));
    for (const seq of [0, 1, 2]) book.entry(observed('a'), entry(seq));
    const live: (number | 'ended')[] = [];
    const follower = {
      entry: ({ seq }: LogEntry) => void live.push(seq),
      ended: () => void live.push('ended'),
    };
    const following = await book.follow('a', 0, follower);
    expect(following?.past.map(({ seq }) => seq)).toEqual([1, 2]);
    const quitter = { entry: () => live.push(-1), ended: () => undefined };
    (await book.follow('a', -1, quitter))?.stop();
    book.entry(observed('a'), entry(3));
    book.close('a');
    expect(live).toEqual([3, 'ended']);
  });

  test('a finished call gives its past and ends; an unknown one is not followed', async () => {
    const book = new CallBook({ store: new MemoryStore() });
    book.open(header('a'));
    book.entry(observed('a'), entry(0));
    book.close('a');
    const ended = Promise.withResolvers<undefined>();
    const follower = { entry: () => undefined, ended: () => ended.resolve(undefined) };
    expect((await book.follow('a', -1, follower))?.past).toHaveLength(1);
    await ended.promise;
    expect(await book.follow('x', -1, follower)).toBeUndefined();
  });
});
