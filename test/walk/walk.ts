import { BrokenRule } from './promises.ts';
import { firstWorld, type World } from './world.ts';
import { moved, type MoveName } from './moves.ts';
import { nameOf } from './canon.ts';
import type { TurnOptions } from '../../src/turn/options.ts';

/** A world and how it was reached. */
interface Node {
  readonly world: World;
  readonly by: MoveName | null;
  readonly from: Node | null;
}

export interface Walked {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** Whether the last move led nowhere new: the walk has seen all there is. */
  readonly complete: boolean;
}

/** Names of worlds in which every wait was seen to end, for each way to wait. */
type Ended = Readonly<Record<(typeof rests)[number], Set<string>>>;

/** More waits than any world can have in a row, a count. */
const waitLimit = 60;

/**
 * Takes every sequence of these moves up to a depth, breadth first; worlds of the same name are
 * walked on from once.
 *
 * @throws BrokenRule with the moves that lead to it
 */
export function walk(alphabet: readonly MoveName[], options: TurnOptions, depth: number): Walked {
  const seen = new Set([nameOf(firstWorld, options)]);
  const ended: Ended = { wait: new Set(), silence: new Set(), hiss: new Set() };
  let frontier: readonly Node[] = [{ world: firstWorld, by: null, from: null }];
  let transitions = 0;
  let levels = 0;
  for (let level = 0; level < depth && frontier.length > 0; level += 1) {
    levels += 1;
    const next: Node[] = [];
    for (const from of frontier) {
      for (const by of alphabet) {
        const world = attempt(from, by, () => moved(from.world, by, options));
        if (world === null) continue;
        transitions += 1;
        const name = nameOf(world, options);
        if (seen.has(name)) continue;
        seen.add(name);
        const node = { world, by, from };
        attempt(from, by, () => waitsEnd(world, options, ended));
        next.push(node);
      }
    }
    frontier = next;
  }
  return { states: seen.size, transitions, depth: levels, complete: frontier.length === 0 };
}

function attempt<T>(from: Node, by: MoveName, take: () => T): T {
  try {
    return take();
  } catch (thrown) {
    if (!(thrown instanceof BrokenRule)) throw thrown;
    throw new BrokenRule(`${thrown.message}: ${pathOf({ world: from.world, by, from })}`);
  }
}

function pathOf(node: Node): string {
  const path: string[] = [];
  for (let at: Node | null = node; at !== null; at = at.from) path.unshift(at.by ?? '');
  return path.join(' ').trim();
}

/** What goes on when nothing happens any more: time alone, a quiet line, or one that hisses. */
const rests = ['wait', 'silence', 'hiss'] as const;

/** Every wait ends: when nothing happens any more, all that is pending is settled. */
function waitsEnd(world: World, options: TurnOptions, ended: Ended): void {
  for (const rest of rests) {
    let now = world;
    const passed = new Set<string>();
    for (let waits = 0; ; waits += 1) {
      const name = nameOf(now, options);
      if (ended[rest].has(name)) break;
      // Nothing changes any more.
      if (passed.has(name)) {
        settled(now, options);
        break;
      }
      if (waits > waitLimit) throw new BrokenRule(`waits do not end under ${rest}`);
      passed.add(name);
      now = moved(now, plays(now) && rest === 'wait' ? 'later' : rest, options) ?? now;
    }
    for (const name of passed) ended[rest].add(name);
  }
}

function plays({ line, tail }: World): boolean {
  return tail > 0 || (line !== null && line.sent > line.played);
}

/** What must be left of nothing. Speech that a model is still to judge is nobody's burden. */
function settled({ turn, floor }: World, options: TurnOptions): void {
  const left = [
    turn.overlap.kind !== 'none' && 'a judgement',
    floor !== 'full' && 'a lowered agent',
    turn.calmUntilMs !== null && 'calm',
    turn.digits !== null && 'keys',
    turn.speculation !== null && !turn.pressed && 'a speculation',
    turn.agent.kind === 'thinking' && !turn.agent.slow && 'a slow answer',
    options.authority !== 'backend' &&
      !turn.pressed &&
      turn.caller.kind !== 'silent' &&
      (options.authority === 'gateway' || turn.caller.kind === 'onset' || turn.caller.shown) &&
      `a caller who is ${turn.caller.kind}`,
    turn.owesAnswer && turn.agent.kind === 'idle' && 'an owed answer',
  ].filter((what) => what !== false);
  if (left.length > 0) throw new BrokenRule(`what never ends: ${left.join(', ')}`);
}

/** Prints how far a walk went. */
export function report(what: string, { states, transitions, depth, complete }: Walked): void {
  const end = complete ? `complete at depth ${depth}` : `depth ${depth}`;
  process.stdout.write(`walked ${states} states, ${transitions} transitions, ${end}: ${what}\n`);
}
