import { WebSocket } from 'ws';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { EnergyDetector } from '../support/energy-detector.ts';
import { House } from '../soak/house.ts';

/** A client that counts pings, and answers them or not. */
async function connect(
  url: string,
  autoPong: boolean,
): Promise<{ socket: WebSocket; pings: () => number }> {
  const socket = new WebSocket(url, { autoPong });
  let pings = 0;
  socket.on('ping', () => (pings += 1));
  await new Promise((resolve) => socket.once('message', resolve));
  return { socket, pings: () => pings };
}

describe('a half-open socket', () => {
  test('pinged every 20 s, closed after two unanswered pings; everything it owned is freed', async () => {
    const clock = new ManualClock();
    const detector = new EnergyDetector();
    const house = await House.open({ clock, detector });
    const alive = await connect(house.callUrl(), true);
    const atRest = { ...(await house.holdings()), timers: clock.pending };
    const gone = await connect(house.callUrl(), false);
    expect(await house.holdings()).toMatchObject({ calls: 2, sockets: 2, rehearsals: 2 });
    const closed = new Promise((resolve) => gone.socket.once('close', resolve));

    for (const pings of [2, 3]) {
      clock.advance(20_000);
      await expect.poll(alive.pings).toBe(pings);
    }
    expect(gone.pings()).toBe(2);
    expect(await closed).toBe(1006);
    await expect
      .poll(async () => ({ ...(await house.holdings()), timers: clock.pending }))
      .toEqual(atRest);
    expect((await house.metrics()).text).toMatch(
      /^parley_errors_total\{[^}]*code="unresponsive_client"[^}]*\} 1$/m,
    );
    expect(detector.figures()['streams']).toBe(1);
    alive.socket.close();
    await house.close();
  });
});
