/** An event as it came over the wire: nothing about it is checked but its type. */
export interface ServerEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** What a wire tells the ear. Called in the order in which things arrived. */
interface WireHandlers {
  /** The connection is open: this is the ear's time zero. */
  opened(): void;
  event(event: ServerEvent): void;
  /** Agent audio as the client gives it to its player: PCM16, 24 kHz. */
  audio(itemId: string, bytes: Uint8Array): void;
  /** The client itself says that playback must stop now. */
  interrupted(): void;
  /** What the client reports as an error of its own, not an `error` event of the server. */
  failed(error: Error): void;
  closed(code: number, reason: string): void;
}

/** A client of the OpenAI Realtime API, whoever wrote it. */
export interface Wire {
  send(event: { readonly type: string; readonly [key: string]: unknown }): void;
  sendAudio(bytes: Uint8Array): void;
  close(): void;
}

/** Opens a wire; resolves when events can be sent. */
export type Connect = (handlers: WireHandlers) => Promise<Wire>;

/** Audio of an `output_audio.delta` event, or `null` when it is another event. */
export function audioOf(event: ServerEvent): { itemId: string; bytes: Uint8Array } | null {
  if (event.type !== 'response.output_audio.delta') return null;
  const { item_id: itemId, delta } = event;
  if (typeof itemId !== 'string' || typeof delta !== 'string') return null;
  return { itemId, bytes: Buffer.from(delta, 'base64') };
}

/** Reads one message; throws on what is no JSON object with a type. */
export function parseEvent(message: string): ServerEvent {
  const event: unknown = JSON.parse(message);
  if (
    typeof event !== 'object' ||
    event === null ||
    !('type' in event) ||
    typeof event.type !== 'string'
  ) {
    throw new TypeError('not an event: no type');
  }
  return event as ServerEvent;
}
