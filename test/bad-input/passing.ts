import type { ManualClock } from '../../src/time/manual-clock.ts';
import { settle } from '../support/call-harness.ts';

/** Most time that is let pass, ms. */
const limitMs = 150_000;

/** Lets the time of a clock pass, while sockets do what they do, until the promise settles. */
export async function passing<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  const state = { over: false };
  const settled = promise.finally(() => (state.over = true));
  for (let passedMs = 0; passedMs < limitMs && !state.over; passedMs += 50) {
    clock.advance(50);
    await settle();
  }
  return settled;
}
