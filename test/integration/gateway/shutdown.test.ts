import { generate } from 'selfsigned';
import { describe, expect, test } from 'vitest';
import type { Logger } from '../../../src/ports/log.ts';
import { startGateway } from '../../support/gateway.ts';
import { open, refused } from '../../support/raw-socket.ts';

describe('the end', () => {
  test('a call that is over before the deadline is let finish; no new one gets in', async () => {
    const gateway = await startGateway({ config: light('drainMs: 60000') });
    const { socket } = await open(`${gateway.wsUrl}/v1/realtime`);
    const drained = gateway.drain();
    const late = await refused(`${gateway.wsUrl}/v1/realtime`);
    expect(late).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      body: { error: { code: 'server_draining', type: 'server_error' } },
    });
    const ready = await fetch(`${gateway.url}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([
      503,
      { reasons: ['The server is shutting down.'] },
    ]);
    socket.close();
    expect(await socket.closed).toMatchObject({ code: 1000 });
    await drained;
    await expect(fetch(gateway.url)).rejects.toThrow();
  });

  test('at the deadline running calls are closed with 1012', async () => {
    const gateway = await startGateway({ config: light('drainMs: 50') });
    const { socket } = await open(`${gateway.wsUrl}/v1/realtime`);
    await gateway.drain();
    expect(await socket.closed).toMatchObject({ code: 1012 });
  });

  test('asked a second time it does not wait for the deadline', async () => {
    const gateway = await startGateway({ config: light('drainMs: 3600000') });
    const { socket } = await open(`${gateway.wsUrl}/v1/realtime`);
    const drained = gateway.drain();
    await gateway.close();
    await drained;
    expect(await socket.closed).toMatchObject({ code: 1012 });
  });
});

describe('over TLS', () => {
  test('serves https and wss', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }]);
    const gateway = await startGateway({ config: light('drainMs: 0'), tls: { cert, key } });
    try {
      expect(gateway.wsUrl).toMatch(/^wss:\/\//);
      const trusting = { rejectUnauthorized: false };
      const { socket, headers } = await open(`${gateway.wsUrl}/v1/realtime`, [], trusting);
      expect(headers['parley-call-id']).toMatch(/^call_/);
      await socket.next(({ type }) => type === 'session.created');
      socket.close();
      await socket.closed;
    } finally {
      await gateway.close();
    }
  });
});

describe('the log', () => {
  test('has no key, no query and no header in it, whatever happened', async () => {
    const lines: string[] = [];
    const write = (event: string, fields?: Readonly<Record<string, unknown>>): void =>
      void lines.push(JSON.stringify({ event, ...fields }));
    const log: Logger = { debug: write, info: write, warn: write, error: write };
    const gateway = await startGateway({
      config: `auth: { keys: [ { id: a, keyEnv: A } ] }\n${light('drainMs: 0')}`,
      env: { A: 'right-key' },
      log,
    });
    try {
      await refused(`${gateway.wsUrl}/v1/realtime?model=secret-query`, ['realtime'], {
        headers: { authorization: 'Bearer wrong-key', cookie: 'secret-cookie' },
      });
      const { socket } = await open(`${gateway.wsUrl}/v1/realtime?x=secret-query`, [
        'realtime',
        'openai-insecure-api-key.right-key',
      ]);
      socket.close();
      await socket.closed;
    } finally {
      await gateway.close();
    }
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.join('\n')).not.toMatch(/right-key|wrong-key|secret/);
  });
});

/** Only what needs no model. */
function light(server: string): string {
  return `server: { defaultAgent: rehearsal, ${server} }\nagents: { parrot: { backends: [rehearsal] } }\n`;
}
