import { describe, expect, it } from 'vitest';
import { createOpenAiRealtimeClient } from '../../../adapters/clients/openai-realtime/index.ts';
import type { ClientRequest } from '../../../src/ports/client.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { FakeCall } from '../../support/fake-call.ts';
import { FakeSocket } from './fake-socket.ts';

const client = createOpenAiRealtimeClient({
  clock: new ManualClock(),
  ids: countingIds(),
  log: silentLogger,
});

function request(over: Partial<ClientRequest> & { search?: string } = {}): ClientRequest {
  return {
    path: '/v1/realtime',
    query: new URLSearchParams(over.search),
    headers: {},
    subprotocols: [],
    ...over,
  };
}

describe('credentials', () => {
  it('are taken from wherever stock clients put them', () => {
    const subprotocols = ['realtime', 'openai-insecure-api-key.sub', 'openai-organization.org'];
    const headers = { authorization: 'Bearer  head', 'api-key': 'azure' };
    expect(client.credentials(request({ headers, subprotocols }))).toEqual([
      'head',
      'azure',
      'sub',
    ]);
  });

  it('are none where there are none', () => {
    const headers = { authorization: 'Basic abc', 'api-key': '' };
    const subprotocols = ['openai-insecure-api-key.'];
    expect(client.credentials(request({ headers, subprotocols }))).toEqual([]);
  });
});

it.each([
  ['model=parrot', 'parrot'],
  ['model=gpt-realtime-2.1&x=y', 'gpt-realtime-2.1'],
  ['model=', null],
  ['', null],
])('?%s asks for the agent %s', (search, agent) => {
  expect(client.agent(request({ search }))).toBe(agent);
});

it.each([
  [['openai-insecure-api-key.k', 'realtime'], 'realtime'],
  [['openai-insecure-api-key.k'], null],
  [[], null],
])('of the subprotocols %j it selects %s', (subprotocols, selected) => {
  expect(client.subprotocol(request({ subprotocols }))).toBe(selected);
});

it.each([
  ['call_id=rtc_1', 'call_id'],
  ['intent=transcription', 'intent'],
])('?%s is refused before the upgrade', (search, param) => {
  expect(client.refusal(request({ search }))).toMatchObject({
    code: 'unsupported_by_backend',
    httpStatus: 400,
    param,
  });
});

it('an ordinary request is not refused', () => {
  expect(client.refusal(request({ search: 'model=parrot' }))).toBeNull();
});

it.each([
  ['header', { headers: { 'openai-beta': 'realtime=v1' } }],
  ['subprotocol', { subprotocols: ['realtime', 'openai-beta.realtime-v1'] }],
])('the beta %s gets the documented error on the open socket, then 4000', (_, over) => {
  const socket = new FakeSocket();
  const call = new FakeCall();
  call.open();
  client.serve(socket, call, request(over));
  expect(socket.types).toEqual(['error']);
  expect(socket.events[0]).toMatchObject({ error: { code: 'beta_api_shape_disabled' } });
  expect(socket.closedWith?.code).toBe(4000);
  expect(call.closes).toMatchObject([{ code: 'beta_api_shape_disabled' }]);
  socket.receive({ type: 'input_audio_buffer.commit' });
  expect(call.commands).toEqual([]);
});

it('everybody else gets a session', () => {
  const socket = new FakeSocket();
  const call = new FakeCall();
  call.open();
  const headers = { 'openai-beta': 'assistants=v2' };
  client.serve(socket, call, request({ headers, subprotocols: ['realtime'] }));
  expect(socket.types).toEqual(['session.created']);
});
