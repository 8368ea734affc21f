import type { LogEntry } from '../../ports/events.ts';

/** A place at which two logs of a call are not the same. */
export type Difference =
  | { readonly kind: 'missing' | 'added'; readonly entry: LogEntry }
  | {
      readonly kind: 'changed';
      readonly recorded: LogEntry;
      readonly replayed: LogEntry;
      /** Names of the fields that differ, with dots. */
      readonly fields: readonly string[];
    };

/** Most samples of a millisecond. */
const samplesPerMs = 48;
/** Entries that say how the rest came about, by timers that are never quite the same. */
const incidental: ReadonlySet<LogEntry['type']> = new Set(['usage.counted']);
/** Longest stretch that is compared entry by entry (a count): what is longer is all different. */
const stretchLimit = 4_000;

/**
 * What differs between a call's log as it was recorded and as it is now. Times may differ by the
 * tolerance: timers of a running process come a little late. How text was cut into pieces does not
 * matter.
 */
export function differences(
  recorded: readonly LogEntry[],
  replayed: readonly LogEntry[],
  toleranceMs = 60,
): readonly Difference[] {
  const [before, after] = [told(recorded), told(replayed)];
  return aligned(before, after).flatMap(([one, other]): Difference[] => {
    if (one === null) return other === null ? [] : [{ kind: 'added', entry: other }];
    if (other === null) return [{ kind: 'missing', entry: one }];
    const fields = differing(one, other, toleranceMs);
    return fields.length === 0 ? [] : [{ kind: 'changed', recorded: one, replayed: other, fields }];
  });
}

/** Text of a line in one piece, and nothing incidental. */
function told(entries: readonly LogEntry[]): readonly LogEntry[] {
  const texts = new Map<string, number>();
  const result: LogEntry[] = [];
  for (const entry of entries) {
    if (incidental.has(entry.type)) continue;
    if (entry.type !== 'line.text') {
      result.push(entry);
      continue;
    }
    const place = texts.get(entry.lineId);
    const first = place === undefined ? undefined : result[place];
    if (place !== undefined && first?.type === 'line.text') {
      result[place] = { ...first, delta: first.delta + entry.delta };
    } else {
      texts.set(entry.lineId, result.length);
      result.push(entry);
    }
  }
  return result;
}

type Pair = readonly [LogEntry | null, LogEntry | null];

/** Puts entries of the same kind beside each other: the longest sequence that both have. */
function aligned(before: readonly LogEntry[], after: readonly LogEntry[]): readonly Pair[] {
  const same = (a: number, b: number): boolean => keyOf(before[a]!) === keyOf(after[b]!);
  let start = 0;
  while (start < before.length && start < after.length && same(start, start)) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    same(before.length - 1 - end, after.length - 1 - end)
  ) {
    end += 1;
  }
  const head = before.slice(0, start).map((entry, index): Pair => [entry, after[index]!]);
  const tail = before
    .slice(before.length - end)
    .map((entry, index): Pair => [entry, after[after.length - end + index]!]);
  const middle = stretch(
    before.slice(start, before.length - end),
    after.slice(start, after.length - end),
  );
  return [...head, ...middle, ...tail];
}

function stretch(before: readonly LogEntry[], after: readonly LogEntry[]): readonly Pair[] {
  if (Math.max(before.length, after.length) > stretchLimit) {
    return [
      ...before.map((entry): Pair => [entry, null]),
      ...after.map((entry): Pair => [null, entry]),
    ];
  }
  const [rows, columns] = [before.length, after.length];
  const keys = [before.map(keyOf), after.map(keyOf)] as const;
  const length = Array.from({ length: rows + 1 }, () => new Uint16Array(columns + 1));
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      length[row]![column] =
        keys[0][row] === keys[1][column]
          ? length[row + 1]![column + 1]! + 1
          : Math.max(length[row + 1]![column]!, length[row]![column + 1]!);
    }
  }
  const pairs: Pair[] = [];
  let [row, column] = [0, 0];
  while (row < rows || column < columns) {
    if (row < rows && column < columns && keys[0][row] === keys[1][column]) {
      pairs.push([before[row++]!, after[column++]!]);
    } else if (
      column >= columns ||
      (row < rows && length[row + 1]![column]! >= length[row]![column + 1]!)
    ) {
      pairs.push([before[row++]!, null]);
    } else pairs.push([null, after[column++]!]);
  }
  return pairs;
}

/** What two entries must have in common to be told as one that changed. */
function keyOf(entry: LogEntry): string {
  const named = entry as unknown as Readonly<Record<string, unknown>>;
  const parts = ['lineId', 'itemId', 'toolCallId', 'backend', 'stage', 'final', 'verdict'];
  return [entry.type, ...parts.map((part) => (part in named ? String(named[part]) : ''))].join(' ');
}

function differing(one: LogEntry, other: LogEntry, toleranceMs: number): readonly string[] {
  const fields: string[] = [];
  compare(one, other, '', (field) => fields.push(field), toleranceMs);
  return fields;
}

function compare(
  one: unknown,
  other: unknown,
  path: string,
  differ: (field: string) => void,
  toleranceMs: number,
): void {
  if (Object.is(one, other)) return;
  if (typeof one === 'number' && typeof other === 'number') {
    if (Math.abs(one - other) > tolerated(path, toleranceMs)) differ(path);
    return;
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    differ(path);
    return;
  }
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  for (const name of names) {
    if (path === '' && name === 'seq') continue;
    const [a, b] = [Reflect.get(one, name) as unknown, Reflect.get(other, name) as unknown];
    compare(a, b, path === '' ? name : `${path}.${name}`, differ, toleranceMs);
  }
}

function tolerated(path: string, toleranceMs: number): number {
  if (path.endsWith('Ms')) return toleranceMs;
  return path.endsWith('ample') || path.endsWith('amples') ? toleranceMs * samplesPerMs : 0;
}
