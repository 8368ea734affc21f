import { asCallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';

/** What is shared has to be let go at its end. */
interface Closable {
  close(): Promise<void>;
}

/** A share in a thing, which stays as long as anyone has one. */
export interface Hold<Thing> {
  readonly thing: Thing;
  /** Gives the share back. Idempotent. */
  release(): void;
}

interface Place<Thing> {
  readonly thing: Thing;
  holds: number;
}

/**
 * Things that configurations and calls share, by what they are made from: the same key gives the
 * same thing as long as somebody holds it, and the last one to let go closes it.
 */
export class SharedPool<Thing extends Closable> {
  readonly #places = new Map<string, Place<Thing>>();
  readonly #closing = new Set<Promise<void>>();
  readonly #log: Logger;
  #made = 0;
  #closed = 0;

  constructor({ log }: { readonly log: Logger }) {
    this.#log = log;
  }

  /** Things made since the start. */
  get made(): number {
    return this.#made;
  }

  /** Things whose closing has begun since the start. */
  get closed(): number {
    return this.#closed;
  }

  /** Things that somebody holds. */
  get things(): readonly Thing[] {
    return [...this.#places.values()].map(({ thing }) => thing);
  }

  /** The thing of that key, made if nobody has it. */
  hold(key: string, make: () => Thing): Hold<Thing> {
    let place = this.#places.get(key);
    if (place === undefined) {
      place = { thing: make(), holds: 0 };
      this.#made += 1;
      this.#places.set(key, place);
    }
    const held = place;
    held.holds += 1;
    let released = false;
    return {
      thing: held.thing,
      release: () => {
        if (released) return;
        released = true;
        held.holds -= 1;
        if (held.holds === 0 && this.#places.get(key) === held) this.#let(key, held.thing);
      },
    };
  }

  /** Closes what is left, held or not, and waits until all of it is gone. */
  async closeAll(): Promise<void> {
    for (const [key, { thing }] of [...this.#places]) this.#let(key, thing);
    await Promise.all(this.#closing);
  }

  #let(key: string, thing: Thing): void {
    this.#places.delete(key);
    this.#closed += 1;
    const closing = thing.close().catch((thrown: unknown) => {
      this.#log.warn('part.not_closed', { reason: asCallError(thrown).message });
    });
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }
}
