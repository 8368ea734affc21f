import { systemClock } from '../../src/time/clock.ts';
import { cumulative } from '../lib/svg.ts';
import { Desk } from './desk.ts';
import { orders, type Death, type Kind } from './kinds.ts';
import { HandoverGateway } from './gateway.ts';
import { JudgeThread } from './judge-thread.ts';
import { LateWatch } from './late-watch.ts';
import { PartialResults } from './partial-results.ts';
import { outFolder } from '../lib/report.ts';
import { callAndKill, troublesOf, type KilledCall } from './killed-call.ts';
import { deathsOf, planKills, type Kill } from './kills.ts';
import { isOf, oursOf, partsOf, summaryOf } from './summary.ts';
import type { BenchResult } from '../lib/report.ts';

export interface HandoverOptions {
  /** Backends that are to die (a count). */
  readonly kills: number;
  /** Calls at once. */
  readonly calls: number;
  readonly seed: number;
  readonly deaths: readonly Death[];
  readonly backends: readonly Kind[];
  /** See `planKills`. */
  readonly only: readonly string[];
  /** A run of the same plan that was broken off is gone on with. */
  readonly resume: boolean;
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
  const { kills, seed, deaths, backends: of, only, progress } = options;
  const plans = planKills(kills, seed, deaths, { only, of });
  const names = Array.from({ length: Math.min(options.calls, plans.length) }, (_, at) => `d${at}`);
  const desks = await Promise.all(names.map((name) => Desk.open(name, { of })));
  const judge = new JudgeThread();
  const late = new LateWatch();
  const partial = new PartialResults(
    `${outFolder}handover.part.jsonl`,
    { kills, seed, deaths, of, only },
    options.resume,
  );
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
    const calls = await makeCalls(plans, desks, { gateway, judge, late, partial }, options);
    if (calls.length === plans.length) partial.done();
    return resultOf(calls, options);
  } finally {
    late.close();
    await gateway?.end();
    await Promise.all([judge.close(), ...desks.map((desk) => desk.close())]);
  }
}

interface Tools {
  readonly gateway: HandoverGateway;
  readonly judge: JudgeThread;
  readonly late: LateWatch;
  readonly partial: PartialResults;
}

async function makeCalls(
  plans: readonly Kill[],
  desks: readonly Desk[],
  tools: Tools,
  { longestMs, progress }: HandoverOptions,
): Promise<readonly KilledCall[]> {
  const { partial } = tools;
  const made = [...partial.earlier];
  const known = new Set(made.map(({ call }) => call));
  const waiting = plans.filter(({ call }) => !known.has(call));
  if (made.length > 0) progress(`${made.length} calls were made before`);
  const startMs = systemClock.nowMs();
  let died = 0;
  const worker = async (desk: Desk, place: number): Promise<void> => {
    // Calls of one moment do not do everything at once.
    await new Promise<void>((resolve) => systemClock.timerAt(startMs + place * 137, resolve));
    for (let kill = waiting.shift(); kill !== undefined; kill = waiting.shift()) {
      if (systemClock.nowMs() - startMs > longestMs) return;
      const call = await callAndKill(kill, { ...tools, desk });
      made.push(call);
      partial.add(call);
      died += deathsOf(kill);
      const trouble = troubleOf(call);
      if (trouble !== null) progress(`call ${call.call}: ${trouble}`);
      if (made.length % 10 === 0) {
        const minutes = (systemClock.nowMs() - startMs) / 60_000;
        const pace = `${(died / minutes).toFixed(1)} a minute`;
        progress(`${made.length} of ${plans.length} calls, ${died} deaths, ${pace}`);
      }
    }
  };
  await Promise.all(desks.map(worker));
  return made.sort((a, b) => a.call - b.call);
}

/** What is wrong with it, in a line; `null`: nothing. */
function troubleOf(call: KilledCall): string | null {
  const { killed, order, moment, death } = call;
  const found = troublesOf(call);
  if (found.length === 0) return null;
  return `${order.join('→')} ${moment} (${killed ?? 'nobody'}, ${death}, turn ${call.turn}): ${found.join('; ')}`;
}

function resultOf(calls: readonly KilledCall[], options: HandoverOptions): BenchResult {
  const { kills, seed, deaths, backends, only } = options;
  const series = (of: (call: KilledCall) => readonly number[]) =>
    orders(backends).map(([from, to]) => ({
      name: `${from}→${to}`,
      points: cumulative(calls.filter((call) => isOf(call, from!, to!)).flatMap(of)),
    }));
  return {
    bench: 'handover',
    config: { kills, callsAtOnce: options.calls, seed, deaths, backends, only },
    summary: { ...summaryOf(calls), ...partsOf(calls, backends) },
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
