import { afterEach, describe, expect, it } from 'vitest';
import type { StandInOptions } from './options.ts';
import { RawRig, type RawClient } from './raw-client.ts';

let rig: RawRig;
afterEach(() => rig.close());

type Behavior = 'BLOCKING' | 'NON_BLOCKING';

const calls = [
  { name: 'find_room', args: { guests: 2 } },
  { name: 'find_table', args: {} },
];
const done = { text: 'It is done' };

async function open(
  answers: NonNullable<StandInOptions['answers']>,
  behavior: Behavior,
  options: StandInOptions = {},
): Promise<RawClient> {
  rig = await RawRig.start({ answers, firstAudioMs: { p50: 100, p95: 100 }, ...options });
  const functionDeclarations = calls.map(({ name }) => ({ name, behavior }));
  const client = await rig.open({ tools: [{ functionDeclarations }] });
  client.send({ realtimeInput: { text: 'Please.' } });
  return client;
}

function called(client: RawClient): readonly { id: string; name: string }[] {
  return client.messages.flatMap(({ toolCall }) => toolCall?.functionCalls ?? []);
}

function respond(client: RawClient, which: number, more: object = {}): void {
  const { id, name } = called(client)[which]!;
  const response = { id, name, response: { output: 'ok' }, ...more };
  client.send({ toolResponse: { functionResponses: [response] } });
}

describe('blocking functions', () => {
  it('are answered one by one, and the turn goes on after the last', async () => {
    const client = await open([{ tools: calls, text: 'One moment' }, done], 'BLOCKING');
    await client.until(() => called(client).length === 2);
    respond(client, 1);
    await rig.pass(3000);
    expect(client.turnsComplete).toBe(0);
    expect(rig.session.history).toHaveLength(4);
    respond(client, 0);
    await client.until(() => client.turnsComplete === 1);
    expect(client.kinds).toEqual([
      'setupComplete',
      'modelTurn',
      'toolCall',
      'modelTurn',
      'generationComplete',
      'turnComplete+interactionStatus',
    ]);
    expect(rig.session.history.at(-1)).toMatchObject({ text: 'It is done' });
  });

  it('are not over before all that was said has been played', async () => {
    const client = await open([{ tools: [calls[0]!], text: 'One moment' }, done], 'BLOCKING');
    await client.until(() => client.audio.byteLength > 0);
    const beganMs = rig.clock.nowMs();
    await client.until(() => called(client).length === 1);
    respond(client, 0);
    await client.until(() => client.turnsComplete === 1);
    expect(rig.clock.nowMs() - beganMs).toBeCloseTo(600 + 900, -2);
  });

  it('are cancelled when the caller interrupts; a late response is odd and no more', async () => {
    const client = await open([{ tools: calls }, done], 'BLOCKING');
    await client.until(() => called(client).length === 2);
    await client.count(1, 2);
    expect(client.kinds.slice(-3)).toEqual([
      'toolCallCancellation',
      'interrupted',
      'turnComplete+interactionStatus',
    ]);
    const cancelled = client.messages.flatMap(({ toolCallCancellation: all }) => all?.ids ?? []);
    expect(cancelled).toEqual(called(client).map(({ id }) => id));
    respond(client, 0);
    await client.silence(600);
    await client.until(() => client.turnsComplete === 2);
    expect(client.closed).toBeNull();
    expect(rig.session.oddities).toEqual([`response to the cancelled call ${cancelled[0]}`]);
  });

  it('must be answered under their own name', async () => {
    const client = await open([{ tools: calls }, done], 'BLOCKING');
    await client.until(() => called(client).length === 2);
    respond(client, 0, { name: 'find_table' });
    await client.until(() => client.closed !== null);
    expect(client.closed?.code).toBe(1007);
  });

  it('must be answered once, with a response', async () => {
    const client = await open([{ tools: calls }, done], 'BLOCKING');
    await client.until(() => called(client).length === 2);
    respond(client, 0);
    respond(client, 0);
    await client.until(() => client.closed !== null);
    expect(client.closed?.code).toBe(1008);
    const other = await rig.open({ tools: [{ functionDeclarations: [{ name: 'find_room' }] }] });
    other.send({ toolResponse: { functionResponses: [{ id: 'x', name: 'find_room' }] } });
    await other.until(() => other.closed !== null);
    expect(other.closed?.code).toBe(1007);
  });

  it('are not called where they are not declared, and not after they were taken away', async () => {
    const client = await open([{ tools: [{ name: 'other', args: {} }] }], 'BLOCKING');
    await client.until(() => client.turnsComplete === 1);
    expect(rig.session.history.at(-1)).toMatchObject({ text: 'I cannot do that.' });
    client.send({
      contextUpdate: { tools: { tools: [{ functionDeclarations: [{ name: 'other' }] }] } },
    });
    client.send({ realtimeInput: { text: 'Now?' } });
    await client.until(() => called(client).length === 1);
    expect(rig.session.context?.functions).toEqual(new Map([['other', 'NON_BLOCKING']]));
  });

  it('are not called again when their result is told in words', async () => {
    const client = await open([{ tools: [calls[0]!] }, done], 'BLOCKING');
    client.send({ realtimeInput: { text: 'find_room has found the blue room.' } });
    await client.until(() => client.turnsComplete === 2);
    expect(called(client)).toEqual([]);
    expect(rig.session.history.at(-1)).toMatchObject({ text: 'It is done' });
  });

  it('may be announced twice', async () => {
    const client = await open([{ tools: calls }, done], 'BLOCKING', {
      faults: [{ kind: 'habit', habit: 'duplicate_tool_calls' }],
    });
    await client.until(() => called(client).length === 4);
    expect(new Set(called(client).map(({ id }) => id)).size).toBe(2);
  });
});

describe('functions that do not block', () => {
  const [call] = calls;
  const script = [{ tools: [call!], text: 'I am looking' }, done];

  async function pending(): Promise<RawClient> {
    const client = await open(script, 'NON_BLOCKING');
    await client.until(() => client.turnsComplete === 1);
    expect(client.contents.at(-1)?.interactionStatus).toBe('IN_PROGRESS');
    return client;
  }

  it('are acknowledged without a word and answered later', async () => {
    const client = await pending();
    respond(client, 0, { response: {}, willContinue: true });
    await rig.pass(3000);
    expect(client.turnsComplete).toBe(1);
    respond(client, 0, { willContinue: false });
    await client.until(() => client.turnsComplete === 2);
    expect(client.contents.at(-1)?.interactionStatus).toBe('IDLE');
    expect(rig.session.history.at(-1)).toMatchObject({ text: 'It is done' });
  });

  it('say nothing about a silent response', async () => {
    const client = await pending();
    respond(client, 0, { scheduling: 'SILENT' });
    await rig.pass(3000);
    expect(client.turnsComplete).toBe(1);
    expect(rig.session.history.at(-1)?.responses).toHaveLength(1);
  });

  it('wait for the caller, who is speaking', async () => {
    const client = await pending();
    const spoken = client.audio.byteLength;
    await client.count(1, 2);
    respond(client, 0);
    await client.count(3, 8);
    expect(client.audio.byteLength).toBe(spoken);
    await client.silence(600);
    await client.until(() => client.turnsComplete === 2);
    expect(rig.session.history.at(-1)).toMatchObject({ text: 'It is done' });
    await rig.pass(3000);
    expect(client.turnsComplete).toBe(2);
  });

  it.each([
    ['WHEN_IDLE', false],
    ['INTERRUPT', true],
  ])('wait or interrupt: %s', async (scheduling, interrupts) => {
    const client = await open(script, 'NON_BLOCKING');
    await client.until(() => client.audio.byteLength > 0);
    respond(client, 0, { scheduling });
    await client.until(() => client.turnsComplete === 2);
    expect(client.kinds.includes('interrupted')).toBe(interrupts);
    expect(rig.session.history.at(-1)).toMatchObject({ text: 'It is done' });
  });

  it('are not cancelled by an interruption', async () => {
    const client = await open(script, 'NON_BLOCKING');
    await client.until(() => client.audio.byteLength > 0);
    await client.count(1, 2);
    expect(client.kinds).toContain('interrupted');
    expect(client.kinds).not.toContain('toolCallCancellation');
    respond(client, 0);
    await client.silence(600);
    await client.until(() => client.turnsComplete === 2);
    expect(client.closed).toBeNull();
  });
});
