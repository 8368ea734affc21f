import type { ServerEvent } from '../../../protocol/openai-realtime/server-events.ts';

type AudioDelta = ServerEvent & { readonly type: 'response.output_audio.delta' };

/**
 * Writes events as JSON. Audio is nine events of ten, set between the same characters all through a
 * response: these are made once, and its base64 needs no escaping (bench/frame-path.ts).
 */
export class EventWriter {
  #latest: AudioDelta | null = null;
  /** What all audio of the latest one's place begins with, up to the event's id. */
  #head = '';
  #isAscii = true;

  /** @returns the text, or ASCII parts of it */
  write(event: ServerEvent): string | readonly string[] {
    if (event.type !== 'response.output_audio.delta') return JSON.stringify(event);
    if (this.#latest === null || !isSamePlace(event, this.#latest)) {
      const { type, response_id, item_id, output_index, content_index } = event;
      const place = JSON.stringify({ type, response_id, item_id, output_index, content_index });
      this.#head = `${place.slice(0, -1)},"event_id":"`;
      this.#isAscii = /^[ -~]*$/.test(place);
      this.#latest = event;
    }
    if (!this.#isAscii) return JSON.stringify(event);
    return [this.#head, event.event_id, '","delta":"', event.delta, '"}'];
  }
}

function isSamePlace(a: AudioDelta, b: AudioDelta): boolean {
  return (
    a.response_id === b.response_id &&
    a.item_id === b.item_id &&
    a.output_index === b.output_index &&
    a.content_index === b.content_index
  );
}
