/** Sample encodings that a call's edge can carry. `pcm16` is signed 16-bit little-endian, mono. */
export type Codec = 'pcm16' | 'pcmu' | 'pcma';

/** One direction's encoding. G.711 is always 8000 Hz. */
export interface AudioFormat {
  readonly codec: Codec;
  readonly rateHz: number;
}

/** What a stock OpenAI Realtime client speaks unless told otherwise. */
export const pcm24k = { codec: 'pcm16', rateHz: 24_000 } as const satisfies AudioFormat;

export const pcm16k = { codec: 'pcm16', rateHz: 16_000 } as const satisfies AudioFormat;

/** G.711 µ-law. */
export const pcmu8k = { codec: 'pcmu', rateHz: 8_000 } as const satisfies AudioFormat;

/** G.711 A-law. */
export const pcma8k = { codec: 'pcma', rateHz: 8_000 } as const satisfies AudioFormat;

/** Bytes of one sample: 2 for `pcm16`, 1 for G.711. */
export function bytesPerSample(codec: Codec): number {
  return codec === 'pcm16' ? 2 : 1;
}

export function sameFormat(a: AudioFormat, b: AudioFormat): boolean {
  return a.codec === b.codec && a.rateHz === b.rateHz;
}

export function samplesToMs(samples: number, rateHz: number): number {
  return (samples * 1000) / rateHz;
}

/** Nearest whole sample. */
export function msToSamples(ms: number, rateHz: number): number {
  return Math.round((ms * rateHz) / 1000);
}

/**
 * The wanted format where it is offered (then nothing is converted), else the preferred one.
 * @throws RangeError when nothing is offered
 */
export function chooseFormat(offered: readonly AudioFormat[], wanted: AudioFormat): AudioFormat {
  const format = offered.find((candidate) => sameFormat(candidate, wanted)) ?? offered[0];
  if (format === undefined) throw new RangeError('at least one format must be offered');
  return format;
}
