import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { ScriptedBackend } from '../support/scripted-backend.ts';
import { House } from '../soak/house.ts';
import { BadClient } from './client.ts';
import { passing } from './passing.ts';

const config = `
server: { defaultAgent: rehearsal, drainMs: 0 }
backends:
  refuses: { type: rehearsal, fail: { kind: refuse } }
  closes: { type: rehearsal, firstAudioMs: { p50: 20, p95: 20 }, fail: { kind: close, turn: 1, atMs: 100 } }
  stalls: { type: rehearsal, fail: { kind: stall, atMs: 0 } }
  raves: { type: rehearsal, firstAudioMs: { p50: 20, p95: 20 }, fail: { kind: nonsense, turn: 1 } }
  never: { type: rehearsal }
  babbles: { type: rehearsal }
agents:
  parrot: { backends: [rehearsal] }
  refused: { backends: [refuses] }
  saved: { backends: [refuses, rehearsal] }
  cut: { backends: [closes] }
  continued: { backends: [closes, rehearsal] }
  stalled: { backends: [stalls] }
  raving: { backends: [raves] }
  waiting: { backends: [never, rehearsal] }
  babbling: { backends: [babbles] }
`;

const clock = new ManualClock();
const never = new ScriptedBackend({ name: 'never', opening: 'held' });
const babbles = new ScriptedBackend({ name: 'babbles' });
let house: House;

beforeAll(async () => {
  house = await House.open({ config, clock, backends: [never, babbles] });
});

afterAll(() => house.close());

async function ask(agent: string): Promise<BadClient> {
  const client = await BadClient.open(house.callUrl(agent));
  client.send({ type: 'response.create' });
  return client;
}

/** The log of the newest call of an agent. */
async function log(agent: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const list = await fetch(`${house.gateway.url}/api/calls`);
  const { calls } = (await list.json()) as { calls: { callId: string; agent: string }[] };
  const callId = calls.find((call) => call.agent === agent)!.callId;
  const record = await fetch(`${house.gateway.url}/api/calls/${callId}`);
  return ((await record.json()) as { events: Readonly<Record<string, unknown>>[] }).events;
}

describe('a backend that refuses, closes, stalls, sends nonsense', () => {
  test('refuses: with none left one error with its code and reason, then close 1011', async () => {
    const client = await BadClient.open(house.callUrl('refused'));
    expect(await client.closed).toMatchObject({
      code: 1011,
      reason: 'the rehearsal was told to refuse',
    });
    expect(client.errors).toMatchObject([
      { code: 'backend_refused', message: 'the rehearsal was told to refuse' },
    ]);
  });

  test('refuses: the next backend of the agent answers, and the client sees no error', async () => {
    const client = await ask('saved');
    const done = await passing(clock, client.next('response.done'));
    expect(done).toMatchObject({ response: { status: 'completed' } });
    expect(client.codes).toEqual([]);
    const failures = (await log('saved')).filter(({ type }) => type === 'backend.failed');
    expect(failures).toMatchObject([{ backend: 'refuses', code: 'backend_refused' }]);
    await client.close();
  });

  test('does not open in time: the next backend answers', async () => {
    const client = await ask('waiting');
    const done = await passing(clock, client.next('response.done'));
    expect(done).toMatchObject({ response: { status: 'completed' } });
    const failures = (await log('waiting')).filter(({ type }) => type === 'backend.failed');
    expect(failures).toMatchObject([{ backend: 'never', code: 'backend_stalled' }]);
    await client.close();
  });

  test('closes in the middle of an answer: the response fails, one error, close 1011', async () => {
    const client = await ask('cut');
    expect(await passing(clock, client.closed)).toMatchObject({ code: 1011 });
    expect(client.codes).toEqual(['backend_closed']);
    const done = client.events.find(({ type }) => type === 'response.done');
    expect(done).toMatchObject({ response: { status: 'failed' } });
    expect(client.events.at(-1)?.type).toBe('error');
  });

  test('closes in the middle of an answer: the next backend goes on, without an error', async () => {
    const client = await ask('continued');
    await passing(clock, client.count('response.done', 2));
    expect(client.events.filter(({ type }) => type === 'response.done')).toMatchObject([
      { response: { status: 'incomplete' } },
      { response: { status: 'completed' } },
    ]);
    expect(client.codes).toEqual([]);
    await client.close();
  });

  test('stalls: after 20 s without a sign of life one error, then close 1011', async () => {
    const client = await ask('stalled');
    const startMs = clock.nowMs();
    expect(await passing(clock, client.closed)).toMatchObject({ code: 1011 });
    expect(clock.nowMs() - startMs).toBeGreaterThanOrEqual(20_000);
    expect(client.codes).toEqual(['backend_stalled']);
  });

  test('some nonsense between good answers is dropped, and the call goes on', async () => {
    const client = await ask('raving');
    const done = await passing(clock, client.next('response.done'));
    expect(done).toMatchObject({ response: { status: 'completed' } });
    await client.works();
    expect(client.codes).toEqual(['item_not_found']);
    await client.close();
  });

  test('nothing but nonsense: one error, then close 1011', async () => {
    const client = await BadClient.open(house.callUrl('babbling'));
    await client.works();
    for (let event = 0; event < 101; event += 1) {
      const bytes = new Uint8Array(960);
      babbles.session.emit({ type: 'line.audio', lineId: `line_${event}`, bytes });
    }
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(client.codes).toEqual(['item_not_found', 'backend_protocol']);
    expect(babbles.session.closed).toBe(true);
  });
});
