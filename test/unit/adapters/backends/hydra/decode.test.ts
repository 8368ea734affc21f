import { describe, expect, it } from 'vitest';
import { decode, type UpstreamEvent } from '../../../../../adapters/backends/hydra/decode.ts';
import { CallError } from '../../../../../src/ports/errors.ts';

const secret = 'top/secret+1';
const read = (event: object): UpstreamEvent => decode(Buffer.from(JSON.stringify(event)), secret);

function refused(text: string): CallError {
  try {
    decode(Buffer.from(text), secret);
  } catch (thrown) {
    if (thrown instanceof CallError) return thrown;
  }
  throw new Error(`${text} was read`);
}

describe('hydra, reading', () => {
  it.each<[object, UpstreamEvent]>([
    [{ type: 'session.created', session_id: 's' }, { type: 'session.created' }],
    [
      { type: 'session.configured', session: { voice: 'leo', output_audio_sample_rate: 48_000 } },
      { type: 'session.configured', outputRateHz: 48_000, voice: 'leo' },
    ],
    [
      { type: 'session.configured' },
      { type: 'session.configured', outputRateHz: null, voice: null },
    ],
    [
      { type: 'input_audio_buffer.speech_started', audio_start_ms: 120, item_id: 'i' },
      { type: 'speech', speaking: true, atMs: 120 },
    ],
    [
      { type: 'input_audio_buffer.speech_stopped', audio_end_ms: 900 },
      { type: 'speech', speaking: false, atMs: 900 },
    ],
    [
      { type: 'conversation.item.done', item: { id: 'i', role: 'user', status: 'incomplete' } },
      { type: 'caller.done' },
    ],
    [{ type: 'conversation.item.done', item: { id: 'i', role: 'assistant' } }, { type: 'passed' }],
    [
      { type: 'response.created', response: { id: 'r', status: 'in_progress', news: 1 } },
      { type: 'response.created', responseId: 'r' },
    ],
    [
      { type: 'response.function_call_arguments.delta', call_id: 'c', name: 'f', delta: '{' },
      { type: 'tool.named', toolCallId: 'c', name: 'f' },
    ],
    [
      { type: 'response.function_call_arguments.delta', call_id: 'c', delta: '}' },
      { type: 'passed' },
    ],
    [
      {
        type: 'response.function_call_arguments.done',
        response_id: 'r',
        call_id: 'c',
        arguments: '{}',
      },
      { type: 'tool', responseId: 'r', toolCallId: 'c', name: null, arguments: '{}' },
    ],
    [
      { type: 'warning', warning: { code: 'model_deprecated' } },
      { type: 'warning', code: 'model_deprecated' },
    ],
    [
      { type: 'warning', code: 'model_deprecated' },
      { type: 'warning', code: 'model_deprecated' },
    ],
    [{ type: 'warning' }, { type: 'warning', code: 'unknown_warning' }],
    [{ type: 'session.updated', session: {} }, { type: 'passed' }],
    [{ type: 'response.hologram' }, { type: 'unknown', name: 'response.hologram' }],
    [{ type: 'toString' }, { type: 'unknown', name: 'toString' }],
  ])('%j', (event, meaning) => {
    expect(read(event)).toEqual(meaning);
  });

  it('gives audio as bytes', () => {
    const event = { type: 'response.output_audio.delta', response_id: 'r', delta: 'AQACAA==' };
    expect(read(event)).toEqual({
      type: 'audio',
      responseId: 'r',
      bytes: Buffer.from([1, 0, 2, 0]),
    });
  });

  it.each([
    [{ status: 'completed' }, { status: 'completed' }],
    [{ status: 'cancelled', status_details: { reason: 'interrupted' } }, { status: 'cancelled' }],
    [{ status: 'incomplete', status_details: { reason: 'interrupted' } }, { status: 'cancelled' }],
    [
      { status: 'incomplete', status_details: { reason: 'content_filter' } },
      { status: 'incomplete', reason: 'content_filter' },
    ],
  ])('takes an end as it is meant: %j', (response, outcome) => {
    const event = { type: 'response.done', response: { id: 'r', ...response } };
    expect(read(event)).toEqual({
      type: 'response.done',
      responseId: 'r',
      outcome,
      inputTokens: 0,
      outputTokens: 0,
    });
  });

  it('gives the reason of a failure, without the key', () => {
    const error = { code: 'server_error', message: `for api_key=${secret}` };
    const response = { id: 'r', status: 'failed', status_details: { error } };
    const usage = { input_tokens: 3, output_tokens: null };
    const event = read({ type: 'response.done', response: { ...response, usage } });
    expect(event).toMatchObject({
      inputTokens: 3,
      outputTokens: 0,
      outcome: {
        status: 'failed',
        error: {
          code: 'backend_refused',
          message: 'the upstream said server_error: for api_key=[key]',
        },
      },
    });
  });

  it('cuts the key out of errors, however it is spelt', () => {
    const message = `${secret} ${encodeURIComponent(secret)}`;
    const error = { type: 'auth', message, event_id: 'e' };
    expect(read({ type: 'error', error })).toEqual({
      type: 'error',
      error: { code: 'auth', message: '[key] [key]', eventId: 'e' },
    });
  });

  it.each([
    ['{', 'the upstream sent what is not JSON'],
    ['[]', 'the upstream sent JSON that is no object'],
    ['null', 'the upstream sent JSON that is no object'],
    ['{"type":1}', 'the upstream sent an event without a type'],
    ['{"type":"response.created"}', 'the upstream sent a malformed response.created (response)'],
    [
      '{"type":"response.output_audio.delta","response_id":"r","delta":"AAAA"}',
      'the upstream sent audio that is not whole samples',
    ],
    [
      '{"type":"response.output_audio.delta","response_id":"r","delta":"A*=="}',
      'the upstream sent audio that is no base64',
    ],
  ])('refuses %s', (text, message) => {
    expect(refused(text)).toMatchObject({ code: 'backend_protocol', message });
  });
});
