/**
 * JSON of plain data with the keys in order: equal data give equal texts, whatever order they were
 * written in.
 */
export function stableText(data: unknown): string {
  if (Array.isArray(data)) return `[${data.map(stableText).join(',')}]`;
  if (typeof data !== 'object' || data === null) return JSON.stringify(data);
  const fields = Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${stableText(value)}`);
  return `{${fields.join(',')}}`;
}
