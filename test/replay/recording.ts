import { readFileSync } from 'node:fs';
import { wireFormat, type WireEntry } from '../../adapters/shared/wire-record.ts';

/** A frame of a recording. */
export interface RecordedFrame {
  readonly atMs: number;
  readonly direction: 'up' | 'down';
  readonly isBinary: boolean;
  readonly bytes: Buffer;
}

/** @throws Error where the file is none, or of another format */
export function readRecording(path: string): readonly WireEntry[] {
  const entries = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as WireEntry);
  const first: Readonly<Record<string, unknown>> = { ...entries[0] };
  if (first['format'] !== wireFormat) {
    throw new Error(`${path} is no recording of the format ${wireFormat}`);
  }
  return entries;
}

/** The frames of a recording, in order. */
export function framesOf(entries: readonly WireEntry[]): readonly RecordedFrame[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== 'text' && entry.kind !== 'binary') return [];
    const { atMs, direction, kind } = entry;
    const bytes = 'data' in entry ? Buffer.from(entry.data) : Buffer.from(entry.base64, 'base64');
    return [{ atMs, direction, isBinary: kind === 'binary', bytes }];
  });
}
