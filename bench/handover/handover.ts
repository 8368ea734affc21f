import { systemClock } from '../../src/time/clock.ts';
import { cumulative } from '../lib/svg.ts';
import { Desk, orders, type Death } from './desk.ts';
import { HandoverGateway } from './gateway.ts';
import { JudgeThread } from './judge-thread.ts';
import { callAndKill, type KilledCall } from './killed-call.ts';
import { deathsOf, planKills, type Kill } from './kills.ts';
import { oursOf, partsOf, summaryOf } from './summary.ts';
import type { BenchResult } from '../lib/report.ts';

export interface HandoverOptions {
  /** Backends that are to die (a count). */
  readonly kills: number;
  /** Calls at once. */
  readonly calls: number;
  readonly seed: number;
  readonly deaths: readonly Death[];
  /** No call begins later than this, ms after the first. */
  readonly longestMs: number;
  readonly progress: (line: string) => void;
}

/**
 * Calls of the stock client whose backends die at moments drawn by chance; judged by what is heard.
 *
 * @throws Error when the gateway does not start
 */
export async function runHandover(options: HandoverOptions): Promise<BenchResult> {
  const { kills, seed, deaths, progress } = options;
  const plans = planKills(kills, seed, deaths);
  const names = Array.from({ length: Math.min(options.calls, plans.length) }, (_, at) => `d${at}`);
  const desks = await Promise.all(names.map((name) => Desk.open(name)));
  const judge = new JudgeThread();
  let gateway: HandoverGateway | null = null;
  try {
    gateway = await HandoverGateway.start({
      backends: Object.assign({}, ...desks.map(({ backends }) => backends)) as Record<
        string,
        unknown
      >,
      agents: Object.assign({}, ...desks.map(({ agents }) => agents)) as Record<string, unknown>,
    });
    progress(`${plans.length} calls, ${desks.length} at once, ${kills} deaths`);
    const calls = await makeCalls(plans, desks, gateway, judge, options);
    return resultOf(calls, options);
  } finally {
    await gateway?.end();
    await Promise.all([judge.close(), ...desks.map((desk) => desk.close())]);
  }
}

async function makeCalls(
  plans: readonly Kill[],
  desks: readonly Desk[],
  gateway: HandoverGateway,
  judge: JudgeThread,
  { longestMs, progress }: HandoverOptions,
): Promise<readonly KilledCall[]> {
  const waiting = [...plans];
  const made: KilledCall[] = [];
  const startMs = systemClock.nowMs();
  let died = 0;
  const worker = async (desk: Desk, place: number): Promise<void> => {
    // Calls of one moment do not do everything at once.
    await new Promise<void>((resolve) => systemClock.timerAt(startMs + place * 137, resolve));
    for (let kill = waiting.shift(); kill !== undefined; kill = waiting.shift()) {
      if (systemClock.nowMs() - startMs > longestMs) return;
      const call = await callAndKill(kill, { desk, gateway, judge });
      made.push(call);
      died += deathsOf(kill);
      const trouble = troubleOf(call);
      if (trouble !== null) progress(`call ${call.call}: ${trouble}`);
      if (made.length % 10 === 0) progress(`${made.length} calls, ${died} deaths`);
    }
  };
  await Promise.all(desks.map(worker));
  return made.sort((a, b) => a.call - b.call);
}

/** What is wrong with it, in a line; `null`: nothing. */
function troubleOf(call: KilledCall): string | null {
  const { order, moment, death, failure, verdict, toolRuns, clientErrors } = call;
  const found = [
    ...(failure === null ? [] : [failure.split('\n')[0]]),
    ...(['lostCaller', 'lostAgent', 'repeated', 'unsaid'] as const).flatMap((what) =>
      verdict === null || verdict[what].length === 0 ? [] : [`${what} ${verdict[what].join(' ')}`],
    ),
    ...(toolRuns > 1 ? [`${toolRuns} runs of the tool`] : []),
    ...(clientErrors > 0 ? [`${clientErrors} errors at the client`] : []),
  ];
  if (found.length === 0) return null;
  return `${order.join('→')} ${moment} (${death}, turn ${call.turn}): ${found.join('; ')}`;
}

function resultOf(calls: readonly KilledCall[], options: HandoverOptions): BenchResult {
  const { kills, seed, deaths } = options;
  const series = (of: (call: KilledCall) => readonly number[]) =>
    orders().map(([from, to]) => ({
      name: `${from}→${to}`,
      points: cumulative(
        calls.filter(({ order }) => order[0] === from && order[1] === to).flatMap(of),
      ),
    }));
  return {
    bench: 'handover',
    config: { kills, callsAtOnce: options.calls, seed, deaths },
    summary: { ...summaryOf(calls), ...partsOf(calls) },
    samples: calls,
    charts: [
      {
        title: 'Our share of the gap',
        xLabel: 'ms',
        yLabel: 'share of handovers',
        series: series(oursOf),
      },
      {
        title: 'What the caller heard of a death in the middle of a sentence',
        xLabel: 'ms of silence between two words (80 is usual)',
        yLabel: 'share of deaths',
        series: series(({ verdict }) =>
          verdict?.gapMs === undefined || verdict.gapMs === null ? [] : [verdict.gapMs],
        ),
      },
    ],
  };
}
