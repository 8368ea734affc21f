import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../ear/speech.ts';
import type { TestGateway } from '../support/gateway.ts';
import { liveKey, openLiveStage, spoken } from './live-stage.ts';
import { finish, heardClip, liveConversations } from './live-scenarios.ts';
import { LiveCaller } from './live-wire.ts';

let stage: TestGateway;
beforeAll(async () => {
  stage = await openLiveStage();
});
afterAll(() => stage.close());

function caller(): LiveCaller {
  return new LiveCaller({ url: stage.url, key: liveKey });
}

liveConversations('openai (live/ws) on rehearsal', () => ({
  url: stage.url,
  key: liveKey,
  models: {
    talks: 'speaker',
    stops: 'speaker',
    mutes: 'speaker',
    appends: 'speaker',
    delegates: 'delegator',
    acts: 'actor',
  },
  asked: 'When does it open?',
  answer: { whole: spoken.long, begin: 'opens', end: 'half past five' },
  second: 'cake',
  told: { commentary: 'half past five', underWay: 'on it', late: 'seven four nine two' },
  expectHeard: heardClip('museum'),
}));

describe.concurrent('openai (live/ws)', () => {
  it('is shown what is really in force', async () => {
    const live = caller();
    const started = await live.start({
      model: 'gpt-live-1',
      audio: { output: { voice: 'marin' } },
    });
    expect(started.client_event_id).toBe('start');
    expect(started.session).toMatchObject({
      model: 'speaker',
      status: 'active',
      audio: { format: { type: 'audio/pcm', rate: 24_000 }, output: { voice: 'marin' } },
      delegation: { type: 'client', acknowledgement_delay_ms: 0 },
    });
    await finish(live);
  });

  it('holds a conversation on the bundled model', async () => {
    const live = caller();
    await live.start({ model: 'parrot' });
    expect(live.events('info').map(({ code }) => code)).toEqual(['delegation_unavailable']);
    live.say(fixture('table').samples);
    await live.until(() => live.trackMs > 11_000, 'eleven seconds');
    await heardClip('table')(live.track());
    live.send({
      type: 'session.commentary.append',
      event_id: 'c1',
      content: 'Say hello.',
      delegation_id: null,
    });
    expect((await live.next('error')).error).toMatchObject({
      code: 'unsupported_by_backend',
      client_event_id: 'c1',
    });
    await finish(live);
  });

  it('lets a sideband join: it hears both sides and may say all but audio', async () => {
    const live = caller();
    const { session } = await live.start({ model: 'speaker' });
    const { seen, socket } = live.sideband(session.id);
    await live.until(() => seen.some(({ type }) => type === 'session.started'), 'a snapshot');
    live.say(fixture('table').samples);
    await live.until(() => live.said('output').includes('half past five'), 'the answer');
    socket.send({ type: 'session.input_audio.mute', event_id: 'side' });
    expect((await live.next('session.input_audio.muted')).client_event_id).toBe('side');
    await finish(live);
    const input = seen.flatMap((event) =>
      event.type === 'session.input_audio.append' ? [Buffer.from(event.audio, 'base64')] : [],
    );
    expect(Buffer.concat(input).byteLength).toBeGreaterThan(3 * 48_000);
    const output = seen.filter((event) => event.type === 'session.output_audio.delta');
    expect(output.every(({ start_ms, end_ms }) => (end_ms ?? 0) - (start_ms ?? 0) === 100)).toBe(
      true,
    );
    expect(seen.at(-1)?.type).toBe('session.closed');
    const stranger = new LiveCaller({ url: stage.url, key: 'ek_other_0123456789abcdef' });
    const outside = stranger.sideband(session.id);
    await live.until(() => outside.seen.length > 0, 'a refusal');
    expect(outside.seen[0]).toMatchObject({ type: 'error', error: { code: 'not_found' } });
    stranger.live.close();
  });
});
