import { seededRandom } from '../../../test/ear/seeded-random.ts';

/** A 32-bit seed from a base and names: every use of chance has a stream of its own (FNV-1a). */
export function seedOf(base: number, ...names: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const letter of [base, ...names].join('/')) {
    hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  }
  return hash >>> 0;
}

/** Repeatable chance with the draws that dialogues need. */
export class Draws {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** In [0, 1). */
  unit(): number {
    return this.#random();
  }

  /** Evenly from [from, to). */
  between({ from, to }: Range): number {
    return from + this.#random() * (to - from);
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  /** A whole number from 0 to `count` − 1. */
  index(count: number): number {
    return Math.floor(this.#random() * count);
  }

  /** @throws RangeError when the list is empty */
  pick<T>(list: readonly T[]): T {
    const picked = list[this.index(list.length)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }

  /** One of the names, each as often as its share of the sum. @throws RangeError without a name */
  weighted<Name extends string>(shares: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries(shares) as [Name, number][];
    let left = this.#random() * entries.reduce((sum, [, share]) => sum + share, 0);
    for (const [name, share] of entries) {
      left -= share;
      if (left < 0) return name;
    }
    const last = entries.at(-1);
    if (last === undefined) throw new RangeError('nothing to draw from');
    return last[0];
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random()));
    return radius * Math.cos(2 * Math.PI * this.#random());
  }
}

/** Bounds of an even draw; the unit is in the name of what has this type. */
export interface Range {
  readonly from: number;
  readonly to: number;
}
