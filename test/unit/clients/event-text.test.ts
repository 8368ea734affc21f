import { describe, expect, it } from 'vitest';
import { EventWriter } from '../../../adapters/clients/openai-realtime/event-text.ts';
import type { ServerEvent } from '../../../protocol/openai-realtime/server-events.ts';

const place = { response_id: 'resp_"1"', item_id: 'item_\\2', output_index: 0, content_index: 0 };

describe('event writer', () => {
  it.each<ServerEvent>([
    { type: 'response.output_audio.delta', event_id: 'event_1', ...place, delta: 'AAECAw==' },
    { type: 'response.output_audio.delta', event_id: 'event_1', ...place, delta: '' },
    { type: 'response.output_text.delta', event_id: 'event_2', ...place, delta: 'a "quote"\n' },
    { type: 'input_audio_buffer.cleared', event_id: 'event_3' },
  ])('parses to the event: $type', (event) => {
    expect(read(new EventWriter(), event)).toEqual(event);
  });

  it('keeps the places of audio apart', () => {
    const writer = new EventWriter();
    const delta = (place: object): ServerEvent =>
      ({ type: 'response.output_audio.delta', event_id: 'e', delta: 'AAA=', ...place }) as never;
    for (const change of [
      { response_id: 'é' },
      { response_id: 'r' },
      { item_id: 'i' },
      { output_index: 1 },
      {},
    ]) {
      for (const event of [delta({ ...place, ...change }), delta({ ...place, content_index: 1 })]) {
        expect(read(writer, event)).toEqual(event);
        expect(read(writer, { ...event, event_id: 'f' })).toEqual({ ...event, event_id: 'f' });
      }
    }
  });
});

function read(writer: EventWriter, event: ServerEvent): unknown {
  const written = writer.write(event);
  if (typeof written === 'string') return JSON.parse(written);
  for (const part of written) expect(part).toMatch(/^[ -~]*$/);
  return JSON.parse(written.join(''));
}
