import { request } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createHttp, type HttpOptions } from '../../../src/server/http.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { open } from '../../support/raw-socket.ts';

/**
 * Every address of the gateway, with what it answers: to nobody's key, to a wrong one, to a key of
 * another agent, to the agent's own and to an operator's. `CALL` is a running call of that agent.
 */
const routes = [
  // Open: nothing of a call or a key is in them.
  ['GET', '/', 200, 200, 200, 200, 200],
  ['GET', '/assets/ASSET', 200, 200, 200, 200, 200],
  ['GET', '/healthz', 200, 200, 200, 200, 200],
  ['GET', '/readyz', 200, 200, 200, 200, 200],
  ['GET', '/metrics', 200, 200, 200, 200, 200],
  // Lists: each key has its own.
  ['GET', '/api/agents', 401, 401, 200, 200, 200],
  ['GET', '/api/backends', 401, 401, 200, 200, 200],
  ['GET', '/api/calls', 401, 401, 200, 200, 200],
  // One call.
  ['GET', '/api/calls/CALL', 401, 401, 404, 200, 200],
  ['GET', '/api/calls/CALL/events', 401, 401, 404, 200, 200],
  ['GET', '/api/calls/CALL/recording/audio', 401, 401, 404, 404, 404],
  // What changes something: operators alone, and the last one only where the configuration says so.
  ['POST', '/api/calls/CALL/handover?to=nobody', 401, 401, 403, 403, 400],
  ['POST', '/api/calls/CALL/break-backend', 401, 401, 403, 403, 403],
  // Calls themselves; a request that is no upgrade.
  ['GET', '/v1/realtime', 426, 426, 426, 426, 426],
  ['GET', '/v1/live/sessions', 426, 426, 426, 426, 426],
] as const;

const env = { OTHER: 'other-key-012345', OWN: 'own-key-01234567', HOUSE: 'house-key-012345' };
const keys = [
  { id: 'other', keyEnv: 'OTHER', agents: ['bar'] },
  { id: 'own', keyEnv: 'OWN', agents: ['desk'] },
  { id: 'house', keyEnv: 'HOUSE', agents: ['*'] },
];
const agents = {
  desk: { backends: ['stage', 'spare'] },
  bar: { backends: ['stage'] },
};
const backends = { stage: { type: 'rehearsal' }, spare: { type: 'rehearsal' } };
const elsewhere = 'https://elsewhere.example';

interface Place {
  readonly gateway: TestGateway;
  readonly socket: Awaited<ReturnType<typeof open>>['socket'];
  readonly callId: string;
  readonly asset: string;
}

async function placed(config: object, key: string | null): Promise<Place> {
  const gateway = await startGateway({ config: JSON.stringify(config), env });
  const { headers, socket } = await open(
    `${gateway.wsUrl}/v1/realtime?model=desk`,
    [],
    key === null ? {} : { headers: { authorization: `Bearer ${key}` } },
  );
  await socket.next(({ type }) => type === 'session.created');
  const page = await (await fetch(gateway.url)).text();
  const asset = /\/assets\/([\w.-]+)/.exec(page)?.[1] ?? '';
  return { gateway, socket, callId: String(headers['parley-call-id']), asset };
}

async function ask(
  { gateway, callId, asset }: Place,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const own = path.replace('CALL', callId).replace('ASSET', asset);
  const over = new AbortController();
  const answer = await fetch(gateway.url + own, { method, headers, signal: over.signal });
  // Logs go on for as long as their call does.
  if (answer.headers.get('content-type')?.startsWith('text/event-stream') === true) over.abort();
  return answer;
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

/** The routes of a tree as Fastify draws it: each line has the part that its parents do not have. */
function routesIn(tree: string): readonly string[] {
  const parts: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const found = /^([│ ]*)[├└]── (\S+)(?: \(([^)]+)\))?/.exec(line);
    if (found === null) return [];
    const [, indent = '', part = '', methods] = found;
    parts.splice(indent.length / 4, Infinity, part);
    if (methods === undefined) return [];
    const path = parts.join('');
    return methods
      .split(', ')
      .filter((method) => method !== 'HEAD')
      .map((method) => `${method} ${path}`);
  });
}

/** Routes can be listed without a house behind them; nothing of it is asked. */
const bareOptions = { tls: null, socketPaths: ['/v1/realtime', '/v1/live/sessions'] };

/** `fetch` does not let one choose the `Host`. */
function rebound(
  { gateway, callId, asset }: Place,
  method: string,
  path: string,
  host: string,
): Promise<number | undefined> {
  const own = path.replace('CALL', callId).replace('ASSET', asset);
  const { port } = gateway;
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path: own, method, headers: { host } });
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}

let withKeys: Place;
let withoutKeys: Place;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-routes-'));
  const recordings = { dir: join(folder, 'recordings'), minFreeMiB: 0 };
  withKeys = await placed({ auth: { keys }, agents, backends, recordings }, env.OWN);
  const server = { faultInjection: true };
  withoutKeys = await placed({ server, agents, backends, recordings }, null);
});
afterAll(async () => {
  for (const { socket, gateway } of [withKeys, withoutKeys]) {
    socket.close();
    await socket.closed;
    await gateway.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

test('the table has every route there is, and only POST changes anything', async () => {
  const app = createHttp(bareOptions as unknown as HttpOptions);
  await app.ready();
  const there = routesIn(app.printRoutes({ commonPrefix: false }))
    .map((route) => route.replace(/\/assets\/\S+/, '/assets/ASSET').replace(':id', 'CALL'))
    .map((route) => route.replace(':file', 'audio'));
  await app.close();
  const told = routes.map(([method, path]) => `${method} ${path.replace(/\?.*/, '')}`);
  expect([...new Set(there)].sort()).toEqual([...told].sort());
});

describe.each(routes)('%s %s', (method, path, nobody, wrong, other, own, operator) => {
  test('opens to the right keys alone', async () => {
    const status = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await ask(withKeys, method, path, headers)).status;
    expect({
      nobody: await status({}),
      wrong: await status(bearer('own-key-0123456X')),
      empty: await status({ authorization: 'Bearer ' }),
      other: await status(bearer(env.OTHER)),
      own: await status({ 'api-key': env.OWN }),
      operator: await status(bearer(env.HOUSE)),
    }).toEqual({ nobody, wrong, empty: nobody, other, own, operator });
  });

  test('tells pages of other sites nothing and does nothing for them', async () => {
    const isPublic = nobody === 200 || nobody === 426;
    for (const origin of [elsewhere, 'null', 'https://127.0.0.1.elsewhere.example']) {
      for (const [place, key] of [
        [withKeys, env.HOUSE],
        [withoutKeys, ''],
      ] as const) {
        const answer = await ask(place, method, path, { ...bearer(key), origin });
        expect(answer.headers.get('access-control-allow-origin')).toBeNull();
        if (isPublic) continue;
        expect([origin, answer.status]).toEqual([origin, 403]);
      }
    }
    // Asked before a request that a page may not simply make.
    const preflight = { origin: elsewhere, 'access-control-request-method': method };
    const asked = await ask(withoutKeys, 'OPTIONS', path, preflight);
    expect(asked.status).toBe(404);
    expect(asked.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('does not take another method', async () => {
    for (const wrongMethod of ['PUT', 'DELETE', 'PATCH', method === 'GET' ? 'POST' : 'GET']) {
      expect((await ask(withoutKeys, wrongMethod, path, {})).status).toBe(404);
    }
  });
});

test('pages have a policy that lets nothing in, data is not taken for a page', async () => {
  for (const path of ['/', '/assets/ASSET']) {
    const { headers } = await ask(withKeys, 'GET', path, {});
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'/,
    );
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|\*|data:|https?:/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  }
  for (const path of ['/api/agents', '/api/calls', '/api/calls/CALL', '/readyz']) {
    const { headers } = await ask(withKeys, 'GET', path, bearer(env.HOUSE));
    expect(headers.get('content-type')).toMatch(/^application\/json/);
  }
});

describe.each(['/v1/realtime?model=desk', '/v1/live/sessions'])('a call at %s', (path) => {
  const status = (place: Place, protocols: string[], more: object): Promise<number> =>
    new Promise((resolve) => {
      const socket = new WebSocket(place.gateway.wsUrl + path, protocols, more);
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
      socket.on('open', () => {
        socket.close();
        resolve(101);
      });
      socket.on('error', () => undefined);
    });

  test('is opened by no page of another site, whatever key it has', async () => {
    for (const origin of [elsewhere, 'null']) {
      const key = `openai-insecure-api-key.${env.OWN}`;
      expect(await status(withKeys, ['realtime', key], { origin })).toBe(403);
      expect(await status(withoutKeys, ['realtime'], { origin })).toBe(403);
    }
    expect(await calls(withKeys)).toBe(1);
    expect(await calls(withoutKeys)).toBe(1);
  });

  test('needs a key', async () => {
    expect(await status(withKeys, [], {})).toBe(401);
    expect(await status(withKeys, [], { headers: bearer('nothing-that-fits') })).toBe(401);
  });
});

/** Calls that there are, running or over. */
async function calls(place: Place): Promise<number> {
  const answer = await ask(place, 'GET', '/api/calls', bearer(env.HOUSE));
  return ((await answer.json()) as { calls: readonly unknown[] }).calls.length;
}

test('where no keys are, a name that leads to this machine is no way in', async () => {
  for (const [method, path] of routes) {
    if (path === '/healthz' || path.startsWith('/v1/')) continue;
    const host = `elsewhere.example:${withoutKeys.gateway.port}`;
    expect([path, await rebound(withoutKeys, method, path, host)]).toEqual([path, 403]);
  }
});
