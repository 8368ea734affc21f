import { describe, expect, it } from 'vitest';
import { eventText } from '../../../adapters/clients/openai-realtime/event-text.ts';
import type { ServerEvent } from '../../../protocol/openai-realtime/server-events.ts';

const place = { response_id: 'resp_"1"', item_id: 'item_\\2', output_index: 0, content_index: 0 };

describe('event text', () => {
  it.each<ServerEvent>([
    { type: 'response.output_audio.delta', event_id: 'event_1', ...place, delta: 'AAECAw==' },
    { type: 'response.output_audio.delta', event_id: 'event_1', ...place, delta: '' },
    { type: 'response.output_text.delta', event_id: 'event_2', ...place, delta: 'a "quote"\n' },
    { type: 'input_audio_buffer.cleared', event_id: 'event_3' },
  ])('parses to the event: $type', (event) => {
    expect(JSON.parse(eventText(event))).toEqual(event);
  });
});
