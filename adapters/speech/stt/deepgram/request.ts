import { pcm16k, pcm24k, pcma8k, pcmu8k, type AudioFormat } from '../../../../src/audio/format.ts';

/** Formats both protocols take, preferred first. */
export const deepgramFormats: readonly AudioFormat[] = [
  pcm16k,
  pcm24k,
  { codec: 'pcm16', rateHz: 8000 },
  { codec: 'pcm16', rateHz: 48_000 },
  pcmu8k,
  pcma8k,
];

const encodings = { pcm16: 'linear16', pcmu: 'mulaw', pcma: 'alaw' } as const;

/** Everything before `/v1/listen`, made into the address of one connection. */
export function listenAddress(
  base: string,
  version: 'v1' | 'v2',
  format: AudioFormat,
  query: Readonly<Record<string, string | readonly string[] | null>>,
): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${version}/listen`;
  url.searchParams.set('encoding', encodings[format.codec]);
  url.searchParams.set('sample_rate', String(format.rateHz));
  for (const [name, value] of Object.entries(query)) {
    if (value === null) continue;
    for (const one of typeof value === 'string' ? [value] : value)
      url.searchParams.append(name, one);
  }
  return url.href;
}

/** The key's header; the vendor's own scheme. */
export function keyHeader(secret: string | null): Readonly<Record<string, string>> {
  return secret === null ? {} : { Authorization: `Token ${secret}` };
}
