import type { RealtimeClientEvent, RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  clientEventSchemas,
  type ClientEventType,
} from '../../../protocol/openai-realtime/client-events.ts';
import { serverEvent, type ServerEvent } from '../../../protocol/openai-realtime/server-events.ts';
import { realtimeSessionUpdate } from '../../../protocol/openai-realtime/session.ts';

type Ours =
  | 'parley.playback'
  | 'parley.interrupt'
  | 'parley.mute'
  | 'parley.push_to_talk'
  | 'parley.dtmf'
  | 'parley.echo_cancellation';
/** Of the beta dialect, still in the package's types. */
type Beta = 'transcription_session.update';

describe('client events', () => {
  it('are those of the stock client, and our own', () => {
    expectTypeOf<Exclude<ClientEventType, Ours>>().toEqualTypeOf<
      Exclude<RealtimeClientEvent['type'], Beta>
    >();
    expect(Object.keys(clientEventSchemas)).toHaveLength(17);
  });

  it('fit the settings that the stock Agents SDK sends by itself', () => {
    const format = { type: 'audio/pcm', rate: 24000 };
    const parsed = realtimeSessionUpdate.safeParse({
      type: 'realtime',
      model: 'gpt-realtime-2.1',
      output_modalities: ['audio'],
      audio: {
        input: {
          format,
          noise_reduction: null,
          transcription: { model: 'gpt-4o-mini-transcribe' },
          turn_detection: { type: 'semantic_vad' },
        },
        output: { format, speed: 1 },
      },
    });
    expect(parsed.error).toBeUndefined();
  });

  it('refuse settings of the beta dialect instead of forgetting them', () => {
    const beta = { type: 'realtime', modalities: ['text'], input_audio_format: 'pcm16' };
    expect(realtimeSessionUpdate.safeParse(beta).success).toBe(false);
  });
});

describe('server events', () => {
  it('are all known to the stock client', () => {
    // Parley's own are for apps that know of them; the stock client passes them by.
    expectTypeOf<Exclude<ServerEvent['type'], `parley.${string}`>>().toExtend<
      RealtimeServerEvent['type']
    >();
    expect(serverEvent.options.length).toBeGreaterThan(25);
  });

  const event = { event_id: 'e', previous_item_id: null };
  const item = { id: 'i', object: 'realtime.item', type: 'message', status: 'completed' };

  it.each([
    [
      'a caller without a transcript key',
      {
        ...event,
        type: 'conversation.item.added',
        item: { ...item, role: 'user', content: [{ type: 'input_audio' }] },
      },
    ],
    [
      'a message without content',
      { ...event, type: 'conversation.item.added', item: { ...item, role: 'assistant' } },
    ],
    [
      'a part named like item content',
      {
        event_id: 'e',
        type: 'response.content_part.added',
        response_id: 'r',
        item_id: 'i',
        output_index: 0,
        content_index: 0,
        part: { type: 'output_audio', transcript: '' },
      },
    ],
    ['an event without an id', { type: 'input_audio_buffer.cleared' }],
  ])('never have %s', (_, broken) => {
    expect(serverEvent.safeParse(broken).success).toBe(false);
  });
});
