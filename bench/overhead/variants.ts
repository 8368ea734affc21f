import type { MeasuredWindow } from '../lib/harness.ts';
import { distribution, pooled, median, rounded, type Distribution } from '../lib/distribution.ts';

/** What stands between the callers and the upstream. */
export type VariantName = 'direct' | 'bareRelay' | 'nginx' | 'parley' | 'parleyVad';

/** CPU for one frame up and one down, µs: of each round, and of all rounds together. */
export interface CpuPerFrame {
  readonly us: number;
  readonly roundsUs: readonly number[];
}

/**
 * CPU of a process divided by the frame pairs that went through it in the same time.
 * @throws RangeError when no frame arrived in some round
 */
export function cpuPerFrame(windows: readonly MeasuredWindow[]): CpuPerFrame {
  const pairs = windows.map(
    ({ upPerSecond, downPerSecond, wallMs }) =>
      (((upPerSecond + downPerSecond) / 2) * wallMs) / 1e3,
  );
  if (pairs.length === 0 || pairs.some((count) => count === 0)) {
    throw new RangeError('no frames arrived');
  }
  const cpuMs = windows.reduce((sum, window) => sum + window.cpuAllMs, 0);
  return {
    us: rounded((cpuMs / pairs.reduce((sum, count) => sum + count, 0)) * 1e3),
    roundsUs: windows.map((window, round) => rounded((window.cpuAllMs / pairs[round]!) * 1e3)),
  };
}

/**
 * Delay of every frame beyond the median of a direct connection in the same round and direction.
 * The tail of the harness is not taken off, so this never flatters.
 */
export function addedDelayMs(
  through: readonly MeasuredWindow[],
  direct: readonly MeasuredWindow[],
): Float64Array {
  return pooled(
    through.flatMap((window, round) => {
      const baseline = direct[round]!;
      return (['upMs', 'downMs'] as const).map((way) => beyond(window[way], baseline[way]));
    }),
  );
}

/** Delay of every frame of all rounds, both directions. */
export function delayMs(windows: readonly MeasuredWindow[]): Distribution {
  return distribution(pooled(windows.flatMap(({ upMs, downMs }) => [upMs, downMs])));
}

function beyond(samples: Float64Array, baseline: Float64Array): Float64Array {
  const base = baseline.length === 0 ? 0 : median(baseline);
  return samples.map((sample) => sample - base);
}
