import { seededRandom } from '../../test/ear/seeded-random.ts';
import { kinds, orders, type Death, type Kind } from './kinds.ts';

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

/** Which of the kills there might be are wanted. */
export interface Among {
  /**
   * Moments, and pairs such as `openai-gemini` (who dies, who is to take over); others are left out of
   * the same plan. Empty: all.
   */
  readonly only?: readonly string[];
  /** Backends of each call; those of manual turns unless told otherwise. */
  readonly of?: readonly Kind[];
}

/**
 * As many as are asked for: pairs in turn, moments in turn within each, all else by chance.
 *
 * @throws RangeError for a name that is neither
 */
export function planKills(
  kills: number,
  seed: number,
  deaths: readonly Death[],
  { only = [], of = kinds }: Among = {},
): readonly Kill[] {
  const random = seededRandom(seed);
  const pairs = orders(of);
  // Somebody has to be left.
  const among = of.length > 2 ? moments : moments.filter((moment) => moment !== 'double');
  const wanted = wantedIn(only, among, pairs.map(pairOf));
  const plans: Kill[] = [];
  for (let call = 0, died = 0; died < kills; call += 1) {
    const kill: Kill = {
      call,
      order: pairs[call % pairs.length]!,
      moment: among[Math.floor(call / pairs.length + random() * among.length) % among.length]!,
      death: deaths[Math.floor(random() * deaths.length)]!,
      turn: random() < 0.5 ? 0 : 1,
      place: random(),
      then: random(),
    };
    if (!wanted(kill)) continue;
    plans.push(kill);
    died += deathsOf(kill);
  }
  return plans;
}

function wantedIn(
  only: readonly string[],
  among: readonly Moment[],
  pairs: readonly string[],
): (kill: Kill) => boolean {
  const unknown = only.find(
    (name) => !among.some((moment) => moment === name) && !pairs.includes(name),
  );
  if (unknown !== undefined) {
    const known = [...among, ...new Set(pairs)].join(', ');
    throw new RangeError(`--only: there is no ${JSON.stringify(unknown)}: ${known}.`);
  }
  const wantedMoments = among.filter((moment) => only.includes(moment));
  const wantedPairs = pairs.filter((pair) => only.includes(pair));
  return ({ moment, order }) =>
    (wantedMoments.length === 0 || wantedMoments.includes(moment)) &&
    (wantedPairs.length === 0 || wantedPairs.includes(pairOf(order)));
}

function pairOf([first, second]: readonly Kind[]): string {
  return `${first}-${second}`;
}
