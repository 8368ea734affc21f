import { seededRandom } from '../../test/ear/seeded-random.ts';
import { orders, type Death, type Kind } from './desk.ts';

export const moments = [
  'opening',
  'before',
  'mid-word',
  'pause',
  'tool',
  'speech',
  'double',
] as const;
export type Moment = (typeof moments)[number];

/** One call in which a backend dies. */
export interface Kill {
  readonly call: number;
  /** The first dies, the second takes over; in a double kill it dies too, and the third does. */
  readonly order: readonly Kind[];
  readonly moment: Moment;
  readonly death: Death;
  /** In which turn, counted from 0. */
  readonly turn: number;
  /** Where in the moment, and how long after the first the second dies, as shares of what is usual. */
  readonly place: number;
  readonly then: number;
}

/** Backends that die in a kill (a count). */
export function deathsOf({ moment }: Kill): number {
  return moment === 'double' ? 2 : 1;
}

/** As many as are asked for: pairs in turn, moments in turn within each, all else by chance. */
export function planKills(kills: number, seed: number, deaths: readonly Death[]): readonly Kill[] {
  const random = seededRandom(seed);
  const pairs = orders();
  const plans: Kill[] = [];
  for (let died = 0; died < kills;) {
    const call = plans.length;
    const kill: Kill = {
      call,
      order: pairs[call % pairs.length]!,
      moment:
        moments[Math.floor(call / pairs.length + random() * moments.length) % moments.length]!,
      death: deaths[Math.floor(random() * deaths.length)]!,
      turn: random() < 0.5 ? 0 : 1,
      place: random(),
      then: random(),
    };
    plans.push(kill);
    died += deathsOf(kill);
  }
  return plans;
}
