import { describe, expect, it } from 'vitest';
import {
  encodeAudio,
  encodeRequest,
  responseObject,
  seedContents,
  wireContent,
} from '../../../../../adapters/backends/gemini-live/encode.ts';
import { familyOf } from '../../../../../adapters/backends/gemini-live/families.ts';
import type { ConversationItem, MessageItem } from '../../../../../src/ports/conversation.ts';

const message = (role: MessageItem['role'], ...texts: (string | null)[]): MessageItem => ({
  kind: 'message',
  itemId: 'item',
  status: 'completed',
  role,
  content: texts.map((transcript) => ({ type: 'audio', transcript, durationMs: 1 })),
});

const user = { role: 'user', parts: [{ text: 'Hi' }] } as const;
const model = { role: 'model', parts: [{ text: 'Hello' }] } as const;

describe('gemini-live, what the upstream is told', () => {
  it('writes audio as it is, whatever memory it lies in', () => {
    const memory = Uint8Array.from([9, 9, 1, 2, 3, 4, 9]);
    expect(JSON.parse(encodeAudio(memory.subarray(2, 6), 16_000))).toEqual({
      realtimeInput: { audio: { data: 'AQIDBA==', mimeType: 'audio/pcm;rate=16000' } },
    });
  });

  it.each([
    ['gemini-3.8-live', [], { clientContent: { turnComplete: true } }],
    [
      'gemini-3.8-live',
      [user, model],
      { clientContent: { turns: [user, model], turnComplete: true } },
    ],
    [
      'gemini-2.5-flash-native-audio-preview-12-2025',
      [model],
      {
        clientContent: {
          turns: [model, { role: 'user', parts: [{ text: '.' }] }],
          turnComplete: true,
        },
      },
    ],
    [
      'gemini-2.5-flash-native-audio-preview-12-2025',
      [user],
      { clientContent: { turns: [user], turnComplete: true } },
    ],
    ['gemini-3.1-flash-live-preview', [], { realtimeInput: { text: '.' } }],
    ['gemini-3.1-flash-live-preview', [model, user], { realtimeInput: { text: 'Hello\nHi' } }],
  ] as const)('asks %s for an answer', (name, turns, request) => {
    expect(encodeRequest(turns, familyOf(name))).toEqual(request);
  });

  it('makes an object of every output', () => {
    expect(responseObject('{"a":1}')).toEqual({ a: 1 });
    for (const output of ['null', 'true', '"x"', '[1]', '7']) {
      expect(responseObject(output)).toEqual({ output: JSON.parse(output) as unknown });
    }
    expect(responseObject('It rains.')).toEqual({ output: 'It rains.' });
  });

  it('knows two roles, and words only', () => {
    expect(wireContent(message('assistant', 'a', null, 'b'))).toEqual({
      role: 'model',
      parts: [{ text: 'a b' }],
    });
    expect(wireContent(message('system', 'a'))?.role).toBe('user');
    expect(wireContent(message('user', null))).toBeNull();
  });

  it('tells a seed in words, tools too, and counts what has none', () => {
    const base = { itemId: 'i', status: 'completed' } as const;
    const items: ConversationItem[] = [
      message('user', 'Is it raining?'),
      { ...base, kind: 'tool_call', toolCallId: 'c', name: 'weather', arguments: '{}' },
      { ...base, kind: 'tool_output', toolCallId: 'c', output: 'rain' },
      message('assistant', 'It is.'),
      message('user', null),
    ];
    const { contents, skipped } = seedContents(items);
    expect(skipped).toBe(1);
    expect(contents.map(({ role, parts }) => `${role}: ${parts[0]?.text ?? ''}`)).toEqual([
      'user: Is it raining?',
      'user: (The tool weather answered: rain)',
      'model: It is.',
    ]);
  });
});
