import type { WebSocket } from 'ws';
import type { Reflection } from './reflection.ts';
import type { WireError } from './shapes.ts';

/** Kept for tests to look at: events of one session (a count). */
const keptLimit = 20_000;

export type Body = Readonly<Record<string, unknown>> & { readonly type: string };

/** What a session says: to its client, and to those that joined. */
export class Outlet {
  /** All events so far, audio left out. */
  readonly sent: Body[] = [];
  /** Nothing gets through any more, and the connection stays. */
  silent = false;
  readonly #socket: WebSocket;
  readonly #reflection: Reflection;
  readonly #ordinal: number;
  #ids = 0;

  constructor(socket: WebSocket, reflection: Reflection, ordinal: number) {
    this.#socket = socket;
    this.#reflection = reflection;
    this.#ordinal = ordinal;
  }

  newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}_${this.#ordinal}_${this.#ids}`;
  }

  /** Tells everyone. @param eventId the client's own, of what is answered */
  send(body: Body, eventId: string | null = null): void {
    const known = eventId === null ? {} : { client_event_id: eventId };
    const event = { ...body, event_id: this.newId('event'), ...known };
    if (this.sent.length < keptLimit) this.sent.push(event);
    const text = JSON.stringify(event);
    this.text(text);
    this.#reflection.event(text);
  }

  fail({ code, message, param }: WireError, eventId: string | null): void {
    const about = eventId === null ? {} : { client_event_id: eventId };
    const place = param === null ? {} : { param };
    const error = { type: 'invalid_request_error', code, message, ...place, ...about };
    this.send({ type: 'error', error }, eventId);
  }

  /** A message of this text as it is, to the client alone. */
  text(text: string): void {
    if (!this.silent && this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }
}
