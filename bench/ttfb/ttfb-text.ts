import type { BenchReport } from '../lib/report.ts';
import type { Distribution } from '../lib/distribution.ts';
import type { Difference } from './differences.ts';
import type { Interval } from './intervals.ts';
import type { SpeculationGain } from './speculation.ts';
import type { AgentSummary, SureDistribution } from './summary.ts';

/** Callers later than this at their p99 measure the machine they run on, ms. */
const trustedLateMs = 10;

/** The bench in words: what callers wait for each agent, and which differences are real. */
export function ttfbText({ machine, summary, samplesFile }: BenchReport): string {
  const backends = summary['backends'] as Readonly<Record<string, AgentSummary>>;
  const differences = summary['differences'] as readonly Difference[];
  const late = summary['harnessLateMs'] as { readonly p99: number };
  const speculation = summary['speculation'] as SpeculationGain | undefined;
  const real = differences.filter((one) => one.real).map(differenceText);
  return [
    `parley bench ttfb (${machine.cpu}, ${machine.cores} cores, Node ${machine.node})`,
    "From the end of the caller's wave, ms; in brackets where the truth lies with 95 % confidence.",
    ...Object.entries(backends).map(([name, agent]) => agentText(name, agent)),
    `Real differences in first audio (Holm, 5 % over ${differences.length} comparisons):`,
    ...(real.length === 0 ? ['  none that these turns can tell from chance'] : real),
    ...(speculation === undefined ? [] : [speculationText(speculation)]),
    ...(late.p99 > trustedLateMs
      ? [`The callers themselves were late: p99 ${ms(late.p99)} ms.`]
      : []),
    `samples: ${samplesFile}`,
  ].join('\n');
}

function agentText(name: string, agent: AgentSummary): string {
  const { firstAudioMs, firstHeardMs, firstPacketMs, ownShareMs, sharesMs, spread } = agent;
  const failures = Object.entries(agent.failures).map(([why, count]) => `${count} × ${why}`);
  return [
    `${name}: ${agent.turns} turns${failures.length === 0 ? '' : `; failed: ${failures.join('; ')}`}`,
    `  first audio ${sureText(firstAudioMs)}, IQR ${ms(spread.iqrMs)}`,
    `  first packet ${sureText(firstPacketMs)}`,
    `  first heard ${sureText(firstHeardMs)}`,
    `  of it, p50/p95: endpointing ${pair(sharesMs.endpointingMs)}, answer ${pair(sharesMs.answerMs)}, ` +
      `playout ${pair(sharesMs.playoutMs)}, unaccounted ${pair(sharesMs.unaccountedMs)}` +
      (ownShareMs === undefined ? '' : `; gateway's own ${ownShareMs.p50} / p99 ${ownShareMs.p99}`),
  ].join('\n');
}

function speculationText({ gainMs, leadMs, discardRate, goalMs }: SpeculationGain): string {
  const discarded = `${Math.round(100 * discardRate)} % of turns without`;
  return `speculation: first audio ${ms(gainMs)} ms sooner (goal ${ms(goalMs)}), ${ms(leadMs)} ms before the decision, ${discarded}`;
}

function sureText({ p50, p95, ci95 }: SureDistribution): string {
  return `p50 ${ms(p50)} ${interval(ci95.p50)}, p95 ${ms(p95)} ${interval(ci95.p95)}`;
}

function differenceText({ a, b, metric, byMs, p }: Difference): string {
  const name = metric === 'spread' ? 'IQR' : metric;
  return `  ${name} of ${b} ${byMs < 0 ? 'below' : 'above'} ${a} by ${ms(Math.abs(byMs))} (p ${p.toPrecision(2)})`;
}

function interval({ low, high }: Interval): string {
  return `[${low === null ? '?' : ms(low)}–${high === null ? '?' : ms(high)}]`;
}

function pair({ p50, p95 }: Distribution): string {
  return `${ms(p50)}/${ms(p95)}`;
}

function ms(value: number): string {
  return String(Math.round(value));
}
