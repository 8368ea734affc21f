import { describe, expect, it } from 'vitest';
import {
  encodeAppend,
  encodeRespond,
  wireItem,
} from '../../../../../adapters/backends/openai-realtime/encode.ts';
import {
  changedSession,
  wireSession,
  type SessionFrame,
} from '../../../../../adapters/backends/openai-realtime/session-settings.ts';
import {
  requestId,
  requestOf,
} from '../../../../../adapters/backends/openai-realtime/request-id.ts';
import { clientEventSchemas } from '../../../../../protocol/openai-realtime/client-events.ts';
import { pcm24k } from '../../../../../src/audio/format.ts';
import type { ConversationItem } from '../../../../../src/ports/conversation.ts';
import type { CallSettings } from '../../../../../src/ports/settings.ts';

const settings: CallSettings = {
  instructions: 'Be brief.',
  voice: 'marin',
  modality: 'audio',
  inputFormat: pcm24k,
  outputFormat: pcm24k,
  turnDetection: {
    kind: 'server_vad',
    threshold: 0.4,
    prefixPaddingMs: 200,
    silenceDurationMs: 700,
    createResponse: true,
    interruptResponse: false,
    idleTimeoutMs: null,
  },
  callerTranscripts: true,
  tools: [{ name: 'f', description: null, parameters: { type: 'object' } }],
  toolChoice: { mode: 'tool', name: 'f' },
  maxOutputTokens: 200,
};
const frame: SessionFrame = {
  authority: 'gateway',
  inputFormat: pcm24k,
  outputFormat: { codec: 'pcma', rateHz: 8000 },
  transcriptionModel: 'gpt-transcribe',
};
const respond = {
  type: 'respond',
  lineId: 'line_1',
  itemId: 'item_1',
  outOfBand: false,
  overrides: {},
  input: null,
} as const;

describe('session settings on the wire', () => {
  it('are written whole, with turns left to us', () => {
    const session = wireSession(settings, frame);
    expect(session).toEqual({
      type: 'realtime',
      output_modalities: ['audio'],
      instructions: 'Be brief.',
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24_000 },
          transcription: { model: 'gpt-transcribe' },
          turn_detection: null,
        },
        output: { format: { type: 'audio/pcma' }, voice: 'marin' },
      },
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }],
      tool_choice: { type: 'function', name: 'f' },
      max_output_tokens: 200,
    });
    const update = { type: 'session.update', session };
    expect(clientEventSchemas['session.update'].safeParse(update).success).toBe(true);
  });

  it('leave turns to the backend where it is to judge', () => {
    expect(wireSession(settings, { ...frame, authority: 'backend' }).audio?.input).toMatchObject({
      turn_detection: {
        type: 'server_vad',
        threshold: 0.4,
        prefix_padding_ms: 200,
        silence_duration_ms: 700,
        create_response: true,
        interrupt_response: false,
        idle_timeout_ms: null,
      },
    });
  });

  it('name no voice and no transcription where there is none', () => {
    const bare = wireSession({ ...settings, voice: null, callerTranscripts: false }, frame);
    expect(bare.audio?.output).not.toHaveProperty('voice');
    expect(bare.audio?.input?.transcription).toBeNull();
  });

  it.each([
    [{}, null],
    [{ instructions: '' }, { type: 'realtime', instructions: '' }],
    [{ tools: [] }, { type: 'realtime', tools: [] }],
    [{ voice: 'cedar' }, { type: 'realtime', audio: { output: { voice: 'cedar' } } }],
    [
      { callerTranscripts: false, modality: 'text' as const },
      { type: 'realtime', output_modalities: ['text'], audio: { input: { transcription: null } } },
    ],
    // Detection is ours: the upstream is not told.
    [{ turnDetection: null }, null],
  ])('send only what changed: %j', (patch, expected) => {
    const before = wireSession(settings, frame);
    expect(changedSession(before, wireSession({ ...settings, ...patch }, frame))).toEqual(expected);
  });
});

describe('encode', () => {
  it('writes caller audio as it came', () => {
    const bytes = Buffer.from([9, 9, 1, 2, 3, 255]).subarray(2);
    const event: unknown = JSON.parse(encodeAppend(bytes).toString());
    expect(event).toEqual({ type: 'input_audio_buffer.append', audio: 'AQID/w==' });
  });

  it('labels a request with its line and overrides nothing that is not to be', () => {
    expect(encodeRespond(respond, 'create:line_1', () => undefined)).toEqual({
      type: 'response.create',
      event_id: 'create:line_1',
      response: { metadata: { parley_line: 'line_1' } },
    });
  });

  it('writes what one answer differs in', () => {
    const overrides = {
      instructions: 'Sing.',
      voice: 'ash',
      modality: 'text',
      tools: [],
      toolChoice: { mode: 'none' },
      maxOutputTokens: 'inf',
    } as const;
    const event = encodeRespond({ ...respond, outOfBand: true, overrides }, 'e', () => undefined);
    expect(event.response).toEqual({
      conversation: 'none',
      metadata: { parley_line: 'line_1' },
      instructions: 'Sing.',
      audio: { output: { voice: 'ash' } },
      output_modalities: ['text'],
      tools: [],
      tool_choice: 'none',
      max_output_tokens: 'inf',
    });
    expect(clientEventSchemas['response.create'].safeParse(event).success).toBe(true);
  });

  it('names items that the upstream has, writes out the others, and skips those without words', () => {
    const input: ConversationItem[] = [
      message('known', 'user', 'Hi'),
      message('new', 'system', 'Be kind.'),
      message('mute', 'user', ''),
    ];
    const upstreamId = (id: string): string | undefined => (id === 'known' ? 'up_1' : undefined);
    expect(encodeRespond({ ...respond, input }, 'e', upstreamId).response?.input).toEqual([
      { type: 'item_reference', id: 'up_1' },
      { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Be kind.' }] },
    ]);
    expect(encodeRespond({ ...respond, input: [] }, 'e', upstreamId).response?.input).toEqual([]);
  });

  it.each<[string, ConversationItem, unknown]>([
    [
      'agent audio as the words that were heard',
      {
        kind: 'message',
        itemId: 'i',
        role: 'assistant',
        status: 'incomplete',
        content: [{ type: 'audio', transcript: 'Of course', durationMs: 300 }],
      },
      {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Of course' }],
      },
    ],
    [
      'a call',
      {
        kind: 'tool_call',
        itemId: 'i',
        status: 'completed',
        toolCallId: 'c',
        name: 'f',
        arguments: '{}',
      },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
    ],
    [
      'a call’s answer, empty as it may be',
      { kind: 'tool_output', itemId: 'i', status: 'completed', toolCallId: 'c', output: '' },
      { type: 'function_call_output', call_id: 'c', output: '' },
    ],
    [
      'caller audio that nobody transcribed: nothing',
      {
        kind: 'message',
        itemId: 'i',
        role: 'user',
        status: 'completed',
        content: [{ type: 'audio', transcript: null, durationMs: 300 }],
      },
      null,
    ],
  ])('writes %s', (_what, item, expected) => {
    expect(wireItem(item)).toEqual(expected);
  });

  it('writes event ids that say what they were about', () => {
    expect(requestOf(requestId('create', 'line:1'))).toEqual({ kind: 'create', subject: 'line:1' });
    expect(requestOf('something')).toBeNull();
    expect(requestOf(null)).toBeNull();
  });
});

function message(itemId: string, role: 'user' | 'system', text: string): ConversationItem {
  return { kind: 'message', itemId, role, status: 'completed', content: [{ type: 'text', text }] };
}
