import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../../src/time/clock.ts';
import { fixture, speechRateHz } from '../../test/ear/speech.ts';
import { rounded } from '../lib/distribution.ts';
import type { Machine } from '../lib/machine.ts';
import { outFolder, type BenchResult } from '../lib/report.ts';
import { cumulative, type Chart } from '../lib/svg.ts';
import { knownAgents } from './agents.ts';
import { makeCalls } from './calling.ts';
import { cascadeAgents, cascadeDelaysMs } from './cascade-agent.ts';
import { differencesOf } from './differences.ts';
import { Journal, leftOf, type MadeCall, type RunTerms } from './journal.ts';
import { playerBufferMs, type CallPlan } from './measured-call.ts';
import { ownAgentNames, startOwnAgents } from './own-agents.ts';
import { mayCost, type Consent } from './paid-run.ts';
import { scheduleCalls } from './schedule.ts';
import { sharesOf, unknownDelay, type InjectedDelay } from './shares.ts';
import { speculationGain } from './speculation.ts';
import { agentSummary, type AgentRun } from './summary.ts';
import { samplesCsv, summaryMarkdown } from './tables.ts';

export interface TtfbOptions {
  /** Turns wanted of each agent, the warm-up apart. */
  readonly turns: number;
  readonly turnsPerCall: number;
  /** Calls at once. */
  readonly calls: number;
  /** No call begins later than this, ms after the first. */
  readonly longestMs: number;
  /** Agents to measure; `null`: all of the bench's own. */
  readonly agents: readonly string[] | null;
  /** Somebody's gateway; `null`: one of its own, with agents of known delays. */
  readonly url: string | null;
  readonly key: string | null;
  readonly seed: number;
  /** Goes on with the run that broke off. */
  readonly resume: boolean;
  /** Who is asked before money is spent. */
  readonly consent: Consent;
  readonly machine: Machine;
  readonly progress: (line: string) => void;
}

const lookEveryMs = 5;
/** What is said: one breath each, without a pause that could end a turn. */
const saidClips = ['thanks', 'booking'] as const;
/** Samples of the run that is made, as they come. */
const journalPath = `${outFolder}ttfb.samples.jsonl`;

/**
 * How long callers wait for agents: spoken turns in real time, from the end of the caller's wave to the
 * first packet, the first audible sample and the first that is heard.
 *
 * @throws Error when the gateway does not start, an agent it does not have is asked for, there is no such
 *   run to go on with, or nobody agreed to what it costs
 */
export async function runTtfb(options: TtfbOptions): Promise<BenchResult> {
  const { url, turns, turnsPerCall, seed, progress } = options;
  const agents = url === null ? ownAgentNames(options.agents) : (options.agents ?? []);
  const terms: RunTerms = { agents, turns, turnsPerCall, seed, url };
  const plans = scheduleCalls(agents, terms);
  const there = options.resume ? Journal.resume(journalPath, terms) : null;
  const left = leftOf(plans, there?.soFar.calls ?? []);
  const clips = saidClips.map((name) => fixture(name).samples);
  if (url !== null && left.length > 0) await askFirst(url, left, clips, options);
  const journal = there ?? Journal.begin(journalPath, terms, systemClock.epochMs());
  const late = monitorEventLoopDelay({ resolution: lookEveryMs });
  // Delays that were drawn before are not drawn again.
  const drawSeed = seed + journal.soFar.calls.length;
  const own =
    url === null ? await startOwnAgents(agents, { seed: drawSeed, clips: saidClips }) : null;
  try {
    late.enable();
    const calls = await makeCalls(journal, {
      ...{ url: own?.url ?? url!, key: options.key, agents, clips, plans, seed, progress },
      ...{ callsAtOnce: options.calls, longestMs: options.longestMs },
    });
    late.disable();
    progress(`${calls.length} calls made`);
    const injected = own?.injected ?? ((): InjectedDelay => unknownDelay);
    const { sittings } = journal.soFar;
    const harnessLateMs = lateness(late);
    return resultOf(calls, agents, { ...options, injected, harnessLateMs, sittings });
  } finally {
    await own?.end();
  }
}

/** @throws Error when nobody agrees */
async function askFirst(
  url: string,
  left: readonly CallPlan[],
  clips: readonly Float32Array[],
  { agents, key, turnsPerCall, calls, consent, progress }: TtfbOptions,
): Promise<void> {
  const turnsOf = (agent: string): number =>
    left.reduce((sum, plan) => sum + (plan.agent === agent ? plan.turns : 0), 0);
  const samples = clips.reduce((sum, { length }) => sum + length, 0);
  const saidS = samples / clips.length / speechRateHz;
  await mayCost(
    { url, key, agents: agents ?? [] },
    { turnsOf, turnsPerCall, saidS, calls },
    { consent, progress },
  );
}

/** How late the callers' own timers were, ms: what they add to every figure. */
interface Lateness {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The histogram counts the interval in, in ns. */
function lateness(late: ReturnType<typeof monitorEventLoopDelay>): Lateness {
  const ms = (ns: number): number => rounded(Math.max(0, ns / 1e6 - lookEveryMs));
  return { p50: ms(late.percentile(50)), p99: ms(late.percentile(99)), max: ms(late.max) };
}

function resultOf(
  calls: readonly MadeCall[],
  agents: readonly string[],
  options: TtfbOptions & {
    readonly injected: (agent: string) => InjectedDelay;
    readonly harnessLateMs: Lateness;
    readonly sittings: number;
  },
): BenchResult {
  const { injected } = options;
  const runs = new Map(agents.map((name) => [name, runOf(name, calls, injected(name))]));
  const { waiting, speculating } = cascadeAgents;
  const speculation = speculationGain(
    runs.get(waiting)?.turns ?? [],
    runs.get(speculating)?.turns ?? [],
  );
  const differences = differencesOf(
    agents.map((name) => ({ name, samples: firstAudioOf(runs.get(name)!) })),
    options.seed,
  ).map((one) => ({ ...one, byMs: rounded(one.byMs) }));
  const backends = Object.fromEntries([...runs].map(([name, run]) => [name, agentSummary(run)]));
  const { machine } = options;
  return {
    bench: 'ttfb',
    tables: {
      csv: samplesCsv(calls),
      md: summaryMarkdown({ backends, differences }, { command: commandOf(options), machine }),
    },
    config: {
      agents,
      turns: options.turns,
      turnsPerCall: options.turnsPerCall,
      callsAtOnce: options.calls,
      seed: options.seed,
      sittings: options.sittings,
      gateway: options.url ?? 'its own, in a process of its own',
      ...(options.url === null ? { delays: knownAgents.filter(({ name }) => runs.has(name)) } : {}),
      ...(Object.values(cascadeAgents).some((name) => runs.has(name)) ? { cascadeDelaysMs } : {}),
      clips: saidClips,
      order: 'blocks with each agent once, shuffled',
      playerBufferMs,
      intervals: 'order statistics by the binomial, 95 %; no upper end of p95 below 72 turns',
      differences: 'of firstAudioMs; Holm at 5 % over all of them; spread = interquartile range',
    },
    summary: {
      backends,
      differences,
      ...(speculation === null ? {} : { speculation }),
      harnessLateMs: options.harnessLateMs,
    },
    samples: calls.flatMap(({ turns, warmUp }) => turns.map((turn) => ({ ...turn, warmUp }))),
    charts: chartsOf(runs),
  };
}

function commandOf({ agents, turns, calls, seed, url }: TtfbOptions): string {
  const asked = [
    ...(agents === null ? [] : ['--agents', agents.join(',')]),
    ...['--turns', turns, '--calls', calls, '--seed', seed],
    ...(url === null ? [] : ['--url', url]),
  ];
  return `npx parley bench ttfb ${asked.join(' ')}`;
}

function runOf(name: string, calls: readonly MadeCall[], injected: InjectedDelay): AgentRun {
  const own = calls.filter(({ plan }) => plan.agent === name);
  return {
    turns: own.filter(({ warmUp }) => !warmUp).flatMap(({ turns }) => turns),
    warmUp: own.filter(({ warmUp }) => warmUp).flatMap(({ turns }) => turns),
    failures: own.flatMap(({ failure }) => failure ?? []),
    injected,
  };
}

function firstAudioOf({ turns }: AgentRun): readonly number[] {
  return turns.map(({ firstAudioMs }) => firstAudioMs);
}

function chartsOf(runs: ReadonlyMap<string, AgentRun>): readonly Chart[] {
  const share = (title: string, of: (run: AgentRun) => readonly number[]): Chart => ({
    title,
    xLabel: 'ms',
    yLabel: 'share of turns',
    series: [...runs].map(([name, run]) => ({ name, points: cumulative(of(run)) })),
  });
  return [
    share("End of the caller's wave to first audio", firstAudioOf),
    share('… to first heard, behind the player', ({ turns }) =>
      turns.map(({ firstHeardMs }) => firstHeardMs),
    ),
    share("The gateway's own share of it", ({ turns, injected }) =>
      turns.flatMap((turn) => sharesOf(turn, injected)?.ownMs ?? []),
    ),
    {
      title: 'First audio over the run',
      xLabel: 's since the run began',
      yLabel: 'ms',
      series: [...runs].map(([name, { turns }]) => ({
        name,
        dots: true,
        points: turns.map(({ atMs, firstAudioMs }) => [atMs / 1000, firstAudioMs] as const),
      })),
    },
  ];
}
