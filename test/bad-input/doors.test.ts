import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jsonLogger } from '../../src/server/json-log.ts';
import { open, refused } from '../support/raw-socket.ts';
import { House } from '../soak/house.ts';

const config = `
server: { defaultAgent: rehearsal, drainMs: 0, maxCalls: 3, allowedOrigins: ["https://app.example"] }
auth:
  keys:
    - { id: wide, keyEnv: WIDE }
    - { id: narrow, keyEnv: NARROW, agents: [rehearsal], maxCalls: 2 }
agents:
  parrot: { backends: [rehearsal] }
`;
const wide = { headers: { authorization: 'Bearer sk-wide-1f9c' } };
const narrow = { headers: { 'api-key': 'sk-narrow-77aa' } };

let house: House;
let log = '';

beforeAll(async () => {
  house = await House.open({
    config,
    env: { WIDE: 'sk-wide-1f9c', NARROW: 'sk-narrow-77aa' },
    log: jsonLogger({ write: (line) => void (log += line) }),
  });
});

afterAll(() => house.close());

describe('no or wrong key; agent not allowed', () => {
  const wrong = [
    ['no key', '', {}],
    ['a wrong key', '', { headers: { authorization: 'Bearer sk-guess-0001' } }],
    ['a key but for its last letter', '', { headers: { authorization: 'Bearer sk-wide-1f9d' } }],
    ['a right key with more behind it', '', { headers: { 'api-key': 'sk-wide-1f9c-and-more' } }],
    ['a very long key', '', { headers: { 'api-key': `sk-wide-1f9c${'x'.repeat(4000)}` } }],
    [
      'a wrong key and an agent that is not there',
      '?model=nobody',
      { headers: { 'api-key': 'no' } },
    ],
    ['a wrong key and another one’s agent', '?model=parrot', { headers: { 'api-key': 'no' } }],
  ] as const;

  test('every wrong key gets the same answer to the byte, whatever else is asked', async () => {
    const answers = new Set<string>();
    for (const [, query, options] of wrong) {
      const { status, headers, body } = await refused(`${house.callUrl()}${query}`, [], options);
      answers.add(JSON.stringify({ status, headers, body }));
    }
    expect([...answers]).toHaveLength(1);
    expect(JSON.parse([...answers][0]!)).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      body: { error: { code: 'invalid_api_key' } },
    });
  });

  test('an agent outside the key’s scope is 403 before the upgrade', async () => {
    expect(await refused(house.callUrl('parrot'), [], narrow)).toMatchObject({
      status: 403,
      body: { error: { code: 'agent_forbidden' } },
    });
  });

  test('no key is in any log, right or wrong, wherever it was put', async () => {
    for (const key of ['sk-wide-1f9c', 'sk-guess-0001']) {
      for (const [url, subprotocols, headers] of [
        [house.callUrl(), [], { authorization: `Bearer ${key}` }],
        [house.callUrl(), [`openai-insecure-api-key.${key}`, 'realtime'], {}],
        [`${house.callUrl()}?api_key=${key}`, [], { 'api-key': key }],
        [house.callUrl(key), [], { 'api-key': key }],
      ] as const) {
        const answer = await open(url, subprotocols, { headers }).catch((error: unknown) => error);
        if (answer instanceof Error) continue;
        const { socket } = answer as Awaited<ReturnType<typeof open>>;
        socket.send(JSON.stringify({ type: key, event_id: key }));
        await socket.next(({ type }) => type === 'error');
        socket.close();
        await socket.closed;
      }
      await fetch(`${house.gateway.url}/api/calls`, { headers: { 'api-key': key } });
    }
    expect(log).toContain('call.refused');
    expect(log).not.toMatch(/sk-(?:wide|narrow|guess)/);
  });
});

describe('unknown agent', () => {
  test('404 with the list of agents that this key may use', async () => {
    const ofWide = await refused(house.callUrl('nobody'), [], wide);
    expect(ofWide).toMatchObject({ status: 404, body: { error: { code: 'agent_not_found' } } });
    expect((ofWide.body as { agents: string[] }).agents.toSorted()).toEqual([
      'barista',
      'parrot',
      'rehearsal',
    ]);
    expect(await refused(house.callUrl('nobody'), [], narrow)).toMatchObject({
      status: 404,
      body: { agents: ['rehearsal'] },
    });
  });
});

describe('too many calls for the key or the process', () => {
  test('429 and 503 with Retry-After; every end makes room again', async () => {
    const calls = [
      await open(house.callUrl(), [], narrow),
      await open(house.callUrl(), [], narrow),
    ];
    expect(await refused(house.callUrl(), [], narrow)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '5' },
      body: { error: { code: 'too_many_calls', type: 'rate_limit_error' } },
    });
    calls.push(await open(house.callUrl(), [], wide));
    expect(await refused(house.callUrl(), [], wide)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      body: { error: { code: 'server_full', type: 'server_error' } },
    });
    for (const { socket } of calls) {
      socket.close();
      await socket.closed;
    }
    const again = await open(house.callUrl(), [], narrow);
    again.socket.close();
    await again.socket.closed;
  });
});

describe('a browser page of another origin', () => {
  test.each([['https://evil.example'], ['https://app.example.evil.example'], ['null']])(
    '%s: 403',
    async (origin) => {
      const headers = { ...wide.headers, origin };
      expect(await refused(house.callUrl(), [], { headers })).toMatchObject({
        status: 403,
        body: { error: { code: 'origin_forbidden' } },
      });
      const look = await fetch(`${house.gateway.url}/api/calls`, { headers });
      expect(look.status).toBe(403);
    },
  );

  test('gets in where its origin is allowed', async () => {
    const headers = { ...wide.headers, origin: 'https://app.example' };
    const { socket } = await open(house.callUrl(), [], { headers });
    socket.close();
    await socket.closed;
  });
});
