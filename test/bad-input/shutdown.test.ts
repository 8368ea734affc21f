import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { open, refused } from '../support/raw-socket.ts';
import { BadClient } from './client.ts';
import { freePort, Program } from './program.ts';

function socketUrl(url: string): string {
  return `${url.replace(/^http/, 'ws')}/v1/realtime`;
}

describe('SIGTERM', () => {
  test('50 calls: no new ones, none cut before the deadline, 1012 at it, exit 0', async () => {
    const config = 'server: { defaultAgent: rehearsal, drainMs: 1500, port: 0 }\n';
    const program = new Program(config, 'serve');
    const url = await program.listening();
    const calls: BadClient[] = [];
    for (let call = 0; call < 50; call += 1) calls.push(await BadClient.open(socketUrl(url)));
    let cut = 0;
    for (const call of calls) void call.closed.then(() => (cut += 1));

    const startMs = performance.now();
    program.signal('SIGTERM');
    await expect
      .poll(async () => (await fetch(`${url}/readyz`)).status, { interval: 20 })
      .toBe(503);
    expect(await refused(socketUrl(url))).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      body: { error: { code: 'server_draining' } },
    });
    await calls[0]!.close();
    // Half way to the deadline every other call still works.
    await sleep(Math.max(0, 750 - (performance.now() - startMs)));
    await Promise.all(calls.slice(1).map((call) => call.works()));
    expect(cut).toBe(1);
    for (const call of calls.slice(1)) expect(await call.closed).toMatchObject({ code: 1012 });
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(1_450);
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  test('calls that finish by themselves end the wait', async () => {
    const config = 'server: { defaultAgent: rehearsal, drainMs: 3600000, port: 0 }\n';
    const program = new Program(config, 'serve');
    const client = await BadClient.open(socketUrl(await program.listening()));
    program.signal('SIGTERM');
    await client.close();
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });
});

describe('kill -9', () => {
  test('started again on the same port it takes calls within 5 s', async () => {
    const config = `server: { defaultAgent: parrot, port: ${await freePort()} }\n`;
    const killed = new Program(config, 'serve');
    const url = await killed.listening();
    const { socket } = await open(socketUrl(url));
    killed.signal('SIGKILL');
    expect(await killed.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await socket.closed).toMatchObject({ code: 1006 });

    const startMs = performance.now();
    const again = new Program(config, 'serve');
    expect(await again.listening()).toBe(url);
    const client = await BadClient.open(socketUrl(url));
    expect(performance.now() - startMs).toBeLessThan(5_000);
    await client.close();
    again.signal('SIGTERM');
    expect(await again.ended).toEqual({ code: 0, signal: null });
  });
});
