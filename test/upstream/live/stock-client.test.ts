import { afterEach, describe, expect, it } from 'vitest';
import type { StandInOptions } from './options.ts';
import { StockRig } from './stock.ts';

let rig: StockRig;
afterEach(() => rig.close());

async function start(options: StandInOptions = {}, key?: string): Promise<StockRig> {
  rig = await StockRig.start(options, key);
  return rig;
}

const wordsOf = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('the stock client at the stand-in', () => {
  it('talks in turns that nobody announces, on the clock of its own audio', async () => {
    await start({ answers: [{ count: 4 }], callerText: 'counted' });
    const { session } = await rig.begin({ instructions: 'Count.' });
    expect(session).toMatchObject({
      model: 'gpt-live-1',
      status: 'active',
      instructions: 'Count.',
    });
    rig.count(101, 4);
    await rig.talk(5_000);
    expect(rig.numbers()).toEqual([1, 2, 3, 4]);
    expect(rig.said('output')).toBe('1 2 3 4');
    expect(rig.said('input')).toBe('101 102 103 104');
    expect([...rig.segments.values()]).toEqual(['user: 101 102 103 104', 'assistant: 1 2 3 4']);
    expect(rig.of('session.output_audio.delta')).toHaveLength(50);
    expect(rig.session.trackMs).toBe(5_000);
    await rig.pass(5_000);
    expect(rig.of('session.output_audio.delta')).toHaveLength(50);
    rig.send({ type: 'session.close', event_id: 'c' });
    await rig.until(() => rig.closedWith !== null);
    expect(rig.of('session.closed')).toMatchObject([
      { reason: 'close_requested', client_event_id: 'c', usage: { seconds: 5 } },
    ]);
    expect(rig.closedWith).toBe(1005);
  });

  it('is stopped by speech over it, and tells what was voiced', async () => {
    await start({ answers: [{ count: 30 }, { count: 2 }] });
    await rig.begin();
    rig.count(101, 2);
    await rig.talk(4_000);
    rig.count(103, 4);
    await rig.talk(5_000);
    const heard = rig.numbers();
    const cutAt = heard.findIndex((number, i) => i > 0 && number !== heard[i - 1]! + 1);
    expect(heard.length).toBeGreaterThan(5);
    expect(heard.length).toBeLessThan(20);
    // It goes on from what it said itself, not from what it had wanted to say.
    expect(cutAt === -1 || heard[cutAt]! <= heard[cutAt - 1]! + 2).toBe(true);
    expect(rig.session.mind?.yields).toBe(1);
  });

  it('goes on only from the history that it was given', async () => {
    await start({ answers: [{ count: 3 }] });
    await rig.begin({
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Count.' }] },
        { role: 'assistant', content: [{ type: 'output_text', text: '1 2 3 4' }] },
      ],
    });
    rig.count(101, 2);
    await rig.talk(4_000);
    expect(rig.numbers()).toEqual(wordsOf(5, 7));
  });

  it('places context in order while audio runs, and says what never found a place', async () => {
    await start();
    await rig.begin();
    for (const kind of ['thinking', 'commentary', 'instructions'] as const) {
      const type = `session.${kind}.append` as const;
      rig.send({ type, event_id: kind, content: `Some ${kind}.`, delegation_id: null });
    }
    await rig.pass(3_000);
    expect(rig.types()).toEqual(['session.started']);
    await rig.talk(3_000);
    const acks = rig.events.filter(({ type }) => type.endsWith('.appended'));
    expect(acks.map((ack) => 'client_event_id' in ack && ack.client_event_id)).toEqual([
      'thinking',
      'commentary',
      'instructions',
    ]);
    expect(rig.said('output')).toBe('Some commentary.');
    rig.send({
      type: 'session.thinking.append',
      event_id: 'late',
      content: 'x',
      delegation_id: null,
    });
    rig.send({ type: 'session.close' });
    await rig.until(() => rig.closedWith !== null);
    expect(rig.of('error').map(({ error }) => [error.code, error.client_event_id])).toEqual([
      ['context_injection_incomplete', 'late'],
    ]);
  });

  it('delegates to the app, acknowledges after the delay, and tells the late result', async () => {
    await start({ answers: [{ delegate: true, say: 'One moment.' }] });
    await rig.begin({ delegation: { type: 'client', acknowledgement_delay_ms: 800 } });
    rig.count(101, 2);
    await rig.talk(5_000);
    const [created] = rig.of('session.delegation.created');
    expect(created?.delegation).toMatchObject({ type: 'delegation', target: 'client' });
    expect(rig.said('output')).toBe('One moment.');
    const delegation_id = created!.delegation.id;
    rig.send({ type: 'session.commentary.append', content: 'It is free.', delegation_id });
    await rig.talk(4_000);
    expect(rig.said('output')).toBe('One moment. It is free.');
    rig.send({
      type: 'session.commentary.append',
      event_id: 'x',
      content: 'x',
      delegation_id: 'nobody',
    });
    await rig.talk(200);
    expect(rig.of('error')[0]?.error).toMatchObject({
      code: 'invalid_value',
      param: 'delegation_id',
      client_event_id: 'x',
    });
  });

  it('runs functions by Responses delegation, and takes no part of a batch', async () => {
    const calls = [
      { name: 'look', arguments: '{"n":1}' },
      { name: 'look', arguments: '{"n":2}' },
    ];
    await start({ answers: [{ delegate: true, calls, then: { text: 'Both are free.' } }] });
    await rig.begin({
      delegation: {
        type: 'responses',
        responses: {
          model: 'gpt-5',
          tools: [{ type: 'function', name: 'look', parameters: {}, strict: null }],
        },
      },
    } as never);
    rig.count(101, 2);
    await rig.talk(4_000);
    const nested = rig.of('response.event').map(({ event }) => event);
    expect(nested.map(({ type }) => type)).toContain('response.output_item.done');
    const ids = nested.flatMap((event) =>
      event['type'] === 'response.output_item.done'
        ? [(event['item'] as { call_id: string }).call_id]
        : [],
    );
    expect(ids).toHaveLength(2);
    const answer = (call_id: string): void =>
      rig.send({
        type: 'response.item.create',
        item: { type: 'function_call_output', call_id, output: 'free' },
      });
    answer(ids[0]!);
    rig.send({ type: 'response.create', event_id: 'early' });
    await rig.talk(500);
    expect(rig.of('error')[0]?.error.client_event_id).toBe('early');
    answer(ids[1]!);
    rig.send({ type: 'response.create' });
    await rig.talk(4_000);
    expect(rig.said('output')).toBe('Both are free.');
  });

  it('shows a sideband both sides, and takes all but audio from it', async () => {
    await start({ answers: [{ count: 2 }] });
    const { session } = await rig.begin();
    const { seen, socket } = rig.sideband(session.id);
    await rig.until(() => seen.length > 0);
    expect(seen[0]?.type).toBe('session.started');
    socket.send({ type: 'session.input_audio.mute', event_id: 'm' });
    await rig.until(() => rig.of('session.input_audio.muted').length > 0);
    rig.count(101, 2);
    await rig.talk(2_000);
    expect(rig.said('input')).toBe('');
    const reflected = seen.filter(({ type }) => type === 'session.input_audio.append');
    expect(reflected).toHaveLength(20);
    expect(seen.filter(({ type }) => type === 'session.output_audio.delta')).toHaveLength(20);
    rig.send({ type: 'session.close' });
    await rig.until(() => rig.closedWith !== null);
    expect(seen.at(-1)?.type).toBe('session.closed');
  });

  it('plays a fixture in place of the model', async () => {
    await start();
    await rig.begin();
    await rig.talk(200);
    const audio = Buffer.alloc(24_000).toString('base64');
    rig.send({ type: 'session.output_audio.fixture.play', event_id: 'f', audio });
    rig.send({ type: 'session.output_audio.fixture.play', event_id: 'g', audio });
    rig.send({ type: 'session.thinking.append', content: 'x', delegation_id: null, event_id: 't' });
    await rig.talk(1_000);
    expect(rig.types().slice(1)).toEqual([
      'session.output_audio.fixture.playing',
      'error',
      'error',
      'session.output_audio.fixture.played',
    ]);
  });
});

describe('the stand-in refuses', () => {
  it.each([
    [{ voice: 'x' }, 'unknown_parameter', 'session.voice'],
    [{ model: undefined }, 'missing_required_parameter', 'session.model'],
    [{ model: 'gpt-realtime' }, 'model_not_found', 'session.model'],
    [{ audio: { format: { type: 'audio/pcm', rate: 8_000 } } }, 'invalid_value', ''],
    [{ input: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] }, 'invalid_value', ''],
  ])('a start with %j', async (session, code, param) => {
    await start();
    rig.send({ type: 'session.start', session: { model: 'gpt-live-1', ...session } as never });
    await rig.until(() => rig.closedWith !== null);
    expect(rig.types()).toEqual(['error']);
    const error = rig.of('error')[0]?.error;
    expect(error?.code).toBe(code);
    if (param !== '') expect(error?.param).toBe(param);
  });

  it.each([
    [{ type: 'session.update', session: { model: 'x' } }, 'unknown_parameter'],
    [
      { type: 'session.update', session: { delegation: { type: 'responses' } } },
      'immutable_field_update',
    ],
    [{ type: 'session.input_audio.append', audio: 'AAAA' }, 'invalid_audio'],
    [
      { type: 'session.thinking.append', content: 'x'.repeat(2_001), delegation_id: null },
      'invalid_value',
    ],
    [{ type: 'session.thinking.append', content: 'x' }, 'missing_required_parameter'],
    [{ type: 'response.create' }, 'invalid_event'],
    [{ type: 'input_audio_buffer.commit' }, 'invalid_event'],
  ])('%j, and goes on', async (event, code) => {
    await start();
    await rig.begin();
    rig.send({ event_id: 'e', ...event } as never);
    await rig.until(() => rig.of('error').length > 0);
    expect(rig.of('error')[0]?.error).toMatchObject({ code, client_event_id: 'e' });
    await rig.talk(300);
    expect(rig.of('session.output_audio.delta')).toHaveLength(3);
  });

  it('who has another key, or comes for what there is not', async () => {
    await start({}, 'sk-other');
    await rig.until(() => rig.server.requests.length > 0);
    await rig.pass(200);
    expect(rig.server.sessions).toHaveLength(0);
    const answer = await fetch(`${rig.server.baseUrl}/live/sessions/live_x/content`);
    expect(answer.status).toBe(404);
  });
});

describe('the stand-in ends a session', () => {
  it('that never gets audio', async () => {
    await start({ noAudioMs: 2_000 });
    await rig.begin();
    await rig.until(() => rig.closedWith !== null, 3_000);
    expect(rig.of('session.closed')[0]?.reason).toBe('expired');
  });

  it('at its cap, and by a fault in a place', async () => {
    await start({ sessionCapMs: 1_500 });
    await rig.begin();
    await rig.talk(2_000);
    expect(rig.of('session.closed')[0]).toMatchObject({ reason: 'expired' });
    await rig.close();
    await start({ faults: [{ kind: 'end', at: 'audio', afterMs: 500, reason: 'content' }] });
    await rig.begin();
    await rig.talk(1_000);
    expect(rig.of('session.closed')[0]).toMatchObject({
      reason: 'content',
      usage: { seconds: 0.5 },
    });
  });

  it('without leaving a timer', async () => {
    await start();
    await rig.begin();
    await rig.talk(300);
    rig.session.drop();
    await rig.until(() => rig.closedWith !== null);
    await rig.until(() => rig.server.open === 0);
    expect(rig.clock.pending).toBe(0);
  });
});
