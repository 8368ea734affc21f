import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { replayFolder } from '../../../src/cli/replay.ts';
import type { CallRecord } from '../../../src/ports/store.ts';
import { readFlac } from '../../support/flac-reader.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

let folder: string;
let gateway: TestGateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-recorded-'));
  const rehearsal = { type: 'rehearsal', firstAudioMs: { p50: 50, p95: 60 } };
  gateway = await startGateway({
    env: { FRONT: 'front-key', OTHER: 'other-key' },
    config: JSON.stringify({
      auth: {
        keys: [
          { id: 'front', keyEnv: 'FRONT', agents: ['always', 'asked', 'secret'] },
          { id: 'other', keyEnv: 'OTHER', agents: ['asked'] },
        ],
      },
      backends: { stage: rehearsal },
      agents: {
        always: { backends: ['stage'], recording: { consent: 'operator' } },
        asked: { backends: ['stage'], recording: { consent: 'client' } },
        secret: {
          backends: ['stage'],
          recording: { consent: 'operator' },
          redact: [{ regex: '[a-z]' }],
        },
      },
      store: { type: 'sqlite', path: join(folder, 'calls.sqlite') },
      recordings: { dir: join(folder, 'recordings'), minFreeMiB: 0 },
    }),
  });
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

const headers = { authorization: 'Bearer front-key' };
const said = Int16Array.from({ length: 24_000 }, (_, index) => ((index * 37) % 2_000) - 1_000);

/** A call of a second of sound in manual turns, and an answer that is heard for a moment. */
async function call(agent: string, query = ''): Promise<string> {
  const url = `${gateway.wsUrl}/v1/realtime?model=${agent}${query}`;
  const socket = new WebSocket(url, { headers });
  let callId = '';
  socket.on('upgrade', ({ headers: answered }) => (callId = String(answered['parley-call-id'])));
  const send = (event: unknown): void => socket.send(JSON.stringify(event));
  const heard = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      const event = JSON.parse(data.toString()) as { type: string; item_id?: string };
      if (event.type === 'session.created') {
        const input = { turn_detection: null };
        send({ type: 'session.update', session: { type: 'realtime', audio: { input } } });
        const sound = Buffer.from(said.buffer).toString('base64');
        send({ type: 'input_audio_buffer.append', audio: sound });
        send({ type: 'input_audio_buffer.commit' });
        send({ type: 'response.create' });
      }
      if (event.type === 'response.output_audio.delta') {
        send({ type: 'parley.playback', item_id: event.item_id, played_ms: 20 });
        resolve();
      }
    });
  });
  await heard;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.close();
  await closed;
  await expect
    .poll(async () => (await record(callId))?.durationMs ?? null, { timeout: 10_000 })
    .not.toBeNull();
  return callId;
}

async function record(callId: string): Promise<CallRecord | null> {
  const answer = await fetch(`${gateway.url}/api/calls/${callId}`, { headers });
  return answer.ok ? ((await answer.json()) as CallRecord) : null;
}

async function file(
  callId: string,
  name: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const path = `${gateway.url}/api/calls/${callId}/recording/${name}`;
  return await fetch(path, { headers: { ...headers, ...more } });
}

test('a call is recorded, kept, found, given back in parts, and made again', async () => {
  const callId = await call('always');
  const kept = (await record(callId))!;
  expect(kept).toMatchObject({ agent: 'always', outcome: { kind: 'client' }, disposition: null });
  expect(kept.out).toMatch(new RegExp(`^\\d{4}/\\d\\d/\\d\\d/${callId}$`));
  await expect
    .poll(async () => (await file(callId, 'audio')).status, { timeout: 10_000 })
    .toBe(200);
  const sound = await readFlac(new Uint8Array(await (await file(callId, 'audio')).arrayBuffer()));
  const [left, right] = sound.channels;
  const from = left!.indexOf(said[1]!) - 1;
  expect(left!.subarray(from, from + said.length)).toEqual(said);
  expect(right!.some((sample) => sample !== 0)).toBe(true);
  const part = await file(callId, 'audio', { range: 'bytes=0-3' });
  expect([part.status, part.headers.get('content-length')]).toEqual([206, '4']);
  expect(await part.text()).toBe('fLaC');
  expect((await file(callId, 'nothing')).status).toBe(404);
  expect((await file(callId, '..%2f..%2fcalls.sqlite')).status).toBe(404);
  const found = await fetch(`${gateway.url}/api/calls?q=${callId.toUpperCase()}`, { headers });
  expect(await found.json()).toMatchObject({ calls: [{ callId, active: false }] });
  const place = join(folder, 'recordings', kept.out!);
  const again = await replayFolder(place, 150);
  // On a busy machine timers are late, and what had been sent at the end is not quite the same.
  expect(again.differences.filter(({ kind }) => kind !== 'changed')).toEqual([]);
  expect(again.recordedEntries).toBeGreaterThan(5);
});

test('without consent there is no recording; a redacted call keeps nothing that was not looked at', async () => {
  const [without, withConsent, secret] = await Promise.all([
    call('asked'),
    call('asked', '&parley-recording-consent=yes'),
    call('secret'),
  ]);
  expect((await record(without))!.out).toBeNull();
  expect((await record(withConsent))!.out).not.toBeNull();
  await expect
    .poll(async () => (await file(secret, 'audio')).status, { timeout: 10_000 })
    .toBe(200);
  const { out } = (await record(secret))!;
  expect(readdirSync(join(folder, 'recordings', out!)).sort()).toEqual([
    ...['call.json', 'events.jsonl', 'recording.flac', 'transcript.txt'],
  ]);
  // Every turn and every line has something in it that is to be taken out.
  const bytes = readFileSync(join(folder, 'recordings', out!, 'recording.flac'));
  for (const channel of (await readFlac(bytes)).channels) {
    expect(channel.every((sample) => sample === 0)).toBe(true);
  }
});

test('recordings are for those who may see the call', async () => {
  const callId = await call('always');
  const path = `${gateway.url}/api/calls/${callId}/recording/audio`;
  const other = { authorization: 'Bearer other-key' };
  expect((await fetch(path)).status).toBe(401);
  expect((await fetch(path, { headers: other })).status).toBe(404);
  const origin = 'https://elsewhere.example';
  expect((await fetch(path, { headers: { ...headers, origin } })).status).toBe(403);
  expect(await (await fetch(`${gateway.url}/api/calls`, { headers: other })).json()).toMatchObject({
    calls: expect.not.arrayContaining([expect.objectContaining({ agent: 'always' })]) as unknown,
  });
});
