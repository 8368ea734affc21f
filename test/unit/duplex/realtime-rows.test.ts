import { beforeAll, describe, expect, it } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { answer, silence, speech } from '../../support/call-harness.ts';
import { RealtimeRoom } from './rooms.ts';

beforeAll(prepareResampler);

const one = { type: 'function', name: 'look', parameters: { type: 'object' } };
const input = (settings: object) => ({ audio: { input: settings } });
const message = (role: string, type: string, extra: object = {}) => ({
  type: 'conversation.item.create',
  item: { type: 'message', id: 'mine', role, content: [{ type, text: 'Hello.' }] },
  ...extra,
});

describe('settings of a session whose backend has no turns', () => {
  it.each([
    ['instructions', { instructions: 'Be brisk.' }, { instructions: 'Be brisk.' }],
    [
      'another voice before any audio',
      { audio: { output: { voice: 'cedar' } } },
      { voice: 'cedar' },
    ],
    ['a tool', { tools: [one] }, { tools: [{ name: 'look' }] }],
    [
      'a tool that must be used',
      { tools: [one], tool_choice: 'required' },
      { toolChoice: { mode: 'required' } },
    ],
    ['no captions', input({ transcription: null }), { callerTranscripts: false }],
  ])('honours %s', async (_what, wish, expected) => {
    const room = await RealtimeRoom.open();
    await room.update(wish);
    expect(room.problems).toEqual([]);
    expect(room.harness.session.next('configure').settings).toMatchObject(expected);
    await room.end();
  });

  it.each([
    [
      'G.711',
      input({ format: { type: 'audio/pcmu' } }),
      { audio: { input: { format: { type: 'audio/pcmu' } } } },
    ],
    [
      'server_vad',
      input({ turn_detection: { type: 'server_vad', silence_duration_ms: 700 } }),
      {
        audio: {
          input: {
            turn_detection: { type: 'server_vad', silence_duration_ms: 700, create_response: true },
          },
        },
      },
    ],
    [
      'semantic_vad',
      input({ turn_detection: { type: 'semantic_vad', eagerness: 'low' } }),
      { audio: { input: { turn_detection: { type: 'semantic_vad', interrupt_response: true } } } },
    ],
    [
      'hints for captions',
      input({ transcription: { model: 'whisper-1', language: 'de' } }),
      { audio: { input: { transcription: { model: 'duplex' } } } },
    ],
    ['tracing', { tracing: 'auto' }, { tracing: null }],
    ['a limit on parallel calls', { parallel_tool_calls: false }, { parallel_tool_calls: null }],
    [
      'all that it was shown itself',
      {
        audio: { input: { noise_reduction: null }, output: { speed: 1 } },
        prompt: null,
        reasoning: null,
        truncation: 'auto',
        include: [],
        max_output_tokens: 'inf',
      },
      { prompt: null, reasoning: null, truncation: 'auto', include: null },
    ],
  ])('shows what is in force for %s', async (_what, wish, expected) => {
    const room = await RealtimeRoom.open();
    await room.update(wish);
    expect(room.problems).toEqual([]);
    expect(room.session).toMatchObject(expected);
    await room.end();
  });

  it.each([
    ['manual turns', input({ turn_detection: null }), 'session.audio.input.turn_detection'],
    [
      'no answers by itself',
      input({ turn_detection: { type: 'server_vad', create_response: false } }),
      'session.audio.input.turn_detection',
    ],
    [
      'no interruptions',
      input({ turn_detection: { type: 'semantic_vad', interrupt_response: false } }),
      'session.audio.input.turn_detection',
    ],
    [
      'an idle timeout',
      input({ turn_detection: { type: 'server_vad', idle_timeout_ms: 6000 } }),
      'session.audio.input.turn_detection',
    ],
    [
      'noise reduction',
      input({ noise_reduction: { type: 'near_field' } }),
      'session.audio.input.noise_reduction',
    ],
    ['another speed', { audio: { output: { speed: 1.2 } } }, 'session.audio.output.speed'],
    ['a stored prompt', { prompt: { id: 'p' } }, 'session.prompt'],
    ['reasoning', { reasoning: { effort: 'low' } }, 'session.reasoning'],
    ['another truncation', { truncation: 'disabled' }, 'session.truncation'],
    [
      'log probabilities',
      { include: ['item.input_audio_transcription.logprobs'] },
      'session.include',
    ],
    ['a limit of tokens', { max_output_tokens: 100 }, 'session.max_output_tokens'],
    ['answers in text', { output_modalities: ['text'] }, 'session.output_modalities'],
    [
      'more tools than it can tell apart',
      { tools: [one, { ...one, name: 'other' }] },
      'session.tools',
    ],
    [
      'tools of an MCP server',
      { tools: [{ type: 'mcp', server_label: 'a', server_url: 'https://a.example' }] },
      'session.tools',
    ],
  ])('refuses %s', async (_what, wish, param) => {
    const room = await RealtimeRoom.open();
    await room.update(wish);
    expect(room.problems).toHaveLength(1);
    expect(room.problems[0]?.code).toBe('unsupported_by_backend');
    expect(room.problems[0]?.param).toContain(param);
    expect(room.harness.session.leftovers).toEqual([]);
    await room.end();
  });

  it('locks the voice once the agent was heard', async () => {
    const room = await RealtimeRoom.open();
    await room.says(answer(300));
    await room.update({ audio: { output: { voice: 'cedar' } } });
    expect(room.problems).toMatchObject([{ code: 'cannot_update_voice' }]);
    await room.end();
  });
});

describe('commands to a backend without turns', () => {
  it('appends go on as they are; a commit is book-keeping, a clear forgets', async () => {
    const room = await RealtimeRoom.open();
    await room.send({ type: 'input_audio_buffer.commit', event_id: 'c' });
    expect(room.problems).toMatchObject([{ code: 'input_audio_buffer_commit_empty' }]);
    const audio = Buffer.from(silence(200)).toString('base64');
    await room.send({ type: 'input_audio_buffer.append', audio });
    await room.send({ type: 'input_audio_buffer.commit' });
    expect(room.of('input_audio_buffer.committed')).toHaveLength(1);
    expect(room.of('conversation.item.added')).toMatchObject([{ item: { role: 'user' } }]);
    await room.send({ type: 'input_audio_buffer.clear' });
    expect(room.of('input_audio_buffer.cleared')).toHaveLength(1);
    expect(room.harness.session.audio).toHaveLength(1);
    expect(room.harness.session.takeAll()).toEqual([{ type: 'clear' }]);
    await room.end();
  });

  it('an answer that is asked for is the model’s next speech', async () => {
    const room = await RealtimeRoom.open();
    await room.send({ type: 'response.create', response: { instructions: 'Be short.' } });
    expect(room.of('response.created')).toHaveLength(1);
    const { overrides } = room.harness.session.next('respond');
    expect(overrides).toEqual({ instructions: 'Be short.' });
    await room.send({ type: 'response.create', event_id: 'again' });
    expect(room.problems).toMatchObject([{ code: 'conversation_already_has_active_response' }]);
    await room.says(silence(600));
    await room.says(answer(500), 'Good day.');
    await room.says(silence(1_000));
    expect(room.of('response.created')).toHaveLength(1);
    expect(room.of('response.done')).toMatchObject([
      { response: { status: 'completed', output: [{ content: [{ transcript: 'Good day.' }] }] } },
    ]);
    await room.end();
  });

  it('an answer that does not come has failed after ten seconds, and the call goes on', async () => {
    const room = await RealtimeRoom.open();
    await room.send({ type: 'response.create' });
    await room.says(silence(9_900));
    expect(room.of('response.done')).toEqual([]);
    await room.says(silence(200));
    expect(room.of('response.done')).toMatchObject([
      { response: { status: 'failed', status_details: { error: { type: 'server_error' } } } },
    ]);
    await room.says(answer(300));
    expect(room.of('response.created')).toHaveLength(2);
    await room.end();
  });

  it.each([
    ['beside the conversation', { conversation: 'none' }, 'response.conversation'],
    ['to an input of its own', { input: [] }, 'response.input'],
    ['in text', { output_modalities: ['text'] }, 'response.output_modalities'],
    ['in another voice', { audio: { output: { voice: 'cedar' } } }, 'response.'],
    ['with tools of its own', { tools: [one] }, 'response.tools'],
    [
      'in another format',
      { audio: { output: { format: { type: 'audio/pcmu' } } } },
      'response.audio.output.format',
    ],
  ])('an answer %s is refused', async (_what, response, param) => {
    const room = await RealtimeRoom.open();
    await room.send({ type: 'response.create', response });
    expect(room.problems).toMatchObject([{ code: 'unsupported_by_backend' }]);
    expect(room.problems[0]?.param).toContain(param);
    expect(room.of('response.created')).toEqual([]);
    await room.end();
  });

  it('a cancel silences the rest of what it says, and tells it to stop', async () => {
    const room = await RealtimeRoom.open();
    await room.send({ type: 'response.cancel' });
    expect(room.problems).toMatchObject([{ code: 'response_cancel_not_active' }]);
    await room.says(answer(500));
    await room.send({ type: 'response.cancel' });
    expect(room.of('response.done')).toMatchObject([
      { response: { status: 'cancelled', status_details: { reason: 'client_cancelled' } } },
    ]);
    expect(room.harness.session.leftovers.map(({ type }) => type)).toEqual(['cancel', 'truncate']);
    const heard = room.of('response.output_audio.delta').length;
    await room.says(answer(500));
    expect(room.of('response.output_audio.delta')).toHaveLength(heard);
    await room.says(silence(800));
    await room.says(answer(200));
    expect(room.of('response.created')).toHaveLength(2);
    await room.end();
  });

  it('a truncation is noted; a longer one than there is, refused', async () => {
    const room = await RealtimeRoom.open();
    await room.says(answer(500), 'One two.');
    await room.says(silence(1_000));
    const [added] = room.of('conversation.item.added');
    const { id: item_id } = added!['item'] as { id: string };
    const truncate = { type: 'conversation.item.truncate', item_id, content_index: 0 };
    await room.send({ ...truncate, audio_end_ms: 60_000 });
    expect(room.problems).toHaveLength(1);
    await room.send({ ...truncate, audio_end_ms: 100 });
    expect(room.of('conversation.item.truncated')).toMatchObject([{ audio_end_ms: 100 }]);
    expect(room.harness.session.next('truncate')).toMatchObject({ heardMs: 100 });
    await room.end();
  });

  it('text is added at the end, and taken back only before it begins', async () => {
    const room = await RealtimeRoom.open();
    await room.send(message('user', 'input_text'));
    expect(room.harness.session.next('item.add')).toMatchObject({ item: { role: 'user' } });
    await room.send({ type: 'conversation.item.retrieve', item_id: 'mine' });
    expect(room.of('conversation.item.retrieved')).toHaveLength(1);
    await room.send({ type: 'conversation.item.delete', item_id: 'mine' });
    expect(room.of('conversation.item.deleted')).toHaveLength(1);
    await room.send(message('system', 'input_text'));
    await room.send(message('assistant', 'output_text', { previous_item_id: 'root' }));
    expect(room.problems).toMatchObject([
      { code: 'unsupported_by_backend', param: 'previous_item_id' },
    ]);
    await room.says(answer(300));
    await room.send({ type: 'conversation.item.delete', item_id: 'mine' });
    expect(room.problems.at(-1)).toMatchObject({
      code: 'unsupported_by_backend',
      param: 'item_id',
    });
    await room.end();
  });

  it('sound, pictures, and outputs of calls that nobody made, are refused', async () => {
    const room = await RealtimeRoom.open();
    for (const part of [
      { type: 'input_audio', audio: '' },
      { type: 'input_image', image_url: 'data:image/png;base64,' },
    ]) {
      const item = { type: 'message', role: 'user', content: [part] };
      await room.send({ type: 'conversation.item.create', item });
    }
    const output = { type: 'function_call_output', call_id: 'call_none', output: '1' };
    await room.send({ type: 'conversation.item.create', item: output });
    expect(room.problems).toMatchObject([
      { code: 'unsupported_by_backend', param: 'item.content[0].type' },
      { code: 'unsupported_by_backend', param: 'item.content[0].type' },
      { code: 'tool_call_not_found' },
    ]);
    await room.end();
  });

  it('several calls of one go are one response, and their answer is the next one', async () => {
    const room = await RealtimeRoom.open();
    await room.update({ tools: [one] });
    room.harness.session.takeAll();
    const called = { type: 'tool.called', lineId: 'go', name: 'look', arguments: '{}' } as const;
    room.harness.session.emit({ ...called, toolCallId: 'a' }, { ...called, toolCallId: 'b' });
    const usage = {
      inputTextTokens: 9,
      inputAudioTokens: null,
      inputCachedTokens: null,
      outputTextTokens: 1,
      outputAudioTokens: null,
    };
    const outcome = { status: 'completed' } as const;
    room.harness.session.emit({ type: 'line.done', lineId: 'go', outcome, usage });
    await room.harness.pass(10);
    const [done] = room.of('response.done');
    expect(done).toMatchObject({ response: { status: 'completed', usage: { input_tokens: 9 } } });
    const { output } = done!['response'] as { output: { type: string; call_id: string }[] };
    expect(output.map(({ call_id }) => call_id)).toEqual(['a', 'b']);
    for (const { call_id } of output) {
      const item = { type: 'function_call_output', call_id, output: '1' };
      await room.send({ type: 'conversation.item.create', item });
    }
    // The model goes on by itself: what the client asks for then is what is being said.
    await room.says(answer(300));
    await room.send({ type: 'response.create' });
    expect(room.problems).toEqual([]);
    expect(room.of('response.created')).toHaveLength(2);
    await room.end();
  });

  it('a client’s own flush of what it has not played is cleared', async () => {
    const room = await RealtimeRoom.open();
    await room.says(answer(300));
    await room.send({ type: 'output_audio_buffer.clear' });
    expect(room.of('output_audio_buffer.cleared')).toHaveLength(1);
    await room.end();
  });
});

describe('speech over a model that judges it by itself', () => {
  it('is shown to nobody while it is a murmur', async () => {
    const room = await RealtimeRoom.open();
    await room.saysOver(answer(800), silence(800), 'So');
    await room.saysOver(answer(1_800), Buffer.concat([speech(400), silence(1_400)]));
    await room.understands('Mhm.', 900, 1_100);
    await room.saysOver(silence(3_000), silence(3_000));
    expect(room.types).not.toContain('input_audio_buffer.speech_started');
    expect(room.of('response.done')).toMatchObject([{ response: { status: 'completed' } }]);
    expect(room.of('conversation.item.added')).toMatchObject([{ item: { role: 'assistant' } }]);
    await room.end();
  });

  it('is shown with its true start once it stopped the model, whose response was cut by it', async () => {
    const room = await RealtimeRoom.open();
    await room.saysOver(answer(1_000), silence(1_000), 'So');
    await room.saysOver(answer(600), speech(600));
    expect(room.types).not.toContain('input_audio_buffer.speech_started');
    await room.saysOver(silence(600), speech(600));
    const [started] = room.of('input_audio_buffer.speech_started');
    // Onset less the prefix of 300 ms.
    expect(started?.['audio_start_ms']).toBeGreaterThanOrEqual(650);
    expect(started?.['audio_start_ms']).toBeLessThanOrEqual(800);
    expect(room.of('response.done')).toMatchObject([
      {
        response: {
          status: 'cancelled',
          status_details: { reason: 'turn_detected' },
          output: [{ status: 'incomplete' }],
        },
      },
    ]);
    await room.end();
  });

  it('that the model talks through is in the history once it has finished, and no turn', async () => {
    const room = await RealtimeRoom.open();
    await room.saysOver(answer(1_000), silence(1_000), 'So');
    await room.saysOver(answer(3_000), Buffer.concat([speech(1_600), silence(1_400)]));
    await room.understands('I would rather', 1_000, 1_800);
    await room.understands(' not do that.', 1_800, 2_600);
    await room.saysOver(answer(1_000), silence(1_000));
    expect(room.of('conversation.item.added')).toHaveLength(1);
    await room.saysOver(silence(2_000), silence(2_000));
    expect(room.types).not.toContain('input_audio_buffer.speech_started');
    expect(room.of('response.done')).toMatchObject([{ response: { status: 'completed' } }]);
    expect(room.of('conversation.item.added').at(-1)).toMatchObject({
      item: {
        role: 'user',
        content: [{ type: 'input_text', text: 'I would rather not do that.' }],
      },
    });
    expect(room.types.filter((type) => type === 'input_audio_buffer.committed')).toEqual([]);
    await room.end();
  });
});
