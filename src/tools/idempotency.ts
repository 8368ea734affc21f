import { createHash } from 'node:crypto';

export interface RequestOfTool {
  readonly callId: string;
  /** Item of the caller's latest turn; `null` before the first. */
  readonly turnItemId: string | null;
  readonly name: string;
  /** JSON text as the model wrote it. */
  readonly arguments: string;
}

/**
 * Key of a request: the same request of the same turn has the same one, whoever repeats it and in
 * whatever order the keys of its arguments come. Hexadecimal, 32 characters.
 */
export function idempotencyKey(request: RequestOfTool): string {
  const parts = [
    request.callId,
    request.turnItemId,
    request.name,
    canonicalJson(request.arguments),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** JSON text with sorted keys and without white space; what is no JSON stays as it is. */
export function canonicalJson(text: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(text === '' ? '{}' : text), 0));
  } catch {
    return text;
  }
}

/** @throws RangeError for a depth at which no tool's arguments are */
function sorted(value: unknown, depth: number): unknown {
  if (depth > 64) throw new RangeError('too deep');
  if (Array.isArray(value)) return value.map((each) => sorted(each, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  // As pairs: an own key of any name, `__proto__` among them, keeps its place.
  return { object: entries.map(([key, each]) => [key, sorted(each, depth + 1)]) };
}
