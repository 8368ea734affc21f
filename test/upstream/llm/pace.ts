import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { DelaySpread, Random } from '../../../adapters/backends/rehearsal/chance.ts';
import { drawDelayMs } from '../../../adapters/backends/rehearsal/chance.ts';
import type { Clock } from '../../../src/time/clock.ts';

/** A delay, ms; 0 where none is wanted, without a draw. */
export function drawnMs(spread: DelaySpread | 0, random: Random): number {
  return spread === 0 ? 0 : drawDelayMs(spread, random);
}

/** Waits, or until the other side is gone. @returns whether it is still there */
export async function waitMs(clock: Clock, ms: number, response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return false;
  if (ms > 0) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const settle = (): void => resolve(undefined);
    const timer = clock.timerAt(clock.nowMs() + ms, settle);
    response.once('close', settle);
    await promise;
    timer.cancel();
    response.off('close', settle);
  }
  return !response.destroyed;
}

/** Until the other side goes away. */
export async function untilClosed(response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  await new Promise((resolve) => response.once('close', resolve));
}

/** Writes, and gives the socket a chance to send it as a piece of its own. */
export async function writePiece(response: ServerResponse, piece: string | Buffer): Promise<void> {
  if (response.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const settle = (): void => resolve(undefined);
  response.once('close', settle);
  response.write(piece, settle);
  await promise;
  response.off('close', settle);
  await setImmediate();
}
