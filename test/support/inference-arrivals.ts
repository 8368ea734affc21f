/** One chunk as it reaches the gateway. */
export interface Arrival {
  readonly atMs: number;
  readonly fromSample: number;
  readonly toSample: number;
}

export interface ArrivalOptions {
  readonly samples: number;
  readonly rateHz: number;
  /** Lengths of the chunks, ms, used in turn. */
  readonly chunkMs: readonly number[];
  /** How much faster (or slower) than ours the caller's clock runs, parts per million. */
  readonly driftPpm: number;
  /** Per chunk, in turn: how late it comes, ms. Nothing overtakes anything. */
  readonly lateMs: readonly number[];
}

/** A caller who sends a line of samples in real time over a jittery network. */
export function arrivals(options: ArrivalOptions): Arrival[] {
  const { samples, rateHz, chunkMs, driftPpm, lateMs } = options;
  const list: Arrival[] = [];
  let fromSample = 0;
  let atMs = 0;
  for (let i = 0; fromSample < samples; i += 1) {
    const length = Math.round((chunkMs[i % chunkMs.length]! * rateHz) / 1000);
    const toSample = Math.min(samples, fromSample + length);
    const madeMs = (toSample * 1000) / (rateHz * (1 + driftPpm / 1_000_000));
    atMs = Math.max(atMs, madeMs + lateMs[i % lateMs.length]!);
    list.push({ atMs, fromSample, toSample });
    fromSample = toSample;
  }
  return list;
}
