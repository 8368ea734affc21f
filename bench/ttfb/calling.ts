import { systemClock } from '../../src/time/clock.ts';
import { leftOf, type Journal, type MadeCall } from './journal.ts';
import { measureCall, type CallPlan } from './measured-call.ts';
import { ProgressTeller } from './progress.ts';
import { scheduleCalls } from './schedule.ts';

export interface CallingPlan {
  readonly url: string;
  readonly key: string | null;
  readonly agents: readonly string[];
  readonly clips: readonly Float32Array[];
  readonly plans: readonly CallPlan[];
  /** Calls at once. */
  readonly callsAtOnce: number;
  /** No call begins later than this, ms from now. */
  readonly longestMs: number;
  readonly seed: number;
  readonly progress: (line: string) => void;
}

/**
 * Makes the calls that the journal does not have yet, and writes each down. Every sitting warms its
 * agents up anew. @returns all calls, also those of sittings before
 */
export async function makeCalls(
  journal: Journal,
  { url, key, agents, clips, plans, callsAtOnce, longestMs, seed, progress }: CallingPlan,
): Promise<readonly MadeCall[]> {
  const { startedEpochMs, calls: before } = journal.soFar;
  const beganMs = systemClock.nowMs();
  // A run that is gone on with counts its time from its beginning, the break included.
  const startMs = beganMs - (systemClock.epochMs() - startedEpochMs);
  const calling = { url: url.replace(/^ws/, 'http').replace(/\/$/, ''), key, clips, startMs };
  const made: MadeCall[] = [...before];
  const make = async (
    calls: readonly CallPlan[],
    warmUp: boolean,
    onMade: () => void,
  ): Promise<void> => {
    const waiting = [...calls];
    const worker = async (): Promise<void> => {
      for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
        if (!warmUp && systemClock.nowMs() - beganMs > longestMs) return;
        const call = { plan, warmUp, ...(await measureCall(plan, calling)) };
        made.push(call);
        journal.add(call);
        onMade();
      }
    };
    await Promise.all(Array.from({ length: callsAtOnce }, worker));
  };
  const left = leftOf(plans, before);
  if (left.length === 0) return made;
  progress(`warming up ${agents.length} agents`);
  const warmUps = scheduleCalls(agents, { turns: 1, turnsPerCall: 1, seed: seed + 1 });
  await make(warmUps, true, () => undefined);
  const wanted = turnsOf(plans);
  const doneBefore = wanted - turnsOf(left);
  progress(`${turnsOf(left)} turns, ${callsAtOnce} calls at once`);
  const measuringMs = systemClock.nowMs();
  const teller = new ProgressTeller(progress, measuringMs);
  await make(left, false, () => {
    const nowMs = systemClock.nowMs();
    const measured = made.filter(({ warmUp }) => !warmUp);
    const done = turnsOf(measured.map(({ plan }) => plan));
    const failed = measured.filter(({ failure }) => failure !== null).length;
    const tookMs = nowMs - measuringMs;
    teller.at({ done, wanted, failed, doneNow: done - doneBefore, tookMs }, nowMs);
  });
  return made;
}

function turnsOf(plans: readonly CallPlan[]): number {
  return plans.reduce((sum, { turns }) => sum + turns, 0);
}
