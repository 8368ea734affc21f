import { distribution } from '../lib/distribution.ts';
import { deathsOf, moments } from './kills.ts';
import { orders, type Kind } from './kinds.ts';
import type { KilledCall } from './killed-call.ts';

/** The figures of some calls. */
export function summaryOf(calls: readonly KilledCall[]): Readonly<Record<string, unknown>> {
  const count = (of: (call: KilledCall) => number): number =>
    calls.reduce((sum, call) => sum + of(call), 0);
  return {
    calls: calls.length,
    kills: count(deathsOf),
    handovers: count(({ handovers }) => handovers.length),
    gapOursMs: distribution(calls.flatMap(oursOf)),
    gapHeardMs: distribution(calls.flatMap(({ verdict }) => verdict?.gapMs ?? [])),
    askedMs: distribution(calls.flatMap(({ askedMs }) => askedMs ?? [])),
    lostWords: count(({ verdict }) => verdict?.lostCaller.length ?? 0),
    lostAgentWords: count(({ verdict }) => verdict?.lostAgent.length ?? 0),
    halfWords: count(({ verdict }) => verdict?.half.length ?? 0),
    repeatedWords: count(({ verdict }) => verdict?.repeated.length ?? 0),
    unsaidWords: count(({ verdict }) => verdict?.unsaid.length ?? 0),
    outOfOrder: count(({ verdict }) => verdict?.outOfOrder ?? 0),
    damagedWords: count(({ verdict }) => verdict?.damaged ?? 0),
    toolsRunTwice: count(({ moment, toolRuns }) =>
      moment === 'tool' ? Math.max(0, toolRuns - 1) : 0,
    ),
    callsEnded: calls.filter(({ ended }) => ended).length,
    callsStuck: calls.filter(({ ended, failure }) => !ended && failure !== null).length,
    lateMs: distribution(calls.map(({ lateMs }) => lateMs)),
    clientErrors: count(({ clientErrors }) => clientErrors),
  };
}

/** The same for each ordered pair and each moment. */
export function partsOf(
  calls: readonly KilledCall[],
  kinds: readonly Kind[],
): Readonly<Record<string, unknown>> {
  const pairs = orders(kinds).map(([from, to]) => [
    `${from}→${to}`,
    summaryOf(calls.filter((call) => isOf(call, from!, to!))),
  ]);
  const byMoment = moments.map((moment) => [
    moment,
    summaryOf(calls.filter((call) => call.moment === moment)),
  ]);
  return {
    pairs: Object.fromEntries(pairs) as unknown,
    moments: Object.fromEntries(byMoment) as unknown,
  };
}

/** Whether this one died and that one took over; where nobody had to, was to. */
export function isOf({ killed, order, handovers }: KilledCall, from: Kind, to: Kind): boolean {
  const next = order.find((kind) => kind !== killed);
  const [first] = handovers;
  const taker = first === undefined ? next : order.find((kind) => first.to.endsWith(`-${kind}`));
  return (killed ?? order[0]) === from && (taker === killed ? next : taker) === to;
}

export function oursOf({ handovers }: KilledCall): readonly number[] {
  return handovers.map(({ oursMs }) => oursMs);
}
