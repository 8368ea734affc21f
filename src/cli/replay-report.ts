import type { LogEntry } from '../ports/events.ts';
import type { Difference } from '../recording/replay/compare.ts';
import type { ReplayResult } from './replay.ts';

/** Differences printed at most (a count). */
const shownLimit = 200;

/** What `parley replay` prints for people. */
export function replayReport(result: ReplayResult): string {
  const { differences, recordedEntries, replayedEntries, missing } = result;
  const lines = differences.slice(0, shownLimit).flatMap(described);
  const more = differences.length - shownLimit;
  return [
    ...lines,
    ...(more > 0 ? [`… and ${more} more.`] : []),
    ...(missing.length === 0 ? [] : [`Could not be made again: ${missing.join(', ')}.`]),
    differences.length === 0
      ? `The same: ${replayedEntries} log entries.`
      : `${differences.length} differences; ${recordedEntries} log entries then, ${replayedEntries} now.`,
  ].join('\n');
}

function described(difference: Difference): readonly string[] {
  switch (difference.kind) {
    case 'missing':
      return [`- ${entryText(difference.entry)}`];
    case 'added':
      return [`+ ${entryText(difference.entry)}`];
    case 'changed': {
      const { recorded, replayed, fields } = difference;
      const then = `~ ${place(recorded)} ${recorded.type}`;
      return [
        then,
        ...fields.map(
          (field) =>
            `    ${field}: ${JSON.stringify(valueAt(recorded, field))} → ${JSON.stringify(valueAt(replayed, field))}`,
        ),
      ];
    }
  }
}

function entryText(entry: LogEntry): string {
  const rest = Object.entries(entry).filter(([key]) => !['seq', 'atMs', 'type'].includes(key));
  const text = JSON.stringify(Object.fromEntries(rest));
  return `${place(entry)} ${entry.type} ${text.length > 200 ? `${text.slice(0, 200)}…` : text}`;
}

function place({ atMs }: LogEntry): string {
  return `${(atMs / 1000).toFixed(3)} s`;
}

function valueAt(entry: LogEntry, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined,
      entry,
    );
}
