import { afterEach, describe, expect, it } from 'vitest';
import type { StandInOptions } from './options.ts';
import { RawRig, type RawClient, type Wish } from './raw-client.ts';

let rig: RawRig;
afterEach(async () => {
  await rig.close();
  expect(rig.clock.pending).toBe(0);
});

const compressed = { contextWindowCompression: { slidingWindow: {} } };

async function open(options: StandInOptions, setup: Wish = {}): Promise<RawClient> {
  rig = await RawRig.start({ firstAudioMs: { p50: 100, p95: 100 }, ...options });
  return rig.open({ sessionResumption: {}, ...compressed, ...setup });
}

/** A new connection of the session with this handle. */
async function resume(handle: string | null, setup: Wish = {}): Promise<RawClient> {
  const client = await rig.open({ sessionResumption: { handle }, ...compressed, ...setup });
  await rig.pass(20);
  return client;
}

async function leave(client: RawClient): Promise<void> {
  client.socket.close();
  await client.until(() => rig.server.open === 0, 2000);
}

async function turn(client: RawClient): Promise<void> {
  const before = client.turnsComplete;
  client.send({ realtimeInput: { text: 'Go on.' } });
  await client.until(() => client.turnsComplete > before);
}

describe('resumption', () => {
  it('gives handles when it can be resumed and says when it cannot', async () => {
    const client = await open({});
    await client.until(() => client.handle !== null);
    client.send({ realtimeInput: { text: 'Hello' } });
    await client.until(() => client.audio.byteLength > 0);
    expect(client.handle).toBeNull();
    await client.until(() => client.turnsComplete === 1);
    expect(client.handle).not.toBeNull();
    const updates = client.messages.flatMap((message) => message.sessionResumptionUpdate ?? []);
    expect(updates.map(({ resumable }) => resumable)).toEqual([true, undefined, true]);
    expect(new Set(updates.map(({ newHandle }) => newHandle)).size).toBe(3);
  });

  it('gives none where none was asked for', async () => {
    const client = await open({}, { sessionResumption: undefined });
    await turn(client);
    expect(client.messages.some((message) => message.sessionResumptionUpdate)).toBe(false);
  });

  it('goes on from the history of the handle, over five goAways, with no number lost or repeated', async () => {
    let client = await open({
      answers: [{ count: 4 }],
      connectionCapMs: 5000,
      goAwayBeforeMs: 2000,
    });
    const heard: number[] = [];
    for (let connection = 0; connection < 6; connection += 1) {
      await turn(client);
      heard.push(...client.numbers);
      await client.until(() => client.messages.some(({ goAway }) => goAway?.timeLeft === '2s'));
      const { handle } = client;
      await leave(client);
      client = await resume(handle);
    }
    expect(heard).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    expect(rig.server.sessions).toHaveLength(7);
    expect(rig.server.conversations).toBe(1);
  });

  it('forgets what came after the handle: an old one repeats words, none at all begins anew', async () => {
    let client = await open({ answers: [{ count: 3 }] });
    await turn(client);
    const { handle } = client;
    await turn(client);
    expect(client.numbers).toEqual([1, 2, 3, 4, 5, 6]);
    await leave(client);
    client = await resume(handle);
    await turn(client);
    expect(client.numbers).toEqual([4, 5, 6]);
    await leave(client);
    client = await rig.open({ sessionResumption: {} });
    await turn(client);
    expect(client.numbers).toEqual([1, 2, 3]);
    expect(rig.server.conversations).toBe(2);
  });

  it('knows nothing of a call that was pending', async () => {
    const tools = [{ functionDeclarations: [{ name: 'f', behavior: 'BLOCKING' }] }];
    const client = await open({ answers: [{ tools: [{ name: 'f', args: {} }] }] }, { tools });
    const { handle } = client;
    client.send({ realtimeInput: { text: 'Hello' } });
    await client.until(() => client.messages.some(({ toolCall }) => toolCall));
    const { id } = client.messages.find(({ toolCall }) => toolCall)!.toolCall!.functionCalls[0]!;
    expect(client.handle).toBeNull();
    await leave(client);
    const next = await resume(handle, { tools });
    next.send({ toolResponse: { functionResponses: [{ id, name: 'f', response: {} }] } });
    await next.until(() => next.closed !== null);
    expect(next.closed?.code).toBe(1008);
  });

  it('is refused while the old connection is open', async () => {
    const client = await open({});
    const { handle } = client;
    expect((await resume(handle)).closed?.code).toBe(1011);
    expect(client.closed).toBeNull();
    await leave(client);
    expect((await resume(handle)).closed).toBeNull();
  });

  it('is refused with another model', async () => {
    const client = await open({});
    await leave(client);
    const model = 'models/gemini-3.1-flash-live-preview';
    expect((await resume(client.handle, { model })).closed?.code).toBe(1007);
  });

  it('is refused when the handle is too old', async () => {
    const client = await open({ handleTtlMs: 10_000 });
    await leave(client);
    await rig.pass(10_100);
    expect((await resume(client.handle)).closed?.code).toBe(1008);
  });
});

describe('limits', () => {
  it('ends a connection at its cap, after a word of warning', async () => {
    const client = await open({ connectionCapMs: 8000, goAwayBeforeMs: 3000 });
    await rig.pass(5020);
    expect(client.messages.at(-1)).toEqual({ goAway: { timeLeft: '3s' } });
    await rig.pass(2900);
    expect(client.closed).toBeNull();
    await rig.pass(200);
    expect(client.closed?.code).toBe(1008);
  });

  it('ends a session without compression at its cap, over all its connections', async () => {
    const client = await open({ uncompressedCapMs: 6000 }, { contextWindowCompression: undefined });
    await rig.pass(4000);
    await leave(client);
    const next = await resume(client.handle, { contextWindowCompression: undefined });
    await rig.pass(1500);
    expect(next.closed).toBeNull();
    await rig.pass(600);
    expect(next.closed?.code).toBe(1011);
  });

  it('answers pings late', async () => {
    const client = await open({ pongDelayMs: 20_000 });
    let pongs = 0;
    client.socket.on('pong', () => (pongs += 1));
    client.socket.ping();
    await rig.pass(19_000);
    expect(pongs).toBe(0);
    await rig.pass(1100);
    expect(pongs).toBe(1);
  });
});
