import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pcm16k, pcma8k, pcmu8k } from '../../src/audio/format.ts';
import { fixture } from '../ear/speech.ts';
import type { TestGateway } from '../support/gateway.ts';
import { liveKey, openLiveStage } from './live-stage.ts';
import { LiveCaller } from './live-wire.ts';

let stage: TestGateway;
beforeAll(async () => {
  stage = await openLiveStage();
});
afterAll(() => stage.close());

const caller = (format?: typeof pcm16k | typeof pcmu8k | typeof pcma8k): LiveCaller =>
  new LiveCaller({ url: stage.url, key: liveKey, ...(format === undefined ? {} : { format }) });

const client = { model: 'speaker' };
const responses = { type: 'responses', responses: { model: 'x' } };

describe('a start that cannot be had', () => {
  it.each([
    [{ ...client, voice: 'x' }, 'unknown_parameter', 'session.voice'],
    [{}, 'missing_required_parameter', 'session.model'],
    [{ model: 'nobody' }, 'model_not_found', 'session.model'],
    [{ ...client, store: true }, 'unsupported_by_backend', 'session.store'],
    [
      { ...client, triggers: [{ type: 'decisions' }] },
      'unsupported_by_backend',
      'session.triggers',
    ],
    [{ ...client, client: { data_channel: {} } }, 'unsupported_by_backend', 'session.client'],
    [
      { ...client, delegation: { type: 'decisions', decisions: {} } },
      'unsupported_by_backend',
      'session.delegation.type',
    ],
    [
      { ...client, audio: { format: { type: 'audio/pcm', rate: 8_000 } } },
      'invalid_value',
      'session.audio.format.rate',
    ],
    [
      { model: 'parrot', audio: { output: { voice: { id: 'mine' } } } },
      'invalid_value',
      'session.audio.output.voice',
    ],
    [
      { model: 'parrot', input: [{ role: 'user', content: [{ text: 'Hi' }] }] },
      'unsupported_by_backend',
      'session.input',
    ],
    [
      { model: 'parrot', delegation: responses },
      'unsupported_by_backend',
      'session.delegation.type',
    ],
    [
      {
        ...client,
        delegation: {
          ...responses,
          responses: { model: 'x', tools: [{ type: 'web_search' }] },
        },
      },
      'unsupported_by_backend',
      'session.delegation.responses.tools[0].type',
    ],
    [
      {
        ...client,
        delegation: { ...responses, responses: { model: 'x', service_tier: 'flex' } },
      },
      'unsupported_by_backend',
      'session.delegation.responses.service_tier',
    ],
  ])('%j', async (session, code, param) => {
    const live = caller();
    live.send({ type: 'session.start', event_id: 's', session: session as never });
    const { error } = await live.next('error');
    expect(error).toMatchObject({ code, param, client_event_id: 's' });
    await live.closed;
    expect(live.types()).toEqual(['error']);
  });

  it('an event before it', async () => {
    const live = caller();
    live.send({ type: 'session.close' });
    expect((await live.next('error')).error.code).toBe('invalid_event');
    expect(await live.closed).toBe(1008);
  });

  it('a fork, and a key that is wrong', async () => {
    const statusOf = async (path: string, key: string): Promise<number> => {
      const { WebSocket } = await import('ws');
      const headers = { authorization: `Bearer ${key}` };
      const socket = new WebSocket(`${stage.wsUrl}${path}`, { headers });
      return await new Promise((resolve) => {
        socket.on('unexpected-response', (_request, { statusCode = 0 }) => resolve(statusCode));
        socket.on('error', () => undefined);
      });
    };
    expect(await statusOf('/v1/live/sessions/live_x/fork', liveKey)).toBe(404);
    expect(await statusOf('/v1/live/sessions', 'wrong')).toBe(401);
    expect(await statusOf('/v1/live/sessions?model=speaker', liveKey)).toBe(400);
    const answer = await fetch(`${stage.url}/v1/live/sessions/live_x/content`);
    expect(answer.status).toBe(404);
  });
});

const append = { type: 'session.commentary.append', content: 'x', delegation_id: null };

describe('in a session that runs', () => {
  it.each([
    [{ type: 'session.start', session: client }, 'invalid_event'],
    [{ type: 'session.update', session: { model: 'x' } }, 'unknown_parameter', 'session.model'],
    [
      { type: 'session.update', session: { delegation: responses } },
      'immutable_field_update',
      'session.delegation.type',
    ],
    [{ ...append, content: 'x'.repeat(2_001) }, 'invalid_value', 'content'],
    [{ ...append, delegation_id: 'item_x' }, 'invalid_value', 'delegation_id'],
    [{ type: append.type, content: 'x' }, 'missing_required_parameter', 'delegation_id'],
    [{ type: 'session.input_audio.append', audio: 'AAAA' }, 'invalid_audio', 'audio'],
    [{ type: 'session.input_audio.append', audio: '?' }, 'invalid_audio', 'audio'],
    [{ type: 'session.output_audio.fixture.play', audio: '' }, 'invalid_audio', 'audio'],
    [{ type: 'decision.create', event_id: 'e' }, 'unsupported_by_backend', 'type'],
    [{ type: 'decision.item.create', item: {} }, 'unsupported_by_backend', 'type'],
    [{ type: 'decision.item.delete', item_id: 'x' }, 'unsupported_by_backend', 'type'],
    [{ type: 'response.create' }, 'invalid_event', 'type'],
    [
      { type: 'response.item.create', item: { type: 'message', role: 'user', content: 'x' } },
      'invalid_event',
      'type',
    ],
    [{ type: 'transport.dtmf.send', event: '1' }, 'unsupported_by_backend', 'type'],
    [{ type: 'nonsense' }, 'invalid_event', 'type'],
  ])('%j is refused and the session goes on', async (event, code, param = 'type') => {
    const live = caller();
    await live.start(client);
    live.send({ event_id: 'e', ...event } as never);
    const { error } = await live.next('error');
    expect(error).toMatchObject({ code, param, client_event_id: 'e' });
    live.send({ type: 'session.update', event_id: 'u', session: {} });
    expect((await live.next('session.updated')).client_event_id).toBe('u');
    expect((await live.close()).reason).toBe('close_requested');
  });

  it('context stays pending while the clock stands still, and is told so at the end', async () => {
    const live = caller();
    await live.start(client);
    live.microphoneOff();
    await live.until(() => live.trackMs >= live.sentMs, 'the rest of the track');
    live.send({ ...append, event_id: 'late' } as never);
    live.send({ type: 'session.update', session: {} });
    await live.next('session.updated');
    expect(live.types()).not.toContain('session.commentary.appended');
    await live.close();
    expect(live.events('error').map(({ error }) => error)).toMatchObject([
      { code: 'context_injection_incomplete', client_event_id: 'late' },
    ]);
  });

  it('a voice of the list that the backend has not is replaced, and told', async () => {
    const live = caller();
    const { session } = await live.start({
      model: 'parrot',
      audio: { output: { voice: 'marin' } },
    });
    expect(session.audio?.output).toEqual({});
    await live.next('info', 2);
    expect(live.events('info').map(({ code }) => code)).toContain('voice_substituted');
    await live.close();
  });

  it.concurrent.each([pcm16k, pcmu8k, pcma8k])('speaks $codec at $rateHz', async (format) => {
    const live = caller(format);
    const type = { pcm16: 'audio/pcm', pcmu: 'audio/pcmu', pcma: 'audio/pcma' }[format.codec];
    const wire = { type, rate: format.rateHz };
    const { session } = await live.start({ model: 'speaker', audio: { format: wire as never } });
    expect(session.audio?.format).toEqual(wire);
    live.say(fixture('table').samples);
    await live.until(() => live.said('output').includes('half past five'), 'the answer');
    live.microphoneOff();
    await live.until(() => live.trackMs >= live.sentMs, 'the rest of the track');
    expect((await live.close()).usage.seconds).toBe(live.sentMs / 1000);
  });
});
