import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../../src/time/clock.ts';
import { fixture } from '../../test/ear/speech.ts';
import { rounded } from '../lib/distribution.ts';
import type { BenchResult } from '../lib/report.ts';
import { cumulative, type Chart } from '../lib/svg.ts';
import { configOf, knownAgents } from './agents.ts';
import { cascadeAgents, cascadeDelaysMs, startCascadeParts } from './cascade-agent.ts';
import { differencesOf } from './differences.ts';
import { measureCall, playerBufferMs, type CallPlan, type MeasuredCall } from './measured-call.ts';
import { startOwnGateway } from './own-gateway.ts';
import { scheduleCalls } from './schedule.ts';
import { rehearsalDelay, sharesOf, unknownDelay, type InjectedDelay } from './shares.ts';
import { speculationGain } from './speculation.ts';
import { agentSummary, type AgentRun } from './summary.ts';

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
  readonly progress: (line: string) => void;
}

interface MadeCall extends MeasuredCall {
  readonly plan: CallPlan;
  readonly warmUp: boolean;
}

const lookEveryMs = 5;
/** What is said: one breath each, without a pause that could end a turn. */
const saidClips = ['thanks', 'booking'] as const;

/**
 * How long callers wait for agents: spoken turns in real time, from the end of the caller's wave to the
 * first packet, the first audible sample and the first that is heard.
 *
 * @throws Error when the gateway does not start, or an agent it does not have is asked for
 */
export async function runTtfb(options: TtfbOptions): Promise<BenchResult> {
  const { url, progress } = options;
  const late = monitorEventLoopDelay({ resolution: lookEveryMs });
  const own = url === null ? await startOwn(options) : null;
  const agents = own?.agents ?? options.agents ?? [];
  try {
    late.enable();
    const calls = await makeCalls(own?.url ?? url!, agents, options);
    late.disable();
    progress(`${calls.length} calls made`);
    const injected = own?.injected ?? ((): InjectedDelay => unknownDelay);
    return resultOf(calls, agents, { ...options, injected, harnessLateMs: lateness(late) });
  } finally {
    await own?.end();
  }
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

/** A gateway of the bench's own, with what it needs. */
interface Own {
  readonly url: string;
  readonly agents: readonly string[];
  readonly injected: (agent: string) => InjectedDelay;
  end(): Promise<void>;
}

async function startOwn({ agents, seed }: TtfbOptions): Promise<Own> {
  const known = knownAgents.filter(({ name }) => agents?.includes(name) ?? true);
  const cascades = Object.values(cascadeAgents).filter((name) => agents?.includes(name) === true);
  const names = [...known.map(({ name }) => name), ...cascades];
  const missing = (agents ?? []).filter((name) => !names.includes(name));
  if (missing.length > 0) {
    const all = [...knownAgents.map(({ name }) => name), ...Object.values(cascadeAgents)].join(
      ', ',
    );
    throw new Error(`there is no agent ${missing.join(', ')} here: ${all}`);
  }
  const parts = cascades.length > 0 ? await startCascadeParts(saidClips) : null;
  try {
    const others = parts?.backends ?? {};
    const gateway = await startOwnGateway(configOf(known, seed, others));
    return {
      url: gateway.url,
      agents: names,
      injected: (agent) =>
        cascades.some((name) => name === agent) ? parts!.injected : rehearsalDelay,
      end: async () => {
        await gateway.end();
        await parts?.end();
      },
    };
  } catch (thrown) {
    await parts?.end();
    throw thrown;
  }
}

async function makeCalls(
  url: string,
  agents: readonly string[],
  options: TtfbOptions,
): Promise<readonly MadeCall[]> {
  const { turns, turnsPerCall, seed, key, progress, longestMs } = options;
  const clips = saidClips.map((name) => fixture(name).samples);
  const startMs = systemClock.nowMs();
  const calling = { url: url.replace(/^ws/, 'http').replace(/\/$/, ''), key, clips, startMs };
  const made: MadeCall[] = [];
  const run = async (plans: readonly CallPlan[], warmUp: boolean): Promise<void> => {
    const waiting = [...plans];
    const worker = async (): Promise<void> => {
      for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
        if (!warmUp && systemClock.nowMs() - startMs > longestMs) return;
        made.push({ plan, warmUp, ...(await measureCall(plan, calling)) });
      }
    };
    await Promise.all(Array.from({ length: options.calls }, worker));
  };
  progress(`warming up ${agents.length} agents`);
  await run(scheduleCalls(agents, { turns: 1, turnsPerCall: 1, seed: seed + 1 }), true);
  progress(`${turns} turns of each agent, ${options.calls} calls at once`);
  await run(scheduleCalls(agents, { turns, turnsPerCall, seed }), false);
  return made;
}

function resultOf(
  calls: readonly MadeCall[],
  agents: readonly string[],
  options: TtfbOptions & {
    readonly injected: (agent: string) => InjectedDelay;
    readonly harnessLateMs: Lateness;
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
  return {
    bench: 'ttfb',
    config: {
      agents,
      turns: options.turns,
      turnsPerCall: options.turnsPerCall,
      callsAtOnce: options.calls,
      seed: options.seed,
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
      backends: Object.fromEntries([...runs].map(([name, run]) => [name, agentSummary(run)])),
      differences,
      ...(speculation === null ? {} : { speculation }),
      harnessLateMs: options.harnessLateMs,
    },
    samples: calls.flatMap(({ turns, warmUp }) => turns.map((turn) => ({ ...turn, warmUp }))),
    charts: chartsOf(runs),
  };
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
