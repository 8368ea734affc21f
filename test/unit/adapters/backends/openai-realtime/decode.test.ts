import { Base64Bytes } from '../../../../../src/audio/base64-bytes.ts';
import { describe, expect, it } from 'vitest';
import { decode } from '../../../../../adapters/backends/openai-realtime/decode.ts';
import { dialects } from '../../../../../adapters/backends/openai-realtime/dialects.ts';
import { CallError } from '../../../../../src/ports/errors.ts';

const secret = 'sk-very-secret';
const read = (value: unknown, dialect = dialects.openai): unknown =>
  decode(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), {
    dialect,
    secret,
  });

const response = { id: 'r1', object: 'realtime.response', conversation_id: 'conv', output: [] };

describe('decode', () => {
  it.each([
    [
      'session.created',
      { type: 'session.created', session: {} },
      { type: 'greeting', name: 'session.created' },
    ],
    ['session.updated', { type: 'session.updated' }, { type: 'session.updated' }],
    [
      'a response with our label',
      { type: 'response.created', response: { ...response, metadata: { parley_line: 'line_1' } } },
      { type: 'response.created', responseId: 'r1', lineId: 'line_1', outOfBand: false },
    ],
    [
      'a response out of band',
      { type: 'response.created', response: { id: 'r1', conversation_id: null, metadata: null } },
      { type: 'response.created', responseId: 'r1', lineId: null, outOfBand: true },
    ],
    [
      'a response whose conversation is not told',
      { type: 'response.created', response: { id: 'r1' } },
      { type: 'response.created', responseId: 'r1', lineId: null, outOfBand: null },
    ],
    [
      'words of audio',
      {
        type: 'response.output_audio_transcript.delta',
        response_id: 'r',
        item_id: 'i',
        delta: 'Hi',
      },
      { type: 'text', responseId: 'r', delta: 'Hi' },
    ],
    [
      'text',
      { type: 'response.output_text.delta', response_id: 'r', item_id: 'i', delta: 'Hi', extra: 1 },
      { type: 'text', responseId: 'r', delta: 'Hi' },
    ],
    [
      'audio written in an unusual way',
      '{ "delta": "AAEC\\/w==", "response_id": "r", "item_id": "i", "type": "response.output_audio.delta" }',
      { type: 'audio', responseId: 'r', itemId: 'i', bytes: Base64Bytes.decode('AAEC/w==') },
    ],
    [
      'complete arguments',
      {
        type: 'response.function_call_arguments.done',
        response_id: 'r',
        call_id: 'c',
        name: 'f',
        arguments: '{}',
      },
      { type: 'tool', responseId: 'r', toolCallId: 'c', name: 'f', arguments: '{}' },
    ],
    [
      'arguments without a name, as older servers send them',
      {
        type: 'response.function_call_arguments.done',
        response_id: 'r',
        call_id: 'c',
        arguments: '',
      },
      { type: 'passed' },
    ],
    [
      'a finished call',
      {
        type: 'response.output_item.done',
        response_id: 'r',
        item: {
          type: 'function_call',
          status: 'completed',
          call_id: 'c',
          name: 'f',
          arguments: '1',
        },
      },
      { type: 'tool', responseId: 'r', toolCallId: 'c', name: 'f', arguments: '1' },
    ],
    [
      'a call that was cut off',
      {
        type: 'response.output_item.done',
        response_id: 'r',
        item: {
          type: 'function_call',
          status: 'incomplete',
          call_id: 'c',
          name: 'f',
          arguments: '{',
        },
      },
      { type: 'passed' },
    ],
    [
      'a finished message',
      { type: 'response.output_item.done', response_id: 'r', item: { type: 'message' } },
      { type: 'passed' },
    ],
    [
      'a committed turn',
      { type: 'input_audio_buffer.committed', item_id: 'i', previous_item_id: null },
      { type: 'committed', itemId: 'i' },
    ],
    [
      'speech',
      { type: 'input_audio_buffer.speech_started', item_id: 'i', audio_start_ms: 120 },
      { type: 'speech', speaking: true, atMs: 120 },
    ],
    [
      'the end of speech',
      { type: 'input_audio_buffer.speech_stopped', item_id: 'i', audio_end_ms: 900 },
      { type: 'speech', speaking: false, atMs: 900 },
    ],
    [
      'a piece of a transcript',
      { type: 'conversation.item.input_audio_transcription.delta', item_id: 'i', delta: 'wo' },
      { type: 'transcript.delta', itemId: 'i', delta: 'wo' },
    ],
    [
      'a whole transcript',
      {
        type: 'conversation.item.input_audio_transcription.completed',
        item_id: 'i',
        transcript: 'w',
      },
      { type: 'transcript.done', itemId: 'i', text: 'w' },
    ],
    [
      'a transcript that failed',
      { type: 'conversation.item.input_audio_transcription.failed', item_id: 'i', error: {} },
      { type: 'transcript.failed', itemId: 'i' },
    ],
    ['rate limits', { type: 'rate_limits.updated', rate_limits: [] }, { type: 'passed' }],
    [
      'news',
      { type: 'response.hologram.delta' },
      { type: 'unknown', name: 'response.hologram.delta' },
    ],
    [
      'an error about one of our events',
      {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          code: 'x',
          message: 'no',
          event_id: 'create:line_1',
        },
      },
      { type: 'error', error: { code: 'x', message: 'no', eventId: 'create:line_1' } },
    ],
    [
      'an error without a code',
      { type: 'error', error: { type: 'server_error', message: 'no' } },
      { type: 'error', error: { code: 'server_error', message: 'no', eventId: null } },
    ],
  ])('reads %s', (_what, message, meaning) => {
    expect(read(message)).toEqual(meaning);
  });

  it('reads the usage by kind, and leaves open what was not counted', () => {
    const usage = {
      total_tokens: 9,
      input_token_details: { text_tokens: 3, audio_tokens: 4, cached_tokens: 2 },
      output_token_details: { text_tokens: 1 },
    };
    expect(
      read({ type: 'response.done', response: { ...response, status: 'completed', usage } }),
    ).toMatchObject({
      outcome: { status: 'completed' },
      usage: {
        inputTextTokens: 3,
        inputAudioTokens: 4,
        inputCachedTokens: 2,
        outputTextTokens: 1,
        outputAudioTokens: null,
      },
    });
    const bare = {
      type: 'response.done',
      response: { ...response, status: 'completed', usage: null },
    };
    expect(read(bare)).toMatchObject({ usage: null });
  });

  it.each([
    [{ status: 'cancelled', status_details: { reason: 'turn_detected' } }, { status: 'cancelled' }],
    [
      { status: 'incomplete', status_details: { reason: 'max_output_tokens' } },
      { status: 'incomplete', reason: 'max_output_tokens' },
    ],
    [
      { status: 'incomplete', status_details: { reason: 'content_filter' } },
      { status: 'incomplete', reason: 'content_filter' },
    ],
  ])('reads the end %j', (ended, outcome) => {
    const done = { type: 'response.done', response: { ...response, ...ended } };
    expect(read(done)).toMatchObject({ type: 'response.done', outcome });
  });

  it.each([
    ['rate_limit_exceeded', 'backend_overloaded'],
    ['inference_rate_limit_exceeded', 'backend_overloaded'],
    ['server_error', 'backend_refused'],
  ])('reads a failure with %s as %s, with the upstream’s words', (code, ours) => {
    const failed = { status: 'failed', status_details: { error: { code, message: 'Try later.' } } };
    const read1 = read({ type: 'response.done', response: { ...response, ...failed } });
    expect(read1).toMatchObject({ outcome: { status: 'failed', error: { code: ours } } });
    expect(read1).toMatchObject({
      outcome: { error: { message: `the upstream said ${code}: Try later.` } },
    });
  });

  it('repeats no key that the upstream repeats', () => {
    const message = `Incorrect API key provided: ${secret}, or sk-proj-****abcd, or ?api_key=xyz&b`;
    expect(JSON.stringify(read({ type: 'error', error: { code: 'c', message } }))).not.toMatch(
      /very-secret|sk-|xyz/,
    );
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['half a message', '{"type":"response.cr'],
    ['a list', '[]'],
    ['nothing', ''],
    ['no type', '{"a":1}'],
    ['a type that is none', '{"type":7}'],
    ['a response without an id', '{"type":"response.created","response":{}}'],
    [
      'audio that is no base64',
      '{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"a*c="}',
    ],
    [
      'audio of half a group',
      '{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"abc"}',
    ],
    [
      'audio of another type',
      '{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":3}',
    ],
  ])('calls %s malformed, without quoting it', (_what, text) => {
    let thrown: unknown;
    try {
      read(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CallError);
    expect(thrown).toMatchObject({ code: 'backend_protocol' });
    if (text.length > 8) expect((thrown as CallError).message).not.toContain(text.slice(0, 9));
  });

  it('reads names that a dialect uses in place of today’s', () => {
    const older = {
      ...dialects.openai,
      renamed: { 'response.text.delta': 'response.output_text.delta' },
    };
    const text = { type: 'response.text.delta', response_id: 'r', item_id: 'i', delta: 'Hi' };
    expect(read(text, older)).toEqual({ type: 'text', responseId: 'r', delta: 'Hi' });
    expect(read(text)).toMatchObject({ type: 'unknown' });
  });
});
