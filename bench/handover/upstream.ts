import type { Cable } from './cable.ts';

/** Environment variable of the key that one kind of upstream insists on. */
export const keyName = 'HANDOVER_BENCH_KEY';
/** From a question to the first sound of the answer, ms. */
export const firstAudioMs = { p50: 150, p95: 250 };

/** One caller's own upstream of a kind. */
export interface Upstream {
  /** As a configuration has it. */
  readonly backend: Readonly<Record<string, unknown>>;
  readonly cables: readonly Cable[];
  /** Closes what is open by the vendor's own word; absent: it has none. */
  readonly hangUp?: () => void;
  close(): Promise<unknown>;
}
