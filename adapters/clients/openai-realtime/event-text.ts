import type { ServerEvent } from '../../../protocol/openai-realtime/server-events.ts';

/**
 * An event as JSON text. Audio is nine events of ten and its base64 needs no escaping: it is set
 * into a frame instead of being looked through (bench/frame-path.ts: 1.0 µs instead of 2.6 for 20 ms).
 */
export function eventText(event: ServerEvent): string {
  if (event.type !== 'response.output_audio.delta') return JSON.stringify(event);
  const { delta, ...frame } = event;
  const text = JSON.stringify(frame);
  return `${text.slice(0, -1)},"delta":"${delta}"}`;
}
