import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replayFolder } from '../../../src/cli/replay.ts';
import { open } from '../../support/raw-socket.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

const rehearsal = { type: 'rehearsal', firstAudioMs: { p50: 50, p95: 60 } };
const keys = [
  { id: 'app', keyEnv: 'APP_KEY', agents: ['desk'] },
  { id: 'house', keyEnv: 'HOUSE_KEY', agents: ['*'] },
];
const env = { APP_KEY: 'app-key-0123456789', HOUSE_KEY: 'house-key-0123456789' };

let gateway: TestGateway;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-operated-'));
  gateway = await startGateway({
    config: JSON.stringify({
      auth: { keys },
      server: { faultInjection: true },
      backends: { one: rehearsal, other: rehearsal },
      agents: { desk: { backends: ['one', 'other'], recording: { consent: 'operator' } } },
      recordings: { dir: folder, minFreeMiB: 0 },
    }),
    env,
  });
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Shown {
  readonly out: string | null;
  readonly handovers: readonly unknown[];
  readonly events: readonly { readonly type: string }[];
}

async function shown(callId: string): Promise<Shown> {
  const headers = { authorization: `Bearer ${env.HOUSE_KEY}` };
  return (await (await fetch(`${gateway.url}/api/calls/${callId}`, { headers })).json()) as Shown;
}

const post = (path: string, key: string): Promise<Response> =>
  fetch(`${gateway.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}` } });

type Socket = Awaited<ReturnType<typeof open>>['socket'];

async function openCall(): Promise<{ callId: string; socket: Socket }> {
  const { headers, socket } = await open(`${gateway.wsUrl}/v1/realtime?model=desk`, [], {
    headers: { authorization: `Bearer ${env.APP_KEY}` },
  });
  await socket.next(({ type }) => type === 'session.created');
  return { callId: String(headers['parley-call-id']), socket };
}

test('an operator sends a call to another backend; an app may not', async () => {
  const { callId, socket } = await openCall();
  const path = `/api/calls/${callId}/handover`;
  expect((await post(path, env.APP_KEY)).status).toBe(403);
  expect((await post(`${path}?to=nobody`, env.HOUSE_KEY)).status).toBe(400);
  expect((await post('/api/calls/call_none/handover', env.HOUSE_KEY)).status).toBe(404);
  expect((await post(`${path}?to=other`, env.HOUSE_KEY)).status).toBe(202);
  await expect
    .poll(async () => (await shown(callId)).handovers, { timeout: 5000 })
    .toMatchObject([{ from: 'one', to: 'other', cause: 'operator' }]);
  socket.close();
  await socket.closed;
});

test('an operator makes the backend of a call fail, and the next one takes over', async () => {
  const { callId, socket } = await openCall();
  const path = `/api/calls/${callId}/break-backend`;
  expect((await post(path, env.APP_KEY)).status).toBe(403);
  expect((await post('/api/calls/call_none/break-backend', env.HOUSE_KEY)).status).toBe(404);
  // A backend that is not open yet cannot die.
  await expect.poll(async () => (await post(path, env.HOUSE_KEY)).status).toBe(202);
  await expect
    .poll(async () => (await shown(callId)).handovers, { timeout: 5000 })
    .toMatchObject([{ from: 'one', to: 'other', cause: 'backend_closed' }]);
  expect((await shown(callId)).events).toContainEqual(
    expect.objectContaining({ type: 'backend.failed', code: 'backend_closed' }),
  );
  socket.close();
  await socket.closed;
  await expect.poll(async () => (await post(path, env.HOUSE_KEY)).status).toBe(404);
});

test('what operators did comes again when the call is made again', async () => {
  const { callId, socket } = await openCall();
  await expect
    .poll(async () => (await post(`/api/calls/${callId}/handover`, env.HOUSE_KEY)).status)
    .toBe(202);
  await expect.poll(async () => (await shown(callId)).handovers).toHaveLength(1);
  await post(`/api/calls/${callId}/break-backend`, env.HOUSE_KEY);
  await expect.poll(async () => (await shown(callId)).handovers).toHaveLength(2);
  socket.close();
  await socket.closed;
  const inputs = `${gateway.url}/api/calls/${callId}/recording/inputs`;
  const headers = { authorization: `Bearer ${env.HOUSE_KEY}` };
  await expect
    .poll(async () => (await fetch(inputs, { headers })).status, { timeout: 10_000 })
    .toBe(200);
  const again = await replayFolder(join(folder, (await shown(callId)).out!), 150);
  // On a busy machine timers are late.
  expect(again.differences.filter(({ kind }) => kind !== 'changed')).toEqual([]);
});

test('what a key may do with calls is said beside the agents', async () => {
  const may = async (key: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${key}` };
    const body = (await (await fetch(`${gateway.url}/api/agents`, { headers })).json()) as object;
    return (body as { may: unknown }).may;
  };
  expect(await may(env.HOUSE_KEY)).toEqual({ handOver: true, breakBackend: true });
  expect(await may(env.APP_KEY)).toEqual({ handOver: false, breakBackend: false });
});
