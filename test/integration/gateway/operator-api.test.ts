import { afterAll, beforeAll, expect, test } from 'vitest';
import { open } from '../../support/raw-socket.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

const rehearsal = { type: 'rehearsal', firstAudioMs: { p50: 50, p95: 60 } };
const keys = [
  { id: 'app', keyEnv: 'APP_KEY', agents: ['desk'] },
  { id: 'house', keyEnv: 'HOUSE_KEY', agents: ['*'] },
];
const env = { APP_KEY: 'app-key-0123456789', HOUSE_KEY: 'house-key-0123456789' };

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    config: JSON.stringify({
      auth: { keys },
      backends: { one: rehearsal, other: rehearsal },
      agents: { desk: { backends: ['one', 'other'] } },
    }),
    env,
  });
});
afterAll(() => gateway.close());

const post = (path: string, key: string): Promise<Response> =>
  fetch(`${gateway.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}` } });

test('an operator sends a call to another backend; an app may not', async () => {
  const { headers, socket } = await open(`${gateway.wsUrl}/v1/realtime?model=desk`, [], {
    headers: { authorization: `Bearer ${env.APP_KEY}` },
  });
  await socket.next(({ type }) => type === 'session.created');
  const path = `/api/calls/${String(headers['parley-call-id'])}/handover`;
  expect((await post(path, env.APP_KEY)).status).toBe(403);
  expect((await post(`${path}?to=nobody`, env.HOUSE_KEY)).status).toBe(400);
  expect((await post('/api/calls/call_none/handover', env.HOUSE_KEY)).status).toBe(404);
  expect((await post(`${path}?to=other`, env.HOUSE_KEY)).status).toBe(202);
  await expect
    .poll(
      async () => {
        const shown = await fetch(`${gateway.url}${path.replace('/handover', '')}`, {
          headers: { authorization: `Bearer ${env.HOUSE_KEY}` },
        });
        return ((await shown.json()) as { handovers: unknown }).handovers;
      },
      { timeout: 5000 },
    )
    .toMatchObject([{ from: 'one', to: 'other', cause: 'operator' }]);
  socket.close();
  await socket.closed;
});
