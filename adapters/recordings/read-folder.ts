import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteRange, RecordedFile } from '../../src/ports/recording.ts';

/** A place as recordings have it; nothing else leads anywhere. */
const placePattern = /^\d{4}\/\d\d\/\d\d\/[\w-]+$/;
const filePattern = /^[\w-]+\.(?:flac|jsonl?|txt|bin)$/;

/** A file of a recording, or a part of it; `null` where there is none. */
export async function readFromFolder(
  folder: string,
  place: string,
  file: string,
  range: ByteRange | null,
): Promise<RecordedFile | null> {
  if (!placePattern.test(place) || !filePattern.test(file)) return null;
  const path = join(folder, ...place.split('/'), file);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return null;
  const { size } = found;
  const fromByte = range?.fromByte ?? 0;
  const toByte = Math.min(range?.toByte ?? size - 1, size - 1);
  if (fromByte > toByte) return null;
  return {
    stream: createReadStream(path, { start: fromByte, end: toByte }),
    lengthBytes: toByte - fromByte + 1,
    totalBytes: size,
    fromByte,
  };
}
