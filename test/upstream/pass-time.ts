import { setImmediate } from 'node:timers/promises';
import type { ManualClock } from '../../src/time/manual-clock.ts';

/** Looks at the sockets between two steps: what lies there on this machine has arrived then. */
const looks = 3;

/** Moves a manual clock in steps, and lets real sockets of this process deliver in between. */
export function passTime(clock: ManualClock, stepMs = 20): (ms: number) => Promise<void> {
  return async (ms) => {
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      clock.advance(Math.min(stepMs, ms - passedMs));
      for (let look = 0; look < looks; look += 1) await setImmediate();
    }
  };
}
