import { describe, expect, test } from 'vitest';
import type { LogEntry } from '../../../src/ports/events.ts';
import type { CallRecord } from '../../../src/ports/store.ts';
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
    events: Array.from({ length: events }, (_, seq) => entry(seq)),
  };
}

describe('MemoryStore', () => {
  test('keeps the newest calls, newest first', () => {
    const store = new MemoryStore({ callLimit: 2 });
    for (const id of ['a', 'b', 'c']) store.put(record(id, 1));
    expect(store.list(10).map(({ callId }) => callId)).toEqual(['c', 'b']);
    expect(store.list(1).map(({ callId }) => callId)).toEqual(['c']);
    expect(store.get('a')).toBeUndefined();
    expect(store.evicted).toBe(1);
  });

  test('the oldest calls lose their logs when there are too many entries in all', () => {
    const store = new MemoryStore({ callLimit: 10, entryLimit: 10 });
    for (const id of ['a', 'b', 'c']) store.put(record(id, 4));
    expect(store.get('a')?.events).toEqual([]);
    expect(store.get('b')?.events).toHaveLength(4);
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
      expect(store.list(10).map(({ events }) => events.length)).toEqual([1, 1, 0]);
      expect([store.stripped, store.evicted]).toEqual([1, 0]);
      expect(store.bytes).toBeLessThanOrEqual(6_000);
    });

    test('the oldest are forgotten when their logs are not enough', () => {
      const store = new MemoryStore({ byteLimit: 6_000 });
      for (const id of ['a', 'b', 'c']) store.put(spoken(id, 1_000));
      expect(store.list(10).map(({ callId }) => callId)).toEqual(['c', 'b']);
      expect([store.stripped, store.evicted]).toEqual([3, 1]);
      expect(store.bytes).toBeLessThanOrEqual(6_000);
    });

    test('a call that is too big by itself is not kept', () => {
      const store = new MemoryStore({ byteLimit: 6_000 });
      store.put(spoken('a', 10_000));
      expect(store.get('a')).toBeUndefined();
      expect([store.stripped, store.evicted, store.bytes]).toEqual([1, 1, 0]);
    });
  });

  test('putting a call again replaces it', () => {
    const store = new MemoryStore({ entryLimit: 10 });
    for (let times = 0; times < 5; times += 1) store.put(record('a', 4));
    store.put(record('b', 4));
    expect(store.list(10)).toHaveLength(2);
    expect(store.stripped).toBe(0);
  });
});

describe('CallBook', () => {
  test('shows a running call and keeps it when it is over', () => {
    const store = new MemoryStore();
    const book = new CallBook({ store });
    book.open(header('a'));
    book.entry(observed('a'), entry(0));
    expect(book.get('a')?.events).toHaveLength(1);
    expect(book.list(10)).toMatchObject([{ callId: 'a', active: true }]);
    expect(store.get('a')).toBeUndefined();
    book.close('a');
    book.close('a');
    expect(book.list(10)).toMatchObject([{ callId: 'a', active: false }]);
    expect(book.get('a')?.events).toHaveLength(1);
  });

  test('lists running calls before finished ones, newest first, up to the limit', () => {
    const book = new CallBook({ store: new MemoryStore() });
    for (const id of ['a', 'b', 'c', 'd']) book.open(header(id));
    book.close('a');
    book.close('c');
    const ids = (limit: number): string[] => book.list(limit).map(({ callId }) => callId);
    expect(ids(10)).toEqual(['d', 'b', 'c', 'a']);
    expect(ids(3)).toEqual(['d', 'b', 'c']);
    expect(ids(1)).toEqual(['d']);
  });

  test('keeps no more than the newest entries of a long call, and counts the rest', () => {
    const book = new CallBook({ store: new MemoryStore(), entryLimit: 100 });
    book.open(header('a'));
    for (let seq = 0; seq < 1_000; seq += 1) book.entry(observed('a'), entry(seq));
    const { events } = book.get('a')!;
    expect(events.length).toBeLessThanOrEqual(125);
    expect(events.length).toBeGreaterThanOrEqual(100);
    expect(events.at(-1)?.seq).toBe(999);
    expect(book.forgotten).toBe(1_000 - events.length);
  });

  test('a follower gets what was after its place, then what happens, then the end', () => {
    const book = new CallBook({ store: new MemoryStore() });
    book.open(header('a'));
    for (const seq of [0, 1, 2]) book.entry(observed('a'), entry(seq));
    const live: (number | 'ended')[] = [];
    const follower = {
      entry: ({ seq }: LogEntry) => void live.push(seq),
      ended: () => void live.push('ended'),
    };
    const following = book.follow('a', 0, follower);
    expect(following?.past.map(({ seq }) => seq)).toEqual([1, 2]);
    const quitter = book.follow('a', -1, { entry: () => live.push(-1), ended: () => undefined });
    quitter?.stop();
    book.entry(observed('a'), entry(3));
    book.close('a');
    expect(live).toEqual([3, 'ended']);
  });

  test('a finished call gives its past and ends; an unknown one is not followed', async () => {
    const book = new CallBook({ store: new MemoryStore() });
    book.open(header('a'));
    book.entry(observed('a'), entry(0));
    book.close('a');
    const ended = new Promise<void>((resolve) => {
      const following = book.follow('a', -1, { entry: () => undefined, ended: resolve });
      expect(following?.past).toHaveLength(1);
    });
    await ended;
    expect(
      book.follow('x', -1, { entry: () => undefined, ended: () => undefined }),
    ).toBeUndefined();
  });
});
