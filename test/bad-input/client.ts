import { open } from '../support/raw-socket.ts';

/** An event as it came. */
export type WireEvent = Readonly<Record<string, unknown>> & { readonly type: string };

/** A client that has seen `session.created`, and keeps all events since. */
export class BadClient {
  readonly #socket: Awaited<ReturnType<typeof open>>['socket'];

  private constructor(socket: Awaited<ReturnType<typeof open>>['socket']) {
    this.#socket = socket;
  }

  static async open(url: string, options: Parameters<typeof open>[2] = {}): Promise<BadClient> {
    const { socket } = await open(url, [], options);
    const client = new BadClient(socket);
    await client.next('session.created');
    return client;
  }

  get events(): readonly WireEvent[] {
    return this.#socket.messages.map((text) => JSON.parse(text) as WireEvent);
  }

  /** Codes of the errors so far, in order. */
  get codes(): readonly string[] {
    return this.errors.map(({ code }) => code);
  }

  get errors(): readonly { code: string; message: string; param: unknown; event_id: unknown }[] {
    return this.events.flatMap((event) =>
      event.type === 'error'
        ? [event['error'] as { code: string; message: string; param: unknown; event_id: unknown }]
        : [],
    );
  }

  get closed(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.#socket.closed;
  }

  /** Text and bytes go as they are, anything else as JSON. */
  send(message: unknown): void {
    if (typeof message === 'string' || message instanceof Uint8Array) this.#socket.send(message);
    else this.#socket.send(JSON.stringify(message));
  }

  append(bytes: Uint8Array): void {
    this.send({
      type: 'input_audio_buffer.append',
      audio: Buffer.from(bytes).toString('base64'),
    });
  }

  /** The first event of a type, from the first one on. */
  async next(type: string): Promise<WireEvent> {
    return (await this.#socket.next((event) => event['type'] === type)) as WireEvent;
  }

  /** Waits until this many events of a type have come. */
  async count(type: string, count: number): Promise<void> {
    let seen = 0;
    await this.#socket.next((event) => event['type'] === type && (seen += 1) >= count);
  }

  /** Asks for something harmless and waits for the answer: the call goes on. */
  async works(): Promise<void> {
    const eventId = `works_${this.events.length}`;
    this.send({ type: 'conversation.item.retrieve', event_id: eventId, item_id: 'item_none' });
    await this.#socket.next(
      (event) => (event['error'] as { event_id?: unknown } | undefined)?.event_id === eventId,
    );
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#socket.closed;
  }
}

/** PCM16 at 24 kHz, silent. */
export function pcm(ms: number): Uint8Array {
  return new Uint8Array(Math.round(ms * 24) * 2);
}

/** A server's agent without turn detection. */
export const manualTurns = {
  type: 'session.update',
  session: { type: 'realtime', audio: { input: { turn_detection: null } } },
} as const;
