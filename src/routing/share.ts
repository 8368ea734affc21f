import type { RouteArm } from '../ports/agent.ts';

/**
 * The arm that a subject belongs to: the same one as long as the arms stay, in any process. By
 * weighted rendezvous: each arm draws a lot for the subject and the highest, in proportion to its
 * weight, has it. So an arm that is added, removed or given another weight moves only the subjects
 * that it gains or loses.
 *
 * @param salt separates experiments: the same subject is divided anew under another
 */
export function armOf(arms: readonly RouteArm[], salt: string, subject: string): RouteArm {
  const [first, ...others] = arms;
  if (first === undefined) throw new RangeError('a rule needs at least one arm');
  let best = first;
  let bestLot = lotOf(first, salt, subject);
  for (const arm of others) {
    const lot = lotOf(arm, salt, subject);
    if (lot <= bestLot) continue;
    best = arm;
    bestLot = lot;
  }
  return best;
}

/** Below 0: the nearer to 0, the better. */
function lotOf({ name, weight }: RouteArm, salt: string, subject: string): number {
  // Lengths keep the parts apart, whatever they hold.
  const text = `${salt.length}:${salt}${name.length}:${name}${subject}`;
  return Math.log(unitOf(text)) / weight;
}

/** A number in (0, 1) that a text always gives: FNV-1a over UTF-16 units, mixed, 32 bits. */
function unitOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  // Texts that differ in their last letter alone are still near each other: the finaliser of
  // MurmurHash3 spreads them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return ((hash >>> 0) + 0.5) / 2 ** 32;
}
