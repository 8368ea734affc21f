import type { Clock, Timer } from '../../../../src/time/clock.ts';
import type { Link } from './link.ts';

/** Times in a row that a spare connection may be lost before nobody tries any more (a count). */
const attemptLimit = 3;
/** Before it is tried again, ms. */
const againAfterMs = 2000;

export interface SpareLinkOptions {
  readonly clock: Clock;
  /** It is exchanged after this long, before the upstream closes it, ms. */
  readonly idleMs: number;
  readonly open: () => Link;
  readonly discard: (link: Link) => void;
}

/** A connection that stands ready for when the current one has to go. */
export class SpareLink {
  readonly #options: SpareLinkOptions;
  #link: Link | null = null;
  #timer: Timer | null = null;
  #attempts = 0;
  #closed = false;

  constructor(options: SpareLinkOptions) {
    this.#options = options;
  }

  /** Sees to it that there is one. */
  keep(): void {
    if (this.#closed || this.#link !== null) return;
    this.#timer?.cancel();
    this.#link = this.#options.open();
    const { clock, idleMs } = this.#options;
    this.#timer = clock.timerAt(clock.nowMs() + idleMs, () => this.renew());
  }

  /** Hands it over, open or not yet, and begins the next; `null` where none has this address. */
  take(url: string): Link | null {
    const link = this.#link;
    if (link?.url !== url) return null;
    this.#link = null;
    this.#attempts = 0;
    this.keep();
    return link;
  }

  /** The same, where it is open. */
  takeOpen(url: string): Link | null {
    return this.#link?.isOpen === true ? this.take(url) : null;
  }

  /** A connection was lost: where it was this one, another is had after a while. */
  lost(link: Link): void {
    if (link !== this.#link) return;
    this.#link = null;
    this.#timer?.cancel();
    this.#attempts += 1;
    if (this.#attempts >= attemptLimit || this.#closed) return;
    const { clock } = this.#options;
    this.#timer = clock.timerAt(clock.nowMs() + againAfterMs * this.#attempts, () => this.keep());
  }

  /** Exchanges it. */
  renew(): void {
    if (this.#link !== null) this.#options.discard(this.#link);
    this.#link = null;
    this.keep();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#link = null;
  }
}
