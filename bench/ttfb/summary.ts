import { turnStages, type TurnStage } from '../../src/ports/stages.ts';
import { distribution, percentile, rounded, type Distribution } from '../lib/distribution.ts';
import { interquartileRange } from './differences.ts';
import { quantileInterval, type Interval } from './intervals.ts';
import { sharesOf, type InjectedDelay, type Shares } from './shares.ts';
import type { SpokenTurn } from './spoken-turn.ts';

/** A distribution with where its median and 95th percentile lie with 95 % confidence. */
export interface SureDistribution extends Distribution {
  readonly ci95: { readonly p50: Interval; readonly p95: Interval };
}

/** How much it varies. */
export interface Spread {
  readonly sdMs: number;
  readonly iqrMs: number;
  readonly p95OverP50: number;
}

/** What was found of one agent. Times from the end of the caller's wave unless a name says otherwise. */
export interface AgentSummary {
  readonly turns: number;
  /** Calls that ended before all their turns, by reason. */
  readonly failures: Readonly<Record<string, number>>;
  readonly firstPacketMs: SureDistribution;
  readonly firstAudioMs: SureDistribution;
  readonly firstHeardMs: SureDistribution;
  /** Of `firstAudioMs`. */
  readonly spread: Spread;
  /** The stage clock's parts; of the turns in which a part was told. */
  readonly stagesMs: Readonly<Partial<Record<TurnStage, Distribution>>>;
  readonly sharesMs: Readonly<Record<Exclude<keyof Shares, 'ownMs'>, Distribution>>;
  /** The gateway's own part; absent where nobody knows what was injected. */
  readonly ownShareMs?: Distribution;
  /** First audio of the turns before the measured ones. */
  readonly warmUpMs: Distribution;
}

export interface AgentRun {
  readonly turns: readonly SpokenTurn[];
  readonly warmUp: readonly SpokenTurn[];
  readonly failures: readonly string[];
  readonly injected: InjectedDelay;
}

export function agentSummary({ turns, warmUp, failures, injected }: AgentRun): AgentSummary {
  const firstAudio = turns.map(({ firstAudioMs }) => firstAudioMs);
  const shares = turns.flatMap((turn) => sharesOf(turn, injected) ?? []);
  const own = shares.flatMap(({ ownMs }) => ownMs ?? []);
  const share = (of: (shares: Shares) => number): Distribution => distribution(shares.map(of));
  return {
    turns: turns.length,
    failures: counted(failures),
    firstPacketMs: sure(turns.map(({ firstPacketMs }) => firstPacketMs)),
    firstAudioMs: sure(firstAudio),
    firstHeardMs: sure(turns.map(({ firstHeardMs }) => firstHeardMs)),
    spread: spreadOf(firstAudio),
    stagesMs: stagesOf(turns),
    sharesMs: {
      endpointingMs: share(({ endpointingMs }) => endpointingMs),
      answerMs: share(({ answerMs }) => answerMs),
      playoutMs: share(({ playoutMs }) => playoutMs),
      unaccountedMs: share(({ unaccountedMs }) => unaccountedMs),
    },
    ...(own.length === 0 ? {} : { ownShareMs: distribution(own) }),
    warmUpMs: distribution(warmUp.map(({ firstAudioMs }) => firstAudioMs)),
  };
}

function sure(samples: readonly number[]): SureDistribution {
  const sorted = Float64Array.from(samples).sort();
  const interval = (share: number): Interval => {
    const { low, high } = quantileInterval(sorted, share);
    return { low: low === null ? null : rounded(low), high: high === null ? null : rounded(high) };
  };
  return { ...distribution(samples), ci95: { p50: interval(0.5), p95: interval(0.95) } };
}

function spreadOf(samples: readonly number[]): Spread {
  const sorted = Float64Array.from(samples).sort();
  if (sorted.length === 0) return { sdMs: 0, iqrMs: 0, p95OverP50: 0 };
  return {
    sdMs: distribution(samples).stddev,
    iqrMs: rounded(interquartileRange(sorted)),
    p95OverP50: rounded(percentile(sorted, 0.95) / percentile(sorted, 0.5)),
  };
}

function stagesOf(turns: readonly SpokenTurn[]): AgentSummary['stagesMs'] {
  const found: Partial<Record<TurnStage, Distribution>> = {};
  for (const stage of turnStages) {
    const parts = turns.flatMap(({ stages }) => stages?.partsMs[stage] ?? []);
    if (parts.length > 0) found[stage] = distribution(parts);
  }
  return found;
}

function counted(reasons: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
