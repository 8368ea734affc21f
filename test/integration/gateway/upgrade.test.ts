import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { open, refused } from '../../support/raw-socket.ts';

const config = `
server: { defaultAgent: rehearsal, maxCalls: 2, allowedOrigins: ["https://app.example"] }
auth:
  keys:
    - { id: all, keyEnv: KEY_ALL }
    - { id: one, keyEnv: KEY_ONE, agents: [rehearsal], maxCalls: 1 }
agents:
  rehearsal: { backends: [rehearsal], aliases: [front-desk] }
  parrot: { backends: [rehearsal] }
`;
const all = { headers: { authorization: 'Bearer key-of-all' } };
const one = { headers: { authorization: 'Bearer key-of-one' } };

let gateway: TestGateway;
let realtime: string;

beforeAll(async () => {
  gateway = await startGateway({
    config,
    env: { KEY_ALL: 'key-of-all', KEY_ONE: 'key-of-one' },
  });
  realtime = `${gateway.wsUrl}/v1/realtime`;
});

afterAll(() => gateway.close());

function code(body: unknown): unknown {
  return (body as { error: { code: unknown } }).error.code;
}

describe('who is let in', () => {
  test('no key and a wrong key get the same 401, in the shape that clients read', async () => {
    const none = await refused(realtime);
    const wrong = await refused(realtime, [], { headers: { authorization: 'Bearer nobody' } });
    expect(none).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer', 'content-type': 'application/json; charset=utf-8' },
      body: {
        error: { type: 'invalid_request_error', code: 'invalid_api_key', param: null },
      },
    });
    expect(wrong.status).toBe(401);
    expect(wrong.body).toEqual(none.body);
    expect(JSON.stringify(wrong)).not.toContain('nobody');
  });

  test('an agent outside the key’s scope is 403', async () => {
    const { status, body } = await refused(`${realtime}?model=parrot`, [], one);
    expect(status).toBe(403);
    expect(code(body)).toBe('agent_forbidden');
  });

  test('an unknown agent is 404 with the agents that the key may use', async () => {
    const { status, body } = await refused(`${realtime}?model=gpt-9`, [], one);
    expect(status).toBe(404);
    expect(body).toMatchObject({
      error: { code: 'agent_not_found', param: 'model' },
      agents: ['rehearsal'],
    });
  });

  test('another path is 404 and says where WebSockets are served', async () => {
    const { status, body } = await refused(`${gateway.wsUrl}/v2/realtime`, [], all);
    expect(status).toBe(404);
    expect(JSON.stringify(body)).toContain('/v1/realtime');
  });

  test('a page of another origin is 403; an allowed one, the same host and a program get in', async () => {
    const from = (origin: string): Parameters<typeof open>[2] => ({
      headers: { ...all.headers, origin },
    });
    const other = await refused(realtime, [], from('https://evil.example'));
    expect(other.status).toBe(403);
    expect(code(other.body)).toBe('origin_forbidden');
    for (const origin of ['https://app.example', gateway.url]) {
      const { socket } = await open(realtime, [], from(origin));
      socket.close();
      await socket.closed;
    }
  });
});

describe('how many are let in', () => {
  test('a key’s limit is 429, the process’s is 503, both with Retry-After; an end makes room', async () => {
    const first = await open(realtime, [], one);
    const perKey = await refused(realtime, [], one);
    expect(perKey).toMatchObject({ status: 429, headers: { 'retry-after': '5' } });
    expect(code(perKey.body)).toBe('too_many_calls');
    const second = await open(realtime, [], all);
    const full = await refused(realtime, [], all);
    expect(full).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(code(full.body)).toBe('server_full');

    first.socket.close();
    await first.socket.closed;
    const again = await open(realtime, [], one);
    for (const { socket } of [second, again]) {
      socket.close();
      await socket.closed;
    }
  });

  test('a broken handshake is 400 and takes no place', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const answer = await rawRequest(gateway.port, [
        'GET /v1/realtime HTTP/1.1',
        'Host: 127.0.0.1',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Authorization: Bearer key-of-one',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: short',
      ]);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('"code":"invalid_value"');
    }
    const { socket } = await open(realtime, [], one);
    socket.close();
    await socket.closed;
  });

  test('a client that goes away in the middle of its request takes no place', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(gateway.port, '127.0.0.1', () => {
        socket.end(
          'GET /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n' +
            'Upgrade: websocket\r\nAuthorization: Bearer key-of-one\r\nSec-WebSocket-Version: 13\r\n' +
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
        );
      });
      socket.on('data', () => undefined);
      socket.on('error', () => resolve());
      socket.on('close', () => resolve());
    });
    await expect
      .poll(async () =>
        (await (await fetch(`${gateway.url}/metrics`)).text()).includes('parley_calls_active{'),
      )
      .toBe(false);
    const { socket } = await open(realtime, [], one);
    socket.close();
    await socket.closed;
  });
});

describe('the answer to an upgrade', () => {
  test('selects realtime by name, never the entry with the key, and names the call', async () => {
    const key = 'openai-insecure-api-key.key-of-all';
    const { subprotocol, headers, socket } = await open(realtime, [key, 'realtime']);
    expect(subprotocol).toBe('realtime');
    expect(headers['parley-call-id']).toMatch(/^call_\w{21}$/);
    expect(JSON.stringify(headers)).not.toContain('key-of-all');
    const created = await socket.next(({ type }) => type === 'session.created');
    expect(created).toMatchObject({ session: { type: 'realtime' } });
    socket.close();
    await socket.closed;
  });

  test('the default agent, an alias and a name lead to the same agent', async () => {
    for (const model of ['', '?model=front-desk', '?model=rehearsal']) {
      const { headers, socket } = await open(`${realtime}${model}`, [], all);
      const id = String(headers['parley-call-id']);
      const record = await (
        await fetch(`${gateway.url}/api/calls/${id}`, { headers: all.headers })
      ).json();
      expect(record).toMatchObject({ callId: id, agent: 'rehearsal' });
      socket.close();
      await socket.closed;
    }
  });

  test('a plain GET is told to ask for an upgrade, and other upgrades are not taken', async () => {
    const plain = await fetch(`${gateway.url}/v1/realtime`);
    expect(plain.status).toBe(426);
    const h2c = await rawRequest(gateway.port, [
      'GET /healthz HTTP/1.1',
      'Host: 127.0.0.1',
      'Connection: Upgrade, close',
      'Upgrade: h2c',
    ]);
    expect(h2c).toMatch(/^HTTP\/1\.1 200 /);
  });
});

/** Sends a request as it stands and gives the whole answer. */
function rawRequest(port: number, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    let answer = '';
    socket.on('data', (part) => {
      answer += part.toString('latin1');
      if (/\r\n\r\n.*\}/s.test(answer)) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
