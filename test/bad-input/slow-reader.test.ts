import { WebSocket } from 'ws';
import { describe, expect, test } from 'vitest';
import { House } from '../soak/house.ts';
import { BadClient } from './client.ts';

describe('a client that does not read', () => {
  test('past 4 MiB of unsent events its call closes with 1013; no other call feels it', async () => {
    const house = await House.open();
    const good = await BadClient.open(house.callUrl());
    const before = await house.holdings();

    good.send({ type: 'response.create' });
    const slow = new WebSocket(house.callUrl());
    await new Promise((resolve) => slow.once('message', resolve));
    slow.pause();
    const instructions = 'x'.repeat(500_000);
    slow.send(JSON.stringify(update({ instructions })));
    // Each answer repeats the instructions: some fill the network's buffers, the rest waits.
    for (let message = 0; message < 60; message += 1) slow.send(JSON.stringify(update({})));
    await expect
      .poll(async () => (await house.metrics()).text, { timeout: 10_000 })
      .toMatch(/^parley_errors_total\{[^}]*code="slow_reader"[^}]*\} 1$/m);

    const closed = new Promise((resolve) => slow.once('close', resolve));
    slow.resume();
    expect(await closed).toBe(1013);
    const done = await good.next('response.done');
    expect(done).toMatchObject({ response: { status: 'completed' } });
    // What has been answered waits for its caller to say something, or to be away.
    const waiting = { ...before, timers: before.timers + 1 };
    await expect.poll(() => house.holdings()).toEqual(waiting);
    await good.close();
    await house.close();
  });
});

function update(session: object): object {
  return { type: 'session.update', session: { type: 'realtime', ...session } };
}
