import type { Position } from './playout.ts';
import { wireRateHz } from './rate.ts';

/** Least time between acknowledgements of one item while it plays, ms. */
const intervalMs = 100;

/** A played position that is to be told. */
export interface Acknowledgement {
  readonly itemId: string;
  readonly playedMs: number;
}

/**
 * Decides which of the player's positions are told to the gateway: the first of an item, its last,
 * and those between a few times a second; none twice.
 */
export class Acknowledger {
  #last: { readonly itemId: string; readonly playedSamples: number; readonly atMs: number } | null =
    null;

  /** @param nowMs any clock that does not go back */
  next(positions: readonly Position[], nowMs: number): readonly Acknowledgement[] {
    return positions.flatMap((position) => {
      const { itemId, playedSamples, dry } = position;
      const last = this.#last?.itemId === itemId ? this.#last : null;
      if (last !== null && playedSamples <= last.playedSamples) return [];
      if (last !== null && !dry && nowMs - last.atMs < intervalMs) return [];
      this.#last = { itemId, playedSamples, atMs: nowMs };
      return [{ itemId, playedMs: Math.floor((playedSamples / wireRateHz) * 1000) }];
    });
  }
}
