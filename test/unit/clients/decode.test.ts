import { Base64Bytes } from '../../../src/audio/base64-bytes.ts';
import { describe, expect, it } from 'vitest';
import { decode } from '../../../adapters/clients/openai-realtime/decode.ts';
import { pcm24k } from '../../../src/audio/format.ts';

const read = (event: unknown): ReturnType<typeof decode> =>
  decode(typeof event === 'string' ? event : JSON.stringify(event), {
    inputFormat: pcm24k,
    outputFormat: pcm24k,
    backend: 'parrot',
  });
const respond = {
  type: 'respond',
  requestId: null,
  outOfBand: false,
  overrides: {},
  metadata: null,
  input: null,
};

describe('a client event that is well formed', () => {
  it.each([
    [{ type: 'input_audio_buffer.commit' }, { type: 'commit' }],
    [{ type: 'input_audio_buffer.clear' }, { type: 'clear' }],
    [{ type: 'output_audio_buffer.clear' }, { type: 'output.clear' }],
    [
      {
        type: 'conversation.item.create',
        previous_item_id: 'root',
        item: {
          id: 'mine',
          type: 'message',
          role: 'user',
          status: 'completed',
          content: [{ type: 'input_text', text: 'Hello' }],
        },
      },
      {
        type: 'item.create',
        after: 'root',
        item: {
          kind: 'message',
          role: 'user',
          content: [{ type: 'text', text: 'Hello' }],
          itemId: 'mine',
        },
      },
    ],
    [
      {
        type: 'conversation.item.create',
        item: {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Hi' }],
        },
      },
      {
        type: 'item.create',
        after: null,
        item: {
          kind: 'message',
          role: 'assistant',
          content: [{ type: 'text', text: 'Hi' }],
          itemId: null,
        },
      },
    ],
    [
      {
        type: 'conversation.item.create',
        item: { type: 'function_call', call_id: 'c1', name: 'find', arguments: '{}' },
      },
      {
        type: 'item.create',
        after: null,
        item: { kind: 'tool_call', toolCallId: 'c1', name: 'find', arguments: '{}', itemId: null },
      },
    ],
    [
      {
        type: 'conversation.item.create',
        item: { type: 'function_call_output', call_id: 'c1', output: '' },
      },
      {
        type: 'item.create',
        after: null,
        item: { kind: 'tool_output', toolCallId: 'c1', output: '', itemId: null },
      },
    ],
    [
      { type: 'conversation.item.delete', item_id: 'item_1' },
      { type: 'item.delete', itemId: 'item_1' },
    ],
    [
      {
        type: 'conversation.item.truncate',
        item_id: 'item_1',
        content_index: 0,
        audio_end_ms: 1200,
      },
      { type: 'item.truncate', itemId: 'item_1', audioEndMs: 1200 },
    ],
    [
      { type: 'parley.playback', item_id: 'item_1', content_index: 0, played_ms: 250.5 },
      { type: 'playback', itemId: 'item_1', playedMs: 250.5 },
    ],
    [{ type: 'response.cancel' }, { type: 'cancel', lineId: null }],
    [
      { type: 'response.cancel', response_id: 'resp_7' },
      { type: 'cancel', lineId: 'line_7' },
    ],
    [{ type: 'response.create' }, respond],
    [{ type: 'response.create', response: null }, respond],
    [
      {
        type: 'response.create',
        response: {
          conversation: 'none',
          output_modalities: ['text'],
          instructions: 'Classify.',
          metadata: { topic: 'a' },
          max_output_tokens: 50,
          tools: [{ type: 'function', name: 'find', strict: true }],
          tool_choice: { type: 'function', name: 'find' },
          audio: { output: { voice: { id: 'v1' }, format: { type: 'audio/pcm', rate: 24000 } } },
          input: [
            { type: 'item_reference', id: 'item_3' },
            { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'S' }] },
          ],
        },
      },
      {
        ...respond,
        outOfBand: true,
        overrides: {
          instructions: 'Classify.',
          voice: 'v1',
          modality: 'text',
          tools: [{ name: 'find', description: null, parameters: null }],
          toolChoice: { mode: 'tool', name: 'find' },
          maxOutputTokens: 50,
        },
        metadata: { topic: 'a' },
        input: [
          { kind: 'reference', itemId: 'item_3' },
          {
            kind: 'message',
            role: 'system',
            content: [{ type: 'text', text: 'S' }],
            itemId: null,
          },
        ],
      },
    ],
    [
      { type: 'response.create', response: { input: [] } },
      { ...respond, input: [] },
    ],
  ])('%j becomes its command', (event, command) => {
    expect(read(event)).toEqual({ kind: 'command', command, eventId: null });
  });

  it('gives a response the id of its request', () => {
    expect(read({ type: 'response.create', event_id: 'evt_9' })).toEqual({
      kind: 'command',
      command: { ...respond, requestId: 'evt_9' },
      eventId: 'evt_9',
    });
  });

  it('hands over audio, retrievals and session updates', () => {
    expect(read({ type: 'input_audio_buffer.append', audio: 'AQI=' })).toEqual({
      kind: 'audio',
      bytes: Base64Bytes.decode('AQI='),
      eventId: null,
    });
    expect(read({ type: 'conversation.item.retrieve', item_id: 'i', event_id: 'e' })).toEqual({
      kind: 'retrieve',
      itemId: 'i',
      eventId: 'e',
    });
    expect(read({ type: 'session.update', session: { type: 'realtime' } })).toEqual({
      kind: 'session',
      update: { type: 'realtime' },
      eventId: null,
    });
  });
});

describe('a client event that is not', () => {
  const user = (content: unknown): unknown => ({
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content },
  });
  const update = (session: object): unknown => ({
    type: 'session.update',
    session: { type: 'realtime', ...session },
  });
  const detection = (turn_detection: unknown): unknown =>
    update({ audio: { input: { turn_detection } } });
  const create = (response: unknown): unknown => ({ type: 'response.create', response });

  it.each([
    ['{"type":', 'invalid_json', undefined],
    ['[]', 'invalid_event', undefined],
    ['null', 'invalid_event', undefined],
    ['"text"', 'invalid_event', undefined],
    [{}, 'invalid_event', 'type'],
    [{ type: 7 }, 'invalid_event', 'type'],
    [{ type: 'session.destroy' }, 'invalid_value', 'type'],
    [{ type: 'toString' }, 'invalid_value', 'type'],
    [{ type: 'input_audio_buffer.commit', event_id: 7 }, 'invalid_value', 'event_id'],
    [{ type: 'input_audio_buffer.append' }, 'invalid_value', 'audio'],
    [{ type: 'input_audio_buffer.append', audio: 'AQ' }, 'invalid_audio', 'audio'],
    [{ type: 'input_audio_buffer.append', audio: 'AQID' }, 'invalid_audio', 'audio'],
    [{ type: 'conversation.item.retrieve' }, 'invalid_value', 'item_id'],
    [{ type: 'conversation.item.delete', item_id: '' }, 'invalid_value', 'item_id'],
    [
      { type: 'conversation.item.truncate', item_id: 'i', content_index: 1, audio_end_ms: 0 },
      'invalid_value',
      'content_index',
    ],
    [
      { type: 'conversation.item.truncate', item_id: 'i', content_index: 0, audio_end_ms: -1 },
      'invalid_value',
      'audio_end_ms',
    ],
    [{ type: 'parley.playback', item_id: 'i' }, 'invalid_value', 'played_ms'],
    [{ type: 'conversation.item.create' }, 'invalid_value', 'item'],
    [user('Hello'), 'invalid_value', 'item.content'],
    [user([{ type: 'input_text' }]), 'invalid_value', 'item.content[0].text'],
    [user([{ type: 'text', text: 'x' }]), 'invalid_value', 'item.content[0].type'],
    [user([{ type: 'input_audio' }]), 'unsupported_content_type', 'item.content[0].type'],
    [user([{ type: 'input_image' }]), 'unsupported_content_type', 'item.content[0].type'],
    [
      { type: 'conversation.item.create', item: { type: 'item_reference', id: 'i' } },
      'invalid_value',
      'item.type',
    ],
    [
      { type: 'conversation.item.create', item: { type: 'mcp_call' } },
      'unsupported_by_backend',
      'item.type',
    ],
    [
      { type: 'conversation.item.create', item: { type: 'mcp_approval_response' } },
      'invalid_value',
      'item.approval_request_id',
    ],
    [{ type: 'session.update' }, 'invalid_value', 'session'],
    [{ type: 'session.update', session: {} }, 'invalid_value', 'session.type'],
    [update({ temperature: 0.8 }), 'invalid_value', 'session.temperature'],
    [
      update({ output_modalities: ['text', 'audio'] }),
      'invalid_value',
      'session.output_modalities',
    ],
    [update({ max_output_tokens: 0 }), 'invalid_value', 'session.max_output_tokens'],
    [update({ audio: { output: { speed: 9 } } }), 'invalid_value', 'session.audio.output.speed'],
    [
      detection({ type: 'server_vad', threshold: 1.5 }),
      'invalid_value',
      'session.audio.input.turn_detection.threshold',
    ],
    [
      detection({ type: 'server_vad', idle_timeout_ms: 4999 }),
      'invalid_value',
      'session.audio.input.turn_detection.idle_timeout_ms',
    ],
    [detection({ type: 'psychic' }), 'invalid_value', 'session.audio.input.turn_detection.type'],
    [create({ output_modalities: [] }), 'invalid_value', 'response.output_modalities'],
    [create({ modalities: ['text'] }), 'invalid_value', 'response.modalities'],
    [create({ conversation: 'other' }), 'invalid_value', 'response.conversation'],
    [create({ metadata: { k: 7 } }), 'invalid_value', 'response.metadata.k'],
    [create({ prompt: { id: 'p' } }), 'unsupported_by_backend', 'response.prompt'],
    [create({ reasoning: {} }), 'unsupported_by_backend', 'response.reasoning'],
    [
      create({ parallel_tool_calls: true }),
      'unsupported_by_backend',
      'response.parallel_tool_calls',
    ],
    [
      create({ audio: { output: { format: { type: 'audio/pcmu' } } } }),
      'unsupported_by_backend',
      'response.audio.output.format',
    ],
    [
      create({ tools: [{ type: 'mcp', server_label: 'x' }] }),
      'unsupported_by_backend',
      'response.tools[0].type',
    ],
    [
      { type: 'response.cancel', response_id: 'msg_1' },
      'response_cancel_not_active',
      'response_id',
    ],
  ])('%j is refused as %s at %s', (event, code, param) => {
    const decoded = read(event);
    expect(decoded.kind).toBe('invalid');
    if (decoded.kind === 'invalid') {
      expect({ code: decoded.error.code, param: decoded.error.param }).toEqual({ code, param });
    }
  });

  it('keeps the event id that the client gave', () => {
    expect(read({ type: 'nope', event_id: 'evt_1' })).toMatchObject({ eventId: 'evt_1' });
    expect(read({ event_id: 'evt_2' })).toMatchObject({ kind: 'invalid', eventId: 'evt_2' });
  });

  it('names the backend where something is impossible with it', () => {
    expect(read(create({ prompt: { id: 'p' } }))).toMatchObject({
      error: { message: expect.stringContaining("backend 'parrot'") as string },
    });
  });

  it('repeats nothing of a text that is not JSON', () => {
    expect(read('sk-secret')).toMatchObject({
      error: { message: 'The message is not valid JSON.' },
    });
  });
});
