import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ClientWire, WireEvent, Wish } from './client-wires.ts';

/** How an opening was refused: before the upgrade, or on the open socket. */
interface Refusal {
  readonly code: string;
  readonly status: number | null;
  readonly closeCode: number | null;
}

/** What an error says, whichever wire it came on. */
interface WireError {
  readonly code: string;
  readonly param: unknown;
  readonly eventId: unknown;
}

/** One client on a wire; its microphone is on from its beginning and sends 100 ms at a time. */
export class WireClient {
  readonly events: WireEvent[] = [];
  readonly closed: Promise<number>;
  readonly wire: ClientWire;
  readonly socket: WebSocket;
  #speaks = Buffer.alloc(0);
  #microphone: NodeJS.Timeout | null = null;

  private constructor(wire: ClientWire, socket: WebSocket) {
    this.wire = wire;
    this.socket = socket;
    socket.on('message', (data: Buffer) =>
      this.events.push(JSON.parse(data.toString('utf8')) as WireEvent),
    );
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        this.microphoneOff();
        resolve(code);
      });
    });
  }

  /** @throws Error where the upgrade is refused */
  static async open(
    wire: ClientWire,
    { url, key, agent, wish = {} }: { url: string; key: string; agent: string; wish?: Wish },
  ): Promise<WireClient> {
    const headers = { authorization: `Bearer ${key}` };
    const socket = new WebSocket(`${url}${wire.path(agent)}`, { headers });
    const client = new WireClient(wire, socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    for (const event of wire.begin(agent, wish)) client.send(event);
    await client.until(() => client.of(wire.begun).length > 0, wire.begun);
    return client;
  }

  /** What comes of an opening that must not succeed. */
  static refused(
    wire: ClientWire,
    { url, key, agent }: { url: string; key: string | null; agent: string },
  ): Promise<Refusal> {
    const headers = key === null ? {} : { authorization: `Bearer ${key}` };
    const socket = new WebSocket(`${url}${wire.path(agent)}`, { headers });
    const client = new WireClient(wire, socket);
    return new Promise((resolve) => {
      socket.on('open', () => {
        for (const event of wire.begin(agent, {})) client.send(event);
      });
      socket.on('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (part: Buffer) => (body += part.toString('utf8')));
        response.on('end', () => {
          const { error } = JSON.parse(body) as { error: { code: string } };
          resolve({ code: error.code, status: response.statusCode ?? 0, closeCode: null });
        });
      });
      void client.closed.then((closeCode) =>
        resolve({ code: client.errors[0]?.code ?? 'none', status: null, closeCode }),
      );
    });
  }

  of(type: string): readonly WireEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  get errors(): readonly WireError[] {
    return this.of('error').map(({ error, client_event_id: ofLive }) => {
      const { code, param, event_id: own } = error as Record<string, unknown>;
      return { code: String(code), param: param ?? null, eventId: own ?? ofLive ?? null };
    });
  }

  /** All agent audio so far, PCM16. */
  get heard(): Buffer {
    return Buffer.concat(
      this.events.flatMap((event) => {
        const audio = this.wire.audioOf(event);
        return audio === null ? [] : [Buffer.from(audio, 'base64')];
      }),
    );
  }

  /** Text and bytes go as they are, anything else as JSON. */
  send(message: unknown): void {
    const raw = typeof message === 'string' || message instanceof Uint8Array;
    this.socket.send(raw ? message : JSON.stringify(message));
  }

  append(bytes: Uint8Array): void {
    this.send(this.wire.append(Buffer.from(bytes).toString('base64')));
  }

  /** Says this next, into the microphone. */
  say(bytes: Uint8Array): void {
    this.#speaks = Buffer.concat([this.#speaks, bytes]);
    if (this.#microphone !== null) return;
    let dueMs = performance.now();
    this.#microphone = setInterval(() => {
      for (; dueMs <= performance.now(); dueMs += 100) {
        const piece = Buffer.alloc(4_800);
        piece.set(this.#speaks.subarray(0, 4_800));
        this.#speaks = this.#speaks.subarray(Math.min(4_800, this.#speaks.byteLength));
        this.append(piece);
      }
    }, 10);
  }

  microphoneOff(): void {
    if (this.#microphone !== null) clearInterval(this.#microphone);
    this.#microphone = null;
  }

  async until(done: () => boolean, what: string, limitMs = 15_000): Promise<void> {
    const endMs = performance.now() + limitMs;
    while (!done()) {
      if (performance.now() > endMs) {
        const types = new Set(this.events.map(({ type }) => type));
        throw new Error(`no ${what}; saw ${[...types].join(' ')} ${JSON.stringify(this.errors)}`);
      }
      await sleep(10);
    }
  }

  /** The call goes on: something harmless is answered. */
  async works(): Promise<void> {
    const eventId = `works_${this.events.length}`;
    this.send(this.wire.harmless(eventId));
    await this.until(
      () => this.events.some((event) => this.wire.isAnswer(event, eventId)),
      'an answer',
    );
  }

  /** In order. @returns the close code */
  async leave(): Promise<number> {
    this.microphoneOff();
    if (this.wire.leave === null) this.socket.close(1000);
    else this.send(this.wire.leave);
    return await this.closed;
  }
}
