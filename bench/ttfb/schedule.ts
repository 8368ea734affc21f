import { seededRandom } from '../../test/ear/seeded-random.ts';
import type { CallPlan } from './measured-call.ts';

/**
 * Calls in blocks that hold each agent once, in a random order in each: whatever changes over the
 * run, on the machine or at a vendor, changes for all of them.
 *
 * @param turns wanted of each agent
 */
export function scheduleCalls(
  agents: readonly string[],
  { turns, turnsPerCall, seed }: { turns: number; turnsPerCall: number; seed: number },
): readonly CallPlan[] {
  const random = seededRandom(seed);
  const plans: CallPlan[] = [];
  for (let left = turns; left > 0; left -= turnsPerCall) {
    for (const agent of shuffled(agents, random)) {
      plans.push({ agent, call: plans.length, turns: Math.min(left, turnsPerCall) });
    }
  }
  return plans;
}

/** A random order (Fisher and Yates). */
function shuffled<T>(list: readonly T[], random: () => number): readonly T[] {
  const order = [...list];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
