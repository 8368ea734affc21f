import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { House } from '../soak/house.ts';
import { BadClient, manualTurns, pcm } from './client.ts';

const mebi = 1024 * 1024;
let house: House;

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

async function manualClient(): Promise<BadClient> {
  const client = await BadClient.open(house.callUrl());
  client.send(manualTurns);
  await client.next('session.updated');
  return client;
}

describe('a message over 15 MiB', () => {
  const cases = [
    ['an append of more than 15 MiB of audio', 'input_audio_buffer.append', 15 * mebi + 2],
    ['a message too long for the socket', 'input_audio_buffer.append', 17 * mebi],
    ['one that is not audio', 'conversation.item.create', 12 * mebi],
  ] as const;

  test.each(cases)('%s: error, then close 1009', async (_name, type, lengthBytes) => {
    const client = await manualClient();
    client.send({ type, audio: Buffer.alloc(lengthBytes).toString('base64') });
    expect(await client.closed).toMatchObject({ code: 1009 });
    expect(client.codes).toEqual(['message_too_large']);
  });
});

describe('audio faster than 10 × real time for over 30 s of audio', () => {
  test('29 s at once are taken, more is an error, then close 1008', async () => {
    const client = await BadClient.open(house.callUrl());
    for (let second = 0; second < 29; second += 1) client.append(pcm(1000));
    await client.works();
    for (let second = 0; second < 60; second += 1) client.append(pcm(1000));
    expect(await client.closed).toMatchObject({ code: 1008 });
    expect(client.codes.at(-1)).toBe('audio_too_fast');
  });

  test('manual mode: up to 15 MiB between commits at any pace, and again after each', async () => {
    const client = await manualClient();
    for (let turn = 1; turn <= 2; turn += 1) {
      for (let part = 0; part < 15; part += 1) client.append(new Uint8Array(mebi));
      client.send({ type: 'input_audio_buffer.commit' });
      await client.count('input_audio_buffer.committed', turn);
    }
    expect(client.codes).toEqual([]);
    await client.close();
  });

  test('manual mode: beyond 15 MiB the pace counts', async () => {
    const client = await manualClient();
    for (let part = 0; part < 19; part += 1) client.append(new Uint8Array(mebi));
    expect(await client.closed).toMatchObject({ code: 1008 });
    expect(client.codes).toEqual(['audio_too_fast']);
  });
});

describe('more messages or words than a client can mean', () => {
  test('a flood of messages is read at 1,000 a second, and loses none', async () => {
    const client = await BadClient.open(house.callUrl());
    const startMs = performance.now();
    for (let message = 0; message < 4_000; message += 1) client.append(pcm(0));
    await client.works();
    // 2,000 at once and the others at their rate; what was read in one piece is still answered.
    expect(performance.now() - startMs).toBeGreaterThan(400);
    expect(client.codes).toEqual(['item_not_found']);
    await client.close();
  });

  test('items without end: error, then close 1008', async () => {
    const client = await BadClient.open(house.callUrl());
    const content = [{ type: 'input_text', text: 'x'.repeat(900_000) }];
    for (let item = 0; item < 6; item += 1) {
      client.send({
        type: 'conversation.item.create',
        item: { type: 'message', role: 'user', content },
      });
    }
    expect(await client.closed).toMatchObject({ code: 1008 });
    expect(client.codes).toEqual(['rate_limit_exceeded']);
  });
});
