import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePcm16 } from '../../../src/audio/pcm16.ts';
import { fixture } from '../../ear/speech.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { open } from '../../support/raw-socket.ts';

type Message = Readonly<Record<string, unknown>>;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway.close();
});

interface Client {
  readonly say: (event: Message) => void;
  /** The next event of a type, after those that were asked for before. */
  readonly next: (type: string) => Promise<Message>;
  /** Appends audio at once, however long it is. */
  readonly append: (samples: Float32Array) => void;
  /** Everything that came so far went before an answer to this. */
  readonly settled: () => Promise<void>;
  readonly types: () => readonly string[];
  readonly end: () => Promise<void>;
}

async function client(detection?: Message | null, agent = 'rehearsal'): Promise<Client> {
  const { socket } = await open(`${gateway.wsUrl}/v1/realtime?model=${agent}`);
  const say = (event: Message): void => socket.send(JSON.stringify(event));
  let taken = 0;
  const next = async (type: string): Promise<Message> => {
    let place = 0;
    const wanted = (message: Message): boolean => {
      place += 1;
      return place > taken && message['type'] === type;
    };
    const found = (await socket.next(wanted)) as Message;
    taken = place;
    return found;
  };
  if (detection !== undefined) {
    say(update(detection));
    await next('session.updated');
  }
  return {
    say,
    next,
    append: (samples) => {
      const audio = Buffer.from(encodePcm16(samples)).toString('base64');
      say({ type: 'input_audio_buffer.append', audio });
    },
    settled: async () => {
      say({ type: 'session.update', session: { type: 'realtime' } });
      await next('session.updated');
    },
    types: () => socket.messages.map((text) => String((JSON.parse(text) as Message)['type'])),
    end: async () => {
      socket.close();
      await socket.closed;
    },
  };
}

function update(detection: Message | null, eventId?: string): Message {
  return {
    type: 'session.update',
    ...(eventId === undefined ? {} : { event_id: eventId }),
    session: { type: 'realtime', audio: { input: { turn_detection: detection } } },
  };
}

function detectionIn(message: Message): unknown {
  const { audio } = message['session'] as { audio: { input: { turn_detection: unknown } } };
  return audio.input.turn_detection;
}

const silence = new Float32Array(24 * 1500);

describe('what an app can do about the floor', () => {
  it('[T16] parley.interrupt silences the agent, and does nothing when it is silent', async () => {
    const app = await client(null);
    app.say({ type: 'response.create' });
    await app.next('response.output_audio.delta');
    app.say({ type: 'parley.interrupt' });
    expect(await app.next('response.done')).toMatchObject({
      response: { status: 'cancelled', output: [{ status: 'incomplete' }] },
    });
    app.say({ type: 'parley.interrupt' });
    await app.settled();
    expect(app.types()).not.toContain('error');
    expect(app.types()).not.toContain('input_audio_buffer.speech_started');
    await app.end();
  });

  it('[T65] parley.mute ends speech in progress, and nothing is heard until it is lifted', async () => {
    const app = await client({ type: 'server_vad', create_response: false });
    app.append(fixture('wait').samples.subarray(0, 24 * 1200));
    await app.next('input_audio_buffer.speech_started');
    app.say({ type: 'parley.mute', muted: true });
    await app.next('input_audio_buffer.speech_stopped');
    await app.next('input_audio_buffer.committed');
    const before = app.types().length;
    app.append(fixture('thanks').samples);
    app.append(silence);
    await app.settled();
    expect(app.types().slice(before)).not.toContain('input_audio_buffer.speech_started');
    app.say({ type: 'parley.mute', muted: false });
    app.append(fixture('thanks').samples);
    app.append(silence);
    await app.next('input_audio_buffer.speech_started');
    await app.next('input_audio_buffer.committed');
    await app.end();
  });

  it('[T64] parley.push_to_talk is the turn, from key to key, and is answered', async () => {
    const app = await client({ type: 'semantic_vad' });
    app.say({ type: 'response.create' });
    await app.next('response.output_audio.delta');
    app.say({ type: 'parley.push_to_talk', pressed: true });
    const started = await app.next('input_audio_buffer.speech_started');
    expect(await app.next('response.done')).toMatchObject({ response: { status: 'cancelled' } });
    app.append(new Float32Array(24 * 600));
    await app.settled();
    app.say({ type: 'parley.push_to_talk', pressed: false });
    const stopped = await app.next('input_audio_buffer.speech_stopped');
    const lengthMs = Number(stopped['audio_end_ms']) - Number(started['audio_start_ms']);
    expect(lengthMs).toBe(600);
    expect(stopped['item_id']).toBe(started['item_id']);
    await app.next('input_audio_buffer.committed');
    await app.next('response.created');
    await app.end();
  });

  it('[T64] with manual turns the key only commits', async () => {
    const app = await client(null);
    app.say({ type: 'parley.push_to_talk', pressed: true });
    await app.next('input_audio_buffer.speech_started');
    app.append(new Float32Array(24 * 300));
    app.say({ type: 'parley.push_to_talk', pressed: false });
    await app.next('input_audio_buffer.committed');
    await app.settled();
    expect(app.types()).not.toContain('response.created');
    await app.end();
  });

  it('[T66] parley.dtmf is a turn in writing, ended by # and answered', async () => {
    const app = await client({ type: 'semantic_vad' });
    for (const digit of ['1', '*', '9', '#']) app.say({ type: 'parley.dtmf', digit });
    expect(await app.next('conversation.item.added')).toMatchObject({
      item: { role: 'user', content: [{ type: 'input_text', text: '[keys pressed: 1*9]' }] },
    });
    await app.next('response.created');
    await app.end();
  });

  it('parley.echo_cancellation is taken without an answer', async () => {
    const app = await client(null);
    app.say({ type: 'parley.echo_cancellation', active: true });
    await app.settled();
    expect(app.types()).not.toContain('error');
    await app.end();
  });

  it.each([
    [{ type: 'parley.mute' }, 'muted'],
    [{ type: 'parley.push_to_talk', pressed: 'yes' }, 'pressed'],
    [{ type: 'parley.dtmf', digit: '12' }, 'digit'],
    [{ type: 'parley.dtmf', digit: 'x' }, 'digit'],
    [{ type: 'parley.echo_cancellation', active: 1 }, 'active'],
  ])('%j is refused by name', async (event, param) => {
    const app = await client();
    app.say({ ...event, event_id: 'mine' });
    expect(await app.next('error')).toMatchObject({
      error: { code: 'invalid_value', param, event_id: 'mine' },
    });
    await app.end();
  });

  it.each([
    [{ type: 'parley.push_to_talk', pressed: true }],
    [{ type: 'parley.dtmf', digit: '1' }],
  ])('%j is refused where the model takes the turns', async (event) => {
    const app = await client(undefined, 'parrot');
    app.say({ ...event, event_id: 'mine' });
    expect(await app.next('error')).toMatchObject({
      error: {
        code: 'unsupported_by_backend',
        param: 'type',
        event_id: 'mine',
        message: expect.stringContaining('parrot') as unknown,
      },
    });
    await app.end();
  });
});

describe('semantic_vad', () => {
  it('is echoed with its documented fields and no others', async () => {
    const app = await client();
    for (const eagerness of ['low', 'medium', 'high', 'auto']) {
      app.say(update({ type: 'semantic_vad', eagerness, create_response: false }));
      expect(detectionIn(await app.next('session.updated'))).toEqual({
        type: 'semantic_vad',
        eagerness,
        create_response: false,
        interrupt_response: true,
      });
    }
    await app.end();
  });

  it('has its defaults where the client names only the type', async () => {
    const app = await client({ type: 'server_vad', idle_timeout_ms: 6000 });
    app.say(update({ type: 'semantic_vad' }));
    expect(detectionIn(await app.next('session.updated'))).toEqual({
      type: 'semantic_vad',
      eagerness: 'auto',
      create_response: true,
      interrupt_response: true,
    });
    await app.end();
  });

  it.each([
    ['an eagerness that does not exist', { type: 'semantic_vad', eagerness: 'hasty' }, 'eagerness'],
    ['an idle timeout', { type: 'semantic_vad', idle_timeout_ms: 6000 }, 'idle_timeout_ms'],
    ['a threshold', { type: 'semantic_vad', threshold: 0.4 }, 'threshold'],
    ['an eagerness in server_vad', { type: 'server_vad', eagerness: 'low' }, 'eagerness'],
  ])('refuses %s, and nothing of the update counts', async (_, detection, param) => {
    const app = await client({ type: 'semantic_vad', eagerness: 'low' });
    app.say(update({ ...detection, create_response: false }, 'mine'));
    const { error } = (await app.next('error')) as { error: Message };
    expect(error).toMatchObject({ code: 'invalid_value', event_id: 'mine' });
    const place = `${String(error['param'])} ${String(error['message'])}`;
    expect(place).toContain('turn_detection');
    expect(place).toContain(param);
    app.say({ type: 'session.update', session: { type: 'realtime' } });
    expect(detectionIn(await app.next('session.updated'))).toMatchObject({
      eagerness: 'low',
      create_response: true,
    });
    await app.end();
  });

  it('cannot be switched off where the model takes the turns', async () => {
    const app = await client(undefined, 'parrot');
    app.say(update(null, 'mine'));
    expect(await app.next('error')).toMatchObject({
      error: {
        code: 'unsupported_by_backend',
        param: 'session.audio.input.turn_detection',
        event_id: 'mine',
        message: expect.stringContaining('parrot') as unknown,
      },
    });
    await app.end();
  });

  it('always answers and stops where the model takes the turns, and says so', async () => {
    const app = await client(undefined, 'parrot');
    const wish = { type: 'semantic_vad', create_response: false, interrupt_response: false };
    app.say(update(wish));
    expect(detectionIn(await app.next('session.updated'))).toMatchObject({
      create_response: true,
      interrupt_response: true,
    });
    await app.end();
  });
});
