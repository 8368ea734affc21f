import type { DelayShape, DelaySpread } from '../../adapters/backends/rehearsal/chance.ts';

/** An agent of the bench's own gateway: a rehearsal whose delays have a known distribution. */
export interface KnownAgent {
  readonly name: string;
  readonly shape: DelayShape;
  readonly firstAudioMs: DelaySpread;
}

/**
 * `wide` has the median of `steady` and another spread, `shifted` its spread and another median;
 * `heavy` and `bimodal` have the median and the 95th percentile of `wide` and are spread otherwise.
 */
export const knownAgents: readonly KnownAgent[] = [
  { name: 'steady', shape: 'normal', firstAudioMs: { p50: 300, p95: 400 } },
  { name: 'wide', shape: 'lognormal', firstAudioMs: { p50: 300, p95: 700 } },
  { name: 'shifted', shape: 'normal', firstAudioMs: { p50: 420, p95: 520 } },
  { name: 'heavy', shape: 'heavy', firstAudioMs: { p50: 300, p95: 700 } },
  { name: 'bimodal', shape: 'bimodal', firstAudioMs: { p50: 300, p95: 700 } },
];

/** Silence that ends a turn in these agents, ms. */
const silenceDurationMs = 400;
const answers = ['Yes, of course.', 'That is no trouble.', 'One of them is left.'];

/**
 * Configuration of a gateway with these agents.
 *
 * @param seed of their delays
 * @param others further backends, each with an agent of its name
 */
export function configOf(
  agents: readonly KnownAgent[],
  seed: number,
  others: Readonly<Record<string, unknown>> = {},
): unknown {
  const entries = agents.map(({ name, shape, firstAudioMs }, index) => {
    const script = { turns: answers.map((text) => ({ text })) };
    return [name, { type: 'rehearsal', script, shape, firstAudioMs, seed: seed + index }] as const;
  });
  const backends: Readonly<Record<string, unknown>> = { ...Object.fromEntries(entries), ...others };
  return {
    server: { host: '127.0.0.1', port: 0, maxCalls: 1_000, drainMs: 500 },
    backends,
    agents: Object.fromEntries(
      Object.keys(backends).map((name) => [
        name,
        { backends: [name], turns: { silenceDurationMs } },
      ]),
    ),
  };
}
