import { afterEach, describe, expect, it } from 'vitest';
import type { FaultPlace, Habit, StandInFault, StandInOptions } from './options.ts';
import { RawRig, type RawClient } from './raw-client.ts';

let rig: RawRig;
afterEach(async () => {
  await rig.close();
  expect(rig.clock.pending).toBe(0);
  expect(rig.server.open).toBe(0);
});

const places: readonly FaultPlace[] = [
  { at: 'setup' },
  { at: 'ready' },
  { at: 'speech' },
  { at: 'turn' },
  { at: 'audio', afterMs: 0 },
  { at: 'audio', afterMs: 300 },
  { at: 'tool' },
  { at: 'toolResponse' },
  { at: 'playback' },
  { at: 'goAway' },
];

const options: StandInOptions = {
  firstAudioMs: { p50: 100, p95: 100 },
  answers: [{ text: 'one two three' }, { tools: [{ name: 'f', args: {} }] }, { text: 'four' }],
  connectionCapMs: 30_000,
  goAwayBeforeMs: 20_000,
};

/** A call that passes every place, as far as it gets. */
async function call(faults: readonly StandInFault[]): Promise<RawClient> {
  rig = await RawRig.start({ ...options, faults });
  const tools = [{ functionDeclarations: [{ name: 'f', behavior: 'BLOCKING' }] }];
  const client = await rig.connect();
  const wait = async (ready: () => boolean): Promise<void> => {
    for (let step = 0; step < 700 && !ready() && !client.over; step += 1) await rig.pass(20);
  };
  if (!client.over) client.send({ setup: { model: 'models/gemini-3.8-live', tools } });
  await wait(() => client.messages.length > 0);
  if (!client.over) {
    await client.count(1, 2);
    await client.silence(600);
  }
  await wait(() => client.turnsComplete === 1);
  if (!client.over) client.send({ realtimeInput: { text: 'More.' } });
  await wait(() => client.messages.some(({ toolCall }) => toolCall));
  const [function_] = client.messages.flatMap(({ toolCall }) => toolCall?.functionCalls ?? []);
  if (!client.over && function_ !== undefined) {
    const response = { id: function_.id, name: 'f', response: {} };
    client.send({ toolResponse: { functionResponses: [response] } });
  }
  await wait(() => client.turnsComplete === 2);
  await wait(() => client.messages.some(({ goAway }) => goAway));
  await rig.pass(100);
  return client;
}

describe('mishaps', () => {
  it('do not happen by themselves', async () => {
    const client = await call([]);
    expect(client.closed).toBeNull();
    expect(client.turnsComplete).toBe(2);
    expect(client.messages.at(-1)).toEqual({ goAway: { timeLeft: '20s' } });
  });

  it.each(places)('close with any code at %j', async (place) => {
    const client = await call([{ kind: 'close', code: 4321, reason: 'Told to.', ...place }]);
    expect(client.closed).toEqual({ code: 4321, reason: 'Told to.' });
  });

  it.each(places)('drop the line at %j', async (place) => {
    const client = await call([{ kind: 'drop', ...place }]);
    expect(client.closed?.code).toBe(1006);
  });

  it.each(places)('fall silent at %j', async (place) => {
    const client = await call([{ kind: 'stall', ...place }]);
    const count = client.messages.length;
    expect(client.closed).toBeNull();
    expect(client.turnsComplete).toBeLessThan(place.at === 'goAway' ? 3 : 2);
    await rig.pass(30_000);
    expect(client.messages).toHaveLength(count);
    expect(client.closed).toBeNull();
  });

  it.each(places)('say something at %j, and go on', async (place) => {
    const client = await call([{ kind: 'send', text: '{"news":1}', ...place }]);
    expect(client.messages.filter((message) => 'news' in message)).toHaveLength(1);
    expect(client.turnsComplete).toBe(2);
  });

  it('refuse, drop or ignore the handshake', async () => {
    const client = await call([
      { kind: 'refuse', status: 503, connection: 1 },
      { kind: 'drop', at: 'handshake', connection: 2 },
      { kind: 'stall', at: 'handshake', connection: 3 },
    ]);
    expect(client.refused).toBe(503);
    const second = await rig.connect();
    expect(second.over).toBe(true);
    await expect(rig.connect()).rejects.toThrow('not within');
    expect((await rig.open()).messages).toHaveLength(1);
  });

  it('can be thought of later', async () => {
    rig = await RawRig.start(options);
    const client = await rig.open();
    rig.server.inject({ kind: 'close', code: 1011, reason: '', at: 'turn' });
    client.send({ realtimeInput: { text: 'Hello' } });
    await client.until(() => client.closed !== null);
    expect(client.closed?.code).toBe(1011);
  });

  it('are done by hand: silence of the whole machine, a message, an end', async () => {
    rig = await RawRig.start(options);
    const client = await rig.open();
    rig.session.freeze();
    client.send({ realtimeInput: { text: 'Hello' } });
    await rig.pass(2000);
    expect(client.audio.byteLength).toBe(0);
    rig.session.thaw();
    rig.session.sendText('{"news":2}');
    await client.until(() => client.audio.byteLength > 0);
    expect(client.messages.some((message) => 'news' in message)).toBe(true);
    rig.session.drop();
    await client.until(() => client.closed !== null);
  });
});

describe('habits', () => {
  async function habit(name: Habit): Promise<RawClient> {
    const faults: StandInFault[] = [{ kind: 'habit', habit: name }];
    rig = await RawRig.start({
      ...options,
      answers: [{ text: 'one two three four five six seven eight' }],
      faults,
    });
    const client = await rig.open({ outputAudioTranscription: {} });
    client.send({ realtimeInput: { text: 'Hello' } });
    await client.until(() => client.audio.byteLength > 0);
    return client;
  }

  const whole = 48 * 300 * 8;

  it('burst: all audio at once', async () => {
    const client = await habit('burst');
    expect(client.audio.byteLength).toBe(whole);
  });

  it('trickle: half of real time', async () => {
    const client = await habit('trickle');
    const began = rig.clock.nowMs();
    await client.until(() => client.audio.byteLength === whole);
    expect(rig.clock.nowMs() - began).toBeGreaterThan(4600);
  });

  it('late_transcripts: after turnComplete', async () => {
    const client = await habit('late_transcripts');
    await client.until(() => client.turnsComplete === 1);
    const written = (): boolean => client.contents.some((content) => content.outputTranscription);
    expect(written()).toBe(false);
    await rig.pass(300);
    expect(written()).toBe(true);
  });

  it('audio_with_interrupted', async () => {
    const client = await habit('audio_with_interrupted');
    client.send({ realtimeInput: { text: 'Stop' } });
    await client.until(() => client.turnsComplete === 1);
    expect(client.kinds).toContain('interrupted+modelTurn');
  });

  it('no_turn_complete_after_interrupted', async () => {
    const client = await habit('no_turn_complete_after_interrupted');
    client.send({ realtimeInput: { text: 'Stop' } });
    await client.until(() => client.turnsComplete === 1);
    expect(client.kinds).toEqual([
      'setupComplete',
      'modelTurn',
      'interrupted',
      'modelTurn',
      'generationComplete',
      'turnComplete+interactionStatus',
    ]);
  });

  it('no_turn_complete', async () => {
    const client = await habit('no_turn_complete');
    await rig.pass(10_000);
    expect(client.turnsComplete).toBe(0);
    expect(client.kinds).toContain('generationComplete');
  });

  it('combined: the last audio ends the generation', async () => {
    const client = await habit('combined');
    await client.until(() => client.turnsComplete === 1);
    expect(client.kinds).toContain('modelTurn+generationComplete');
    expect(client.kinds).not.toContain('generationComplete');
  });

  it('unknown_fields, everywhere', async () => {
    const client = await habit('unknown_fields');
    expect(client.messages[0]).toHaveProperty('hologram');
    expect(client.contents[0]).toHaveProperty('hologram');
  });

  it('text_frames and fragments', async () => {
    const client = await habit('text_frames');
    expect(client.textFrames).toBe(client.messages.length);
    await rig.close();
    const other = await habit('fragments');
    await other.until(() => other.turnsComplete === 1);
    expect(other.audio.byteLength).toBe(whole);
    expect(other.textFrames).toBe(0);
  });
});
