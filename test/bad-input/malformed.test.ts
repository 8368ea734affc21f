import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { House } from '../soak/house.ts';
import { BadClient } from './client.ts';

let house: House;

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

describe('text that is not JSON, an event that fails its schema, unknown type, bad base64, odd byte count', () => {
  const append = 'input_audio_buffer.append';
  const deep = `{"type":"session.update","event_id":"e","session":${'['.repeat(100_000)}`;
  const wide = `{"type":"session.update","x":[${'0,'.repeat(300_000)}0]}`;
  const cases = [
    ['text that is not JSON', '{"type":', 'invalid_json', null, null],
    ['no object', '[]', 'invalid_event', null, null],
    ['no type', { event_id: 'e' }, 'invalid_event', 'type', 'e'],
    ['a binary message', new Uint8Array(8), 'invalid_event', null, null],
    ['an unknown type', { type: 'nope', event_id: 'e' }, 'invalid_value', 'type', 'e'],
    [
      'an event that fails its schema',
      { type: append, event_id: 'e', audio: 7 },
      'invalid_value',
      'audio',
      'e',
    ],
    [
      'a setting out of range',
      {
        type: 'session.update',
        event_id: 'e',
        session: { type: 'realtime', audio: { output: { speed: 99 } } },
      },
      'invalid_value',
      'session.audio.output.speed',
      'e',
    ],
    ['bad base64', { type: append, event_id: 'e', audio: 'AA!A' }, 'invalid_audio', 'audio', 'e'],
    [
      'an odd byte count',
      { type: append, event_id: 'e', audio: 'AAAA' },
      'invalid_audio',
      'audio',
      'e',
    ],
    ['a name out of a prototype', { type: 'constructor' }, 'invalid_value', 'type', null],
    ['nesting without end', deep, 'invalid_event', null, null],
    ['too many parts', wide, 'invalid_event', null, null],
    [
      'words over 1 MiB',
      { type: 'session.update', event_id: 'e', session: { instructions: 'x'.repeat(1_100_000) } },
      'invalid_value',
      null,
      'e',
    ],
  ] as const;

  test.each(cases)(
    '%s: one error, and the call goes on',
    async (_name, message, code, param, id) => {
      const client = await BadClient.open(house.callUrl());
      client.send(message);
      await client.next('error');
      expect(client.errors).toMatchObject([{ code, param, event_id: id }]);
      await client.works();
      expect(client.errors).toHaveLength(2);
      await client.close();
    },
  );

  test('nineteen in a row and a good one are forgiven; twenty in a row close with 1008', async () => {
    const client = await BadClient.open(house.callUrl());
    for (let round = 0; round < 2; round += 1) {
      for (let bad = 0; bad < 19; bad += 1) client.send('no');
      await client.works();
    }
    for (let bad = 0; bad < 25; bad += 1) client.send('no');
    expect(await client.closed).toMatchObject({ code: 1008 });
    // Each of the twenty has its own error; the last one of all says why it is over.
    const codes = client.codes;
    expect(codes.at(-1)).toBe('too_many_invalid_events');
    expect(codes.filter((code) => code === 'invalid_json')).toHaveLength(19 + 19 + 20);
  });
});
