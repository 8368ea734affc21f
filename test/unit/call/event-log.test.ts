import { describe, expect, it } from 'vitest';
import { EventLog } from '../../../src/call/event-log.ts';
import type { LogEntry } from '../../../src/ports/events.ts';

const cleared = { type: 'input.cleared' } as const;
const deleted = (itemId: string) => ({ type: 'item.deleted', itemId }) as const;

function named(entries: readonly LogEntry[]): readonly string[] {
  return entries.map((entry) => (entry.type === 'item.deleted' ? entry.itemId : entry.type));
}

describe('event log', () => {
  it('numbers entries from 0 and stamps them with call time that never goes back', () => {
    const times = [10, 25, 20, 30];
    const log = new EventLog({ limit: 10, nowMs: () => times.shift() ?? 0 });
    for (let count = 0; count < 4; count += 1) log.append(cleared);
    expect(log.entries()).toEqual([
      { ...cleared, seq: 0, atMs: 10 },
      { ...cleared, seq: 1, atMs: 25 },
      { ...cleared, seq: 2, atMs: 25 },
      { ...cleared, seq: 3, atMs: 30 },
    ]);
  });

  it('replays the past to a new listener and keeps it informed', () => {
    const log = new EventLog({ limit: 10, nowMs: () => 0 });
    log.append(deleted('a'));
    const seen: LogEntry[] = [];
    log.listen((entry) => seen.push(entry));
    log.append(deleted('b'));
    expect(named(seen)).toEqual(['a', 'b']);
  });

  it('shows every listener the same order when a listener appends', () => {
    const log = new EventLog({ limit: 10, nowMs: () => 0 });
    const first: LogEntry[] = [];
    const second: LogEntry[] = [];
    log.listen((entry) => {
      first.push(entry);
      if (entry.seq === 0) {
        log.append(deleted('reaction'));
        expect(named(second)).toEqual([]);
      }
    });
    log.listen((entry) => second.push(entry));
    log.append(deleted('cause'));
    expect(named(first)).toEqual(['cause', 'reaction']);
    expect(named(second)).toEqual(['cause', 'reaction']);
  });

  it('shows a listener each entry once when its reaction to the replay appends', () => {
    const log = new EventLog({ limit: 10, nowMs: () => 0 });
    log.append(deleted('past'));
    const seen: LogEntry[] = [];
    log.listen((entry) => {
      seen.push(entry);
      if (entry.seq === 0) log.append(deleted('reaction'));
    });
    expect(named(seen)).toEqual(['past', 'reaction']);
  });

  it('shows a listener that joins during delivery each entry once', () => {
    const log = new EventLog({ limit: 10, nowMs: () => 0 });
    const seen: LogEntry[] = [];
    log.listen((entry) => {
      if (entry.seq === 0) log.listen((each) => seen.push(each));
    });
    log.append(deleted('a'));
    log.append(deleted('b'));
    expect(named(seen)).toEqual(['a', 'b']);
  });

  it('keeps the newest entries up to its limit and counts the rest', () => {
    const log = new EventLog({ limit: 3, nowMs: () => 0 });
    for (let count = 0; count < 10; count += 1) log.append(cleared);
    expect(log.length).toBe(3);
    expect(log.entries().map(({ seq }) => seq)).toEqual([7, 8, 9]);
    expect(log.forgotten).toBe(7);
  });

  it('forgets nothing that a listener has not seen', () => {
    const log = new EventLog({ limit: 2, nowMs: () => 0 });
    const seqs: number[] = [];
    log.listen((entry) => {
      seqs.push(entry.seq);
      if (entry.seq === 0) for (let count = 0; count < 6; count += 1) log.append(cleared);
    });
    log.append(cleared);
    expect(seqs).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
