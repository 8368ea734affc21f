import type { FrameDirection, ObservedCall } from '../ports/observer.ts';

/** Upper bounds, s. Densest where the budget lies: p50 ≤ 1 ms, p99 ≤ 10 ms. */
const boundsSeconds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.05, 0.1, 0.25,
  1,
] as const;
const boundsMs: readonly number[] = boundsSeconds.map((bound) => bound * 1000);

const name = 'parley_frame_delay_seconds';
const help =
  'Time one piece of audio spent inside, by direction; pacing and waiting to be read excluded.';

/** A histogram's counts for one set of labels; the last count is of what is above every bound. */
interface Tally {
  readonly counts: Float64Array;
  sumMs: number;
}

type Tallies = Record<FrameDirection, Tally>;

/**
 * The histogram of frame delays. It has counts of its own because it sees every frame of every
 * call, and prom-client's hashes the labels every time.
 */
export class FrameDelays {
  readonly #byAgent = new Map<string, Map<string, Tallies>>();

  /** @throws RangeError when the delay is not a number: it would spoil the sum for good */
  observe({ agent, backend }: ObservedCall, direction: FrameDirection, delayMs: number): void {
    if (!Number.isFinite(delayMs)) throw new RangeError(`delayMs must be finite, got ${delayMs}`);
    const tally = this.#talliesOf(agent, backend)[direction];
    let place = 0;
    while (place < boundsMs.length && delayMs > boundsMs[place]!) place += 1;
    tally.counts[place]! += 1;
    tally.sumMs += delayMs;
  }

  /** The histogram in Prometheus's text format, 0.0.4. */
  text(): string {
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
    for (const [agent, byBackend] of this.#byAgent) {
      for (const [backend, tallies] of byBackend) {
        for (const direction of ['up', 'down'] as const) {
          const labels = `agent="${escaped(agent)}",backend="${escaped(backend)}",direction="${direction}"`;
          lines.push(...tallyLines(labels, tallies[direction]));
        }
      }
    }
    return `${lines.join('\n')}\n`;
  }

  #talliesOf(agent: string, backend: string): Tallies {
    let byBackend = this.#byAgent.get(agent);
    if (byBackend === undefined) this.#byAgent.set(agent, (byBackend = new Map<string, Tallies>()));
    let tallies = byBackend.get(backend);
    if (tallies === undefined) byBackend.set(backend, (tallies = { up: empty(), down: empty() }));
    return tallies;
  }
}

function empty(): Tally {
  return { counts: new Float64Array(boundsSeconds.length + 1), sumMs: 0 };
}

function tallyLines(labels: string, { counts, sumMs }: Tally): readonly string[] {
  let below = 0;
  const lines = [...boundsSeconds, '+Inf'].map((bound, place) => {
    below += counts[place]!;
    return `${name}_bucket{${labels},le="${bound}"} ${below}`;
  });
  lines.push(`${name}_sum{${labels}} ${sumMs / 1000}`, `${name}_count{${labels}} ${below}`);
  return lines;
}

function escaped(label: string): string {
  return label.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
}
