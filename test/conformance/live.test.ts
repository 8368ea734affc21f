import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../ear/speech.ts';
import { judge, wasHeard } from '../ear/judge.ts';
import type { TestGateway } from '../support/gateway.ts';
import { liveKey, openLiveStage, spoken } from './live-stage.ts';
import { LiveCaller } from './live-wire.ts';

let stage: TestGateway;
beforeAll(async () => {
  stage = await openLiveStage();
});
afterAll(() => stage.close());

function caller(): LiveCaller {
  return new LiveCaller({ url: stage.url, key: liveKey });
}

/** What holds at the end of every session. */
async function finish(live: LiveCaller): Promise<void> {
  live.microphoneOff();
  await live.until(() => live.trackMs >= live.sentMs, 'the rest of the track');
  const closed = await live.close();
  expect(closed).toMatchObject({ reason: 'close_requested', client_event_id: 'close' });
  expect(closed.usage.seconds).toBe(live.sentMs / 1000);
  expect(live.trackMs).toBe(live.sentMs);
  expect(live.clientErrors).toEqual([]);
  live.grouper.close();
}

describe.concurrent('openai (live/ws)', () => {
  it('holds a conversation on rehearsal', async () => {
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
    live.say(fixture('table').samples);
    await live.until(() => live.said('output').includes('half past five'), 'the whole answer');
    await live.quiet();
    await finish(live);
    const heard = judge(live.track(), fixture('museum').samples, 24_000);
    expect(heard).toSatisfy(wasHeard);
    expect(live.said('output')).toBe(spoken.long);
    expect(live.said('input')).toBe('When does it open?');
    expect(live.segments.map(({ speaker }) => speaker)).toEqual(['user', 'assistant']);
  });

  it('is stopped by speech over it, and tells only what was voiced', async () => {
    const live = caller();
    await live.start({ model: 'speaker' });
    live.say(fixture('table').samples);
    await live.until(() => live.said('output').includes('opens'), 'an answer');
    live.say(fixture('wait').samples);
    await live.until(() => live.said('output').includes('cake'), 'another answer');
    await finish(live);
    expect(live.said('output')).not.toContain('half past five');
  });

  // Beside other tests the model's frames can come later than they are due: a hole in the track.
  it('holds a conversation on the bundled model', { retry: 2 }, async () => {
    const live = caller();
    await live.start({ model: 'parrot' });
    expect(live.events('info').map(({ code }) => code)).toEqual(['delegation_unavailable']);
    live.say(fixture('table').samples);
    await live.until(() => live.trackMs > 11_000, 'eleven seconds');
    const heard = judge(live.track(), fixture('table').samples, 24_000);
    expect(heard).toSatisfy(wasHeard);
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

  it('places appends of all three kinds in order, and speaks a commentary', async () => {
    const live = caller();
    await live.start({ model: 'speaker' });
    for (const kind of ['thinking', 'commentary', 'instructions'] as const) {
      live.send({
        type: `session.${kind}.append`,
        event_id: kind,
        content: `Some ${kind}.`,
        delegation_id: null,
      });
    }
    await live.next('session.instructions.appended');
    const acks = live.seen.flatMap(({ event }) =>
      event.type.endsWith('.appended') ? [event] : [],
    );
    expect(acks.map((ack) => 'client_event_id' in ack && ack.client_event_id)).toEqual([
      'thinking',
      'commentary',
      'instructions',
    ]);
    await live.until(() => live.said('output').includes('half past five'), 'the commentary');
    await finish(live);
  });

  it('delegates to the app, says so, and speaks the late result', async () => {
    const live = caller();
    await live.start({ model: 'delegator' });
    live.say(fixture('table').samples);
    const { delegation } = await live.next('session.delegation.created');
    expect(delegation).toMatchObject({ type: 'delegation', target: 'client' });
    await live.until(() => live.said('output').includes('on it'), 'an acknowledgement');
    live.send({
      type: 'session.commentary.append',
      event_id: 'result',
      content: 'It is booked.',
      delegation_id: delegation.id,
    });
    await live.next('session.commentary.appended');
    await live.until(() => live.said('output').includes('seven four nine two'), 'the result');
    await finish(live);
  });

  it('shows tool calls as Responses delegation, and goes on with their output', async () => {
    const live = caller();
    const started = await live.start({
      model: 'actor',
      delegation: {
        type: 'responses',
        responses: {
          model: 'any',
          tools: [{ type: 'function', name: 'count_tables', parameters: {}, strict: null }],
        },
      },
    } as never);
    expect(started.session.delegation).toMatchObject({ responses: { model: 'actor' } });
    live.say(fixture('table').samples);
    await live.until(
      () =>
        live.events('response.event').some(({ event }) => event['type'] === 'response.completed'),
      'a call',
    );
    const nested = live.events('response.event').map(({ event }) => event);
    expect(nested.map(({ type }) => type)).toEqual([
      'response.created',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ]);
    live.send({ type: 'response.create', event_id: 'early' });
    expect((await live.next('error')).error.client_event_id).toBe('early');
    const done = nested[4]!['item'] as { call_id: string };
    live.send({
      type: 'response.item.create',
      item: { type: 'function_call_output', call_id: done.call_id, output: '7' },
    });
    live.send({ type: 'response.create' });
    await live.until(() => live.said('output').includes('seven four nine two'), 'the answer');
    await finish(live);
  });

  it('mutes: nothing is heard and the clock runs', async () => {
    const live = caller();
    await live.start({ model: 'speaker' });
    live.send({ type: 'session.input_audio.mute', event_id: 'm' });
    expect((await live.next('session.input_audio.muted')).client_event_id).toBe('m');
    live.say(fixture('table').samples);
    await live.until(() => live.trackMs > 3_000, 'three seconds');
    expect(live.said('input')).toBe('');
    live.send({ type: 'session.input_audio.unmute' });
    await live.next('session.input_audio.unmuted');
    live.say(fixture('table').samples);
    await live.until(() => live.said('output').includes('half past five'), 'the answer');
    await finish(live);
  });

  it('plays a fixture instead of anything else, and refuses context meanwhile', async () => {
    const live = caller();
    await live.start({ model: 'speaker' });
    const audio = Buffer.from(live.encode(fixture('train').samples)).toString('base64');
    live.send({ type: 'session.output_audio.fixture.play', event_id: 'f', audio });
    expect((await live.next('session.output_audio.fixture.playing')).client_event_id).toBe('f');
    live.send({
      type: 'session.thinking.append',
      event_id: 'no',
      content: 'x',
      delegation_id: null,
    });
    expect((await live.next('error')).error.client_event_id).toBe('no');
    expect((await live.next('session.output_audio.fixture.played')).client_event_id).toBe('f');
    expect(wasHeard(judge(live.track(), fixture('train').samples, 24_000))).toBe(true);
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
