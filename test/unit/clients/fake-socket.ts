import { serverEvent, type ServerEvent } from '../../../protocol/openai-realtime/server-events.ts';
import type { Socket, SocketHandlers } from '../../../src/ports/socket.ts';

/** A socket whose other end is the test. */
export class FakeSocket implements Socket {
  readonly sent: string[] = [];
  closedWith: { code: number; reason: string } | null = null;
  unsentBytes = 0;
  /** How long it was told to read nothing, ms, in order. */
  readonly holdsMs: number[] = [];
  #handlers: SocketHandlers | null = null;
  readonly #waiting: string[] = [];

  /** Events written so far, after the schema that says what may be written. */
  get events(): readonly ServerEvent[] {
    return this.sent.map((text) => serverEvent.parse(JSON.parse(text)));
  }

  get types(): readonly string[] {
    return this.events.map((event) => event.type);
  }

  get handlers(): SocketHandlers {
    if (this.#handlers === null) throw new Error('nobody listens');
    return this.#handlers;
  }

  listen(handlers: SocketHandlers): void {
    this.#handlers = handlers;
    for (const text of this.#waiting.splice(0)) handlers.text(Buffer.from(text));
  }

  sendText(message: string): void {
    if (this.closedWith !== null) throw new Error('written after close');
    this.sent.push(message);
  }

  sendAscii(parts: readonly string[]): void {
    this.sendText(parts.join(''));
  }

  sendBinary(): void {
    throw new Error('this wire has no binary messages');
  }

  hold(durationMs: number): void {
    this.holdsMs.push(durationMs);
  }

  close(code: number, reason: string): void {
    this.closedWith = { code, reason };
  }

  /** The client sends an event; kept until somebody listens. */
  receive(event: unknown): void {
    const text = typeof event === 'string' ? event : JSON.stringify(event);
    if (this.#handlers === null) this.#waiting.push(text);
    else this.#handlers.text(Buffer.from(text));
  }
}
