import { beforeAll, describe, expect, it } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { BackendCapabilities } from '../../../src/ports/backend.ts';
import { answer, audio, done, silence, speech, text } from '../../support/call-harness.ts';
import { frameCapabilities, turnCapabilities } from '../../support/scripted-backend.ts';
import { duplexCapabilities, LiveRoom } from './rooms.ts';

beforeAll(prepareResampler);

const able: BackendCapabilities = { ...turnCapabilities, voices: ['marin', 'cedar'] };
const append = (kind: string, content: string, more: object = {}): object => ({
  type: `session.${kind}.append`,
  event_id: content,
  content,
  delegation_id: null,
  ...more,
});
const fixture = (ms: number): object => ({
  type: 'session.output_audio.fixture.play',
  event_id: `fixture_${ms}`,
  audio: Buffer.from(answer(ms)).toString('base64'),
});

/** Text of the items that the backend was given. */
const given = (room: LiveRoom): string[] =>
  room.harness.session.leftovers.flatMap((command) =>
    command.type === 'item.add' && command.item.kind === 'message'
      ? command.item.content.map((part) => (part.type === 'text' ? part.text : ''))
      : [],
  );
const responds = (room: LiveRoom) =>
  room.harness.session.leftovers.filter((command) => command.type === 'respond');

/** The backend says this as the answer that it was asked for last. */
async function answers(room: LiveRoom, words: string, ms = 300): Promise<void> {
  const lineId = responds(room).at(-1)!.lineId;
  room.harness.session.emit(text(lineId, words), audio(lineId, answer(ms)), done(lineId));
  await room.hear(silence(ms + 400));
}

/** How much of the track is not silence, ms. */
function loudMs({ track }: LiveRoom): number {
  return (
    track.filter((_, at) => at % 2 === 1).reduce((sum, byte) => sum + Number(byte !== 0), 0) / 24
  );
}

describe('session.start', () => {
  it('shows what is in force, and seeds its history', async () => {
    const room = await LiveRoom.open(
      {
        instructions: 'Be kind.',
        audio: { output: { voice: 'cedar' } },
        input: [
          { role: 'developer', content: [{ type: 'input_text', text: 'Rule.' }] },
          { role: 'user', content: [{ type: 'input_text', text: 'Hello.' }] },
          { role: 'assistant', content: [{ type: 'output_text', text: 'Hi.' }] },
        ],
      },
      able,
    );
    expect(room.of('session.started')).toMatchObject([
      {
        client_event_id: 'start',
        session: {
          instructions: 'Be kind.',
          audio: { output: { voice: 'cedar' } },
          input: [{ role: 'developer' }, { role: 'user' }, { role: 'assistant' }],
        },
      },
    ]);
    const added = room.harness.session.leftovers.filter((command) => command.type === 'item.add');
    expect(added.map(({ item }) => item.kind === 'message' && item.role)).toEqual([
      'system',
      'user',
      'assistant',
    ]);
    await room.end();
  });

  it('is refused where history cannot be had, and nothing has started then', async () => {
    const input = [{ role: 'user', content: [{ type: 'input_text', text: 'Hello.' }] }];
    const room = await LiveRoom.open({ input }, frameCapabilities);
    expect(room.problems).toMatchObject([
      { code: 'unsupported_by_backend', param: 'session.input' },
    ]);
    expect(room.types).toEqual(['error']);
    expect(room.socket.closedWith).not.toBeNull();
  });

  it('replaces a built-in voice that there is not, and refuses one of its own', async () => {
    const room = await LiveRoom.open({ audio: { output: { voice: 'sage' } } }, able);
    expect(room.of('info')).toMatchObject([{ code: 'voice_substituted' }]);
    await room.end();
    const other = await LiveRoom.open({ audio: { output: { voice: { id: 'mine' } } } }, able);
    expect(other.problems).toMatchObject([
      { code: 'invalid_value', param: 'session.audio.output.voice' },
    ]);
  });

  it('says where nothing can be delegated', async () => {
    const room = await LiveRoom.open({}, { ...able, tools: 'none' });
    expect(room.of('info')).toMatchObject([{ code: 'delegation_unavailable' }]);
    await room.end();
  });
});

describe('appends', () => {
  it('by the first instructions make the agent begin; later ones make it say nothing', async () => {
    const room = await LiveRoom.open({}, able);
    room.harness.session.takeAll();
    await room.send(append('instructions', 'Greet the caller.'));
    await room.hear(silence(300));
    expect(given(room)).toEqual(['Greet the caller.']);
    expect(responds(room)).toHaveLength(1);
    await answers(room, 'Hello.');
    await room.send(append('instructions', 'Be brisk.'));
    await room.hear(silence(500));
    expect(responds(room)).toHaveLength(1);
    expect(room.of('session.instructions.appended')).toHaveLength(2);
    await room.end();
  });

  it.each(['instructions', 'thinking', 'commentary'])(
    'of %s cut nothing short that is being said',
    async (kind) => {
      const room = await LiveRoom.open({}, able);
      await room.hear(speech(600));
      await room.hear(silence(800));
      const { lineId } = responds(room)[0]!;
      room.harness.session.emit(text(lineId, 'One.'), audio(lineId, answer(1_500)), done(lineId));
      await room.hear(silence(500));
      await room.send(append(kind, 'It rains.'));
      await room.hear(silence(1_500));
      expect(room.harness.call.entries.map(({ type }) => type)).not.toContain('agent.cut');
      expect(loudMs(room)).toBeGreaterThan(1_490);
      expect(responds(room)).toHaveLength(kind === 'commentary' ? 2 : 1);
      await room.end();
    },
  );

  it('of thinking are never spoken of by themselves', async () => {
    const room = await LiveRoom.open({}, able);
    room.harness.session.takeAll();
    await room.send(append('thinking', 'It rains.'));
    await room.hear(silence(1_000));
    expect(given(room)[0]).toContain('It rains.');
    expect(responds(room)).toEqual([]);
    await room.end();
  });

  it('of commentary are one answer where several wait, after what is being said', async () => {
    const room = await LiveRoom.open({}, able);
    room.harness.session.takeAll();
    await room.send(append('commentary', 'First.'));
    await room.hear(silence(200));
    expect(responds(room)).toHaveLength(1);
    await room.send(append('commentary', 'Second.'));
    await room.send(append('commentary', 'Third.'));
    await room.hear(silence(300));
    expect(responds(room)).toHaveLength(1);
    await answers(room, 'The first.');
    expect(responds(room)).toHaveLength(2);
    await answers(room, 'The other two.');
    await room.hear(silence(500));
    expect(responds(room)).toHaveLength(2);
    expect(given(room)).toHaveLength(3);
    await room.end();
  });

  it('are acknowledged when the clock passes them, and told about when it never does', async () => {
    const room = await LiveRoom.open({}, able);
    await room.send(append('thinking', 'a'));
    await room.harness.pass(2_000);
    expect(room.of('session.thinking.appended')).toEqual([]);
    await room.hear(silence(100));
    expect(room.of('session.thinking.appended')).toMatchObject([
      { client_event_id: 'a', start_ms: 100, end_ms: 100 },
    ]);
    await room.send(append('thinking', 'b'));
    await room.send({ type: 'session.close', event_id: 'c' });
    expect(room.problems).toMatchObject([{ code: 'context_injection_incomplete' }]);
    expect(room.of('session.closed')).toMatchObject([
      { reason: 'close_requested', client_event_id: 'c', usage: { seconds: 0.1 } },
    ]);
  });

  it.each([
    [{ ...frameCapabilities }, 'thinking'],
    [{ ...able, appendContext: false }, 'instructions'],
  ])('are refused where there is no context to append to', async (capabilities, kind) => {
    const room = await LiveRoom.open({}, capabilities);
    await room.send(append(kind, 'x'));
    expect(room.problems).toMatchObject([{ code: 'unsupported_by_backend', param: 'type' }]);
    await room.end();
  });

  it('reach a backend that decides by itself as what they are', async () => {
    const room = await LiveRoom.open({}, duplexCapabilities);
    room.harness.session.takeAll();
    for (const kind of ['instructions', 'thinking', 'commentary']) {
      await room.send(append(kind, `Some ${kind}.`));
    }
    await room.hear(silence(500));
    const notes = room.harness.session
      .takeAll()
      .flatMap((command) =>
        command.type === 'item.add' && command.item.kind === 'message'
          ? [
              [
                command.item.note?.kind,
                command.item.content[0]?.type === 'text' && command.item.content[0].text,
              ],
            ]
          : [],
      );
    expect(notes).toEqual([
      ['rule', 'Some instructions.'],
      ['known', 'Some thinking.'],
      ['tell', 'Some commentary.'],
    ]);
    await room.end();
  });
});

describe('mute', () => {
  it('in the middle of a turn ends it, and the clock runs on', async () => {
    const room = await LiveRoom.open({}, able);
    await room.hear(speech(800));
    room.harness.session.takeAll();
    await room.send({ type: 'session.input_audio.mute', event_id: 'm' });
    expect(room.of('session.input_audio.muted')).toMatchObject([{ client_event_id: 'm' }]);
    expect(room.harness.session.leftovers.map(({ type }) => type)).toContain('commit');
    await room.hear(speech(1_000));
    const { audio: heard } = room.harness.session;
    expect(heard.slice(-10).every(({ bytes }) => bytes.every((byte) => byte === 0))).toBe(true);
    expect(room.trackMs).toBe(room.sentMs);
    await room.send({ type: 'session.input_audio.unmute' });
    expect(room.of('session.input_audio.unmuted')).toHaveLength(1);
    await room.end();
  });
});

describe('a fixture', () => {
  it('is checked before anything happens: its length, and that it is the only one', async () => {
    const room = await LiveRoom.open({}, able);
    await room.hear(silence(200));
    await room.send(fixture(30_100));
    expect(room.problems).toMatchObject([{ code: 'invalid_audio', param: 'audio' }]);
    await room.send(fixture(500));
    await room.send(fixture(400));
    expect(room.problems[1]).toMatchObject({ code: 'invalid_event' });
    await room.send(append('thinking', 'x'));
    expect(room.problems[2]).toMatchObject({ code: 'invalid_event' });
    await room.hear(silence(600));
    expect(room.of('session.output_audio.fixture.played')).toMatchObject([
      { client_event_id: 'fixture_500' },
    ]);
    await room.send(append('thinking', 'y'));
    await room.hear(silence(200));
    expect(room.of('session.thinking.appended')).toHaveLength(1);
    await room.end();
  });

  it('drops what the caller says meanwhile, and cuts what the agent says', async () => {
    const room = await LiveRoom.open({}, able);
    await room.hear(speech(600));
    await room.hear(silence(800));
    const { lineId } = responds(room)[0]!;
    room.harness.session.emit(text(lineId, 'One.'), audio(lineId, answer(3_000)), done(lineId));
    await room.hear(silence(500));
    await room.send(fixture(1_000));
    expect(room.harness.call.entries.map(({ type }) => type)).toContain('agent.cut');
    const before = room.harness.session.audio.length;
    await room.hear(speech(800));
    const meanwhile = room.harness.session.audio.slice(before);
    expect(meanwhile.every(({ bytes }) => bytes.every((byte) => byte === 0))).toBe(true);
    await room.hear(silence(1_000));
    expect(responds(room)).toHaveLength(1);
    await room.end();
  });

  it('plays whether or not the caller is muted, and says nothing of that', async () => {
    const room = await LiveRoom.open({}, able);
    await room.send({ type: 'session.input_audio.mute' });
    await room.hear(silence(200));
    await room.send(fixture(300));
    await room.hear(silence(400));
    const from = 200 * 48;
    expect([...room.track.subarray(from, from + 4_800)]).toEqual([
      ...answer(300).subarray(0, 4_800),
    ]);
    expect(room.types.slice(-2)).toEqual([
      'session.output_audio.fixture.playing',
      'session.output_audio.fixture.played',
    ]);
    await room.end();
  });
});

describe('delegation to the app', () => {
  const call = (room: LiveRoom) => {
    const { lineId } = responds(room).at(-1)!;
    room.harness.session.emit({
      type: 'tool.called',
      lineId,
      toolCallId: 'call_1',
      name: 'delegate_to_application',
      arguments: '{}',
    });
    room.harness.session.emit(done(lineId));
  };
  const delegating = async (delayMs: number): Promise<LiveRoom> => {
    const room = await LiveRoom.open(
      { delegation: { type: 'client', acknowledgement_delay_ms: delayMs } },
      able,
    );
    await room.hear(speech(600));
    await room.hear(silence(800));
    expect(responds(room)).toHaveLength(1);
    call(room);
    await room.hear(silence(100));
    return room;
  };

  it('is answered as pending at once, and acknowledged after the delay', async () => {
    const room = await delegating(800);
    expect(room.of('session.delegation.created')).toHaveLength(1);
    const pending = room.harness.session.leftovers.find(
      (command) => command.type === 'item.add' && command.item.kind === 'tool_output',
    );
    expect(JSON.stringify(pending)).toContain('pending');
    await room.hear(silence(500));
    expect(responds(room)).toHaveLength(1);
    await room.hear(silence(500));
    expect(responds(room)).toHaveLength(2);
    // A model that may hand it on once more would do so for ever.
    expect(responds(room).map(({ overrides }) => overrides)).toEqual([
      {},
      { toolChoice: { mode: 'none' } },
    ]);
    await room.end();
  });

  it('is not acknowledged when something was said since', async () => {
    const room = await delegating(800);
    const { lineId } = responds(room)[0]!;
    await room.hear(silence(200));
    await room.hear(speech(600));
    await room.hear(silence(700));
    const next = responds(room).at(-1)!;
    expect(next.lineId).not.toBe(lineId);
    const about = given(room).length;
    await answers(room, 'Something else.');
    await room.hear(silence(1_000));
    expect(given(room).slice(about)).toEqual([]);
    await room.end();
  });

  it.each(['commentary', 'thinking'])('is not acknowledged once a %s came', async (kind) => {
    const room = await delegating(800);
    const { id } = room.of('session.delegation.created')[0]!['delegation'] as { id: string };
    await room.send(append(kind, 'It is free.', { delegation_id: id }));
    await room.hear(silence(1_500));
    // A commentary is an answer of its own.
    expect(responds(room)).toHaveLength(kind === 'commentary' ? 2 : 1);
    expect(given(room).filter((line) => line.includes('on it'))).toEqual([]);
    await room.end();
  });

  it('takes no triggers, no other settings, and nothing of what a start says', async () => {
    const room = await delegating(0);
    const update = (session: object): Promise<void> =>
      room.send({ type: 'session.update', session });
    await update({ triggers: [{ type: 'decisions' }] });
    for (const name of ['instructions', 'audio', 'input', 'store', 'client', 'voice']) {
      await update({ [name]: 'x' });
    }
    await update({ triggers: [] });
    expect(room.problems).toMatchObject([
      { code: 'unsupported_by_backend', param: 'session.triggers' },
      ...['instructions', 'audio', 'input', 'store', 'client', 'voice'].map((name) => ({
        code: 'unknown_parameter',
        param: `session.${name}`,
      })),
    ]);
    expect(room.of('session.updated')).toHaveLength(1);
    await room.end();
  });

  it('takes a new delay for later delegations, and no other kind', async () => {
    const room = await delegating(0);
    const update = (delegation: object): object => ({
      type: 'session.update',
      session: { delegation },
    });
    await room.send(update({ type: 'client', acknowledgement_delay_ms: 5_000 }));
    expect(room.of('session.updated')).toMatchObject([
      { session: { delegation: { acknowledgement_delay_ms: 5_000 } } },
    ]);
    await room.send(update({ type: 'responses' }));
    expect(room.problems).toMatchObject([
      { code: 'immutable_field_update', param: 'session.delegation.type' },
    ]);
    await room.end();
  });
});

describe('delegation to Responses', () => {
  const tools = [{ type: 'function', name: 'look', parameters: {}, strict: null }];
  const open = () =>
    LiveRoom.open({ delegation: { type: 'responses', responses: { model: 'x', tools } } }, able);

  it('shows several calls of a round, and asks for all of their outputs', async () => {
    const room = await open();
    expect(room.of('info')).toMatchObject([{ code: 'model_substituted' }]);
    await room.hear(speech(600));
    await room.hear(silence(800));
    const { lineId } = responds(room)[0]!;
    const called = { type: 'tool.called', lineId, name: 'look', arguments: '{}' } as const;
    room.harness.session.emit({ ...called, toolCallId: 'a' }, { ...called, toolCallId: 'b' });
    room.harness.session.emit(done(lineId));
    await room.hear(silence(100));
    const nested = room.of('response.event').map(({ event }) => event as { type: string });
    expect(nested.filter(({ type }) => type === 'response.output_item.done')).toHaveLength(2);
    expect(nested.filter(({ type }) => type === 'response.created')).toHaveLength(1);
    expect(nested.at(-1)?.type).toBe('response.completed');
    const answerWith = (call_id: string): Promise<void> =>
      room.send({
        type: 'response.item.create',
        item: { type: 'function_call_output', call_id, output: '1' },
      });
    await answerWith('a');
    await room.send({ type: 'response.create', event_id: 'early' });
    expect(room.problems).toMatchObject([{ code: 'invalid_value' }]);
    await answerWith('b');
    await room.send({ type: 'response.create' });
    await room.hear(silence(200));
    expect(responds(room)).toHaveLength(2);
    await room.end();
  });

  it('takes what is typed, refuses delegation ids, and items that are none', async () => {
    const room = await open();
    const typed = { type: 'message', role: 'user', content: 'Hello.' };
    await room.send({ type: 'response.item.create', item: typed });
    await room.send({ type: 'response.create' });
    await room.hear(silence(200));
    expect(given(room)).toContain('Hello.');
    expect(responds(room)).toHaveLength(1);
    await room.send(append('thinking', 'x', { delegation_id: 'item_1' }));
    await room.send({ type: 'response.item.create', item: { type: 'reasoning', id: 'r' } });
    expect(room.problems).toMatchObject([
      { code: 'invalid_value', param: 'delegation_id' },
      { code: 'unsupported_by_backend', param: 'item.type' },
    ]);
    await room.end();
  });
});

describe('a session ends', () => {
  it('expired, when no audio ever comes', async () => {
    const room = await LiveRoom.open({}, able);
    await room.harness.pass(29_900);
    expect(room.of('session.closed')).toEqual([]);
    await room.harness.pass(200);
    expect(room.of('session.closed')).toMatchObject([{ reason: 'expired', usage: { seconds: 0 } }]);
    expect(room.socket.closedWith?.code).toBe(1001);
  });

  it('when the gateway goes down', async () => {
    const room = await LiveRoom.open({}, able);
    await room.hear(silence(300));
    room.harness.call.close({ kind: 'shutdown' });
    expect(room.of('session.closed')).toMatchObject([{ reason: 'connection_lost' }]);
    expect(room.socket.closedWith?.code).toBe(1012);
  });

  it('when its client does not read', async () => {
    const room = await LiveRoom.open({}, able);
    room.socket.unsentBytes = 5 * 1024 * 1024;
    await room.send({ type: 'session.update', session: {} });
    expect(room.harness.closes).toMatchObject([{ kind: 'error', code: 'slow_reader' }]);
    expect(room.socket.closedWith?.code).toBe(1013);
    expect(room.harness.clock.pending).toBe(0);
  });
});
