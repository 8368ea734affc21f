import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { frameCapabilities, ScriptedBackend } from '../support/scripted-backend.ts';
import { House } from '../soak/house.ts';
import { BadClient } from './client.ts';

const config = `
server: { defaultAgent: listener, drainMs: 0 }
backends: { frames: { type: rehearsal } }
agents:
  listener: { backends: [frames] }
  parrot: { backends: [rehearsal] }
`;

let house: House;

beforeAll(async () => {
  const frames = new ScriptedBackend({ name: 'frames', capabilities: frameCapabilities });
  house = await House.open({ config, backends: [frames] });
});

afterAll(() => house.close());

function update(session: object): object {
  return { type: 'session.update', event_id: 'mine', session: { type: 'realtime', ...session } };
}

describe('a request that is valid on the wire but impossible with this backend', () => {
  const requests = [
    ['an answer on request', { type: 'response.create', event_id: 'mine' }],
    ['a manual turn', { type: 'input_audio_buffer.commit', event_id: 'mine' }],
    ['unhearing audio', { type: 'input_audio_buffer.clear', event_id: 'mine' }],
    [
      'an item from outside',
      {
        type: 'conversation.item.create',
        event_id: 'mine',
        item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] },
      },
    ],
    ['text answers', update({ output_modalities: ['text'] })],
    ['tools', update({ tools: [{ type: 'function', name: 'f' }] })],
  ] as const;

  test.each(requests)('%s: unsupported_by_backend, with its name', async (_name, request) => {
    const client = await BadClient.open(house.callUrl());
    client.send(request);
    await client.next('error');
    const [error] = client.errors;
    expect(error).toMatchObject({ code: 'unsupported_by_backend', event_id: 'mine' });
    expect(error?.message).toContain('frames');
    expect(error?.param).not.toBeNull();
    await client.works();
    await client.close();
  });

  test('an update is honoured as a whole or not at all', async () => {
    const client = await BadClient.open(house.callUrl());
    const detection = { type: 'server_vad', silence_duration_ms: 777 };
    client.send(
      update({ audio: { input: { turn_detection: detection } }, output_modalities: ['text'] }),
    );
    await client.next('error');
    client.send(update({ tracing: null }));
    const updated = await client.next('session.updated');
    expect(JSON.stringify(updated)).not.toContain('777');
    await client.close();
  });

  const wishes = [
    ['transcription', { input: { transcription: { model: 'whisper-1' } } }],
    ['another voice', { output: { voice: 'marin' } }],
    ['another speed', { output: { speed: 1.2 } }],
  ] as const;

  test.each(wishes)('%s is echoed as what is really in force', async (_name, audio) => {
    const client = await BadClient.open(house.callUrl());
    client.send(update({ audio }));
    const updated = await client.next('session.updated');
    expect(updated).toMatchObject({
      session: { audio: { input: { transcription: null }, output: { voice: null, speed: 1 } } },
    });
    await client.close();
  });
});
