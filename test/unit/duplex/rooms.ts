import {
  openAiLiveBackend,
  openAiLiveOptions,
} from '../../../adapters/backends/openai-live/index.ts';
import { RealtimeConnection } from '../../../adapters/clients/openai-realtime/connection.ts';
import { createOpenAiLiveClient } from '../../../adapters/clients/openai-live/index.ts';
import type { BackendCapabilities } from '../../../src/ports/backend.ts';
import type { CallOpening } from '../../../src/ports/client.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { CallHarness, settle, type HarnessOptions } from '../../support/call-harness.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import { FakeSocket } from '../clients/fake-socket.ts';

/** What the Live backend says of itself. */
export const duplexCapabilities: BackendCapabilities = openAiLiveBackend(
  'duplex',
  openAiLiveOptions.parse({}),
  { env: {}, readText: () => Promise.reject(new Error('nothing is read here')) },
).capabilities;

type WireEvent = Readonly<Record<string, unknown>> & { readonly type: string };
export interface WireProblem {
  readonly code: string;
  readonly param?: string | null;
}

/** A client's socket on a call with a scripted backend, on a manual clock. */
class Room {
  readonly harness: CallHarness;
  readonly socket = new FakeSocket();
  /** What was sent, as far as it was looked at. */
  readonly #events: WireEvent[] = [];
  #sample = 0;

  protected constructor(harness: CallHarness) {
    this.harness = harness;
  }

  get events(): readonly WireEvent[] {
    const { sent } = this.socket;
    for (const text of sent.slice(this.#events.length)) {
      this.#events.push(JSON.parse(text) as WireEvent);
    }
    return this.#events;
  }

  of(type: string): readonly WireEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  get types(): readonly string[] {
    return this.events.map(({ type }) => type).filter((type) => !type.endsWith('audio.delta'));
  }

  /** Errors so far. */
  get problems(): readonly WireProblem[] {
    return this.of('error').map(({ error }) => error as WireProblem);
  }

  async send(event: object): Promise<void> {
    this.socket.receive(event);
    await settle();
  }

  /** The model gives this in frames of 100 ms at real-time pace. */
  async says(bytes: Uint8Array, text: string | null = null): Promise<void> {
    for (let from = 0; from < bytes.byteLength; from += 4_800) {
      const piece = bytes.slice(from, from + 4_800);
      const frame = { startSample: this.#sample, bytes: piece, heardInputSample: 0 };
      this.#sample += piece.byteLength / 2;
      const words = from === 0 ? text : null;
      this.harness.session.emit({
        type: 'stream.frame',
        frame: { ...frame, text: words, mark: null, unmarked: true },
      });
      await this.harness.pass(100);
    }
  }

  /** The same while the caller speaks, in pieces of 100 ms, as they go over the wire. */
  async saysOver(bytes: Uint8Array, caller: Uint8Array, text: string | null = null): Promise<void> {
    for (let from = 0; from < bytes.byteLength; from += 4_800) {
      const audio = Buffer.from(caller.slice(from, from + 4_800)).toString('base64');
      if (audio !== '') await this.send({ type: 'input_audio_buffer.append', audio });
      await this.says(bytes.slice(from, from + 4_800), from === 0 ? text : null);
    }
  }

  /** The backend tells words of the caller's, by their place on the uplink. */
  async understands(text: string, fromMs: number, toMs: number): Promise<void> {
    const place = { fromSample: fromMs * 24, toSample: toMs * 24 };
    this.harness.session.emit({ type: 'caller.words', text, ...place });
    await settle();
  }

  async end(): Promise<void> {
    await this.harness.end();
  }
}

/** A Realtime client with a backend that has no turns. */
export class RealtimeRoom extends Room {
  static async open(options: HarnessOptions = {}): Promise<RealtimeRoom> {
    const backends = [new ScriptedBackend({ name: 'duplex', capabilities: duplexCapabilities })];
    const harness = new CallHarness({ backends, ...options }, 'unseen');
    const room = new RealtimeRoom(harness);
    const { call, clock } = harness;
    const ids = countingIds();
    new RealtimeConnection({ socket: room.socket, call, clock, ids, log: silentLogger }).start();
    await settle();
    harness.session.takeAll();
    return room;
  }

  async update(session: object): Promise<void> {
    await this.send({
      type: 'session.update',
      event_id: 'u',
      session: { type: 'realtime', ...session },
    });
  }

  /** The session as it was told last. */
  get session(): Readonly<Record<string, unknown>> {
    return this.of('session.updated').at(-1)?.['session'] as Readonly<Record<string, unknown>>;
  }
}

/** A Live client with a backend of any kind; its microphone sends when the test says so. */
export class LiveRoom extends Room {
  #sentMs = 0;
  #meet: (socket: FakeSocket, path: string) => void = () => undefined;

  static async open(
    session: object = {},
    capabilities: BackendCapabilities = turnCapabilities,
  ): Promise<LiveRoom> {
    const backends = [new ScriptedBackend({ name: 'scripted', capabilities })];
    const harness = new CallHarness({ backends }, 'unseen');
    const room = new LiveRoom(harness);
    const opening: CallOpening = { keyId: null, open: () => harness.call, leave: () => undefined };
    const { clock } = harness;
    const client = createOpenAiLiveClient({ clock, ids: countingIds(), log: silentLogger });
    const asked = { query: new URLSearchParams(), headers: {}, subprotocols: [] };
    room.#meet = (socket, path) => client.meet(socket, opening, { path, ...asked });
    room.#meet(room.socket, '/v1/live/sessions');
    await room.send({
      type: 'session.start',
      event_id: 'start',
      session: { model: 'desk', ...session },
    });
    return room;
  }

  /** A sideband joins. @returns its socket, and what it has seen so far */
  join(): { readonly socket: FakeSocket; readonly seen: () => readonly WireEvent[] } {
    const { id } = this.of('session.started')[0]!['session'] as { id: string };
    const socket = new FakeSocket();
    this.#meet(socket, `/v1/live/sessions/${id}/attach`);
    return { socket, seen: () => socket.sent.map((text) => JSON.parse(text) as WireEvent) };
  }

  /** So much of the timeline passes. @param bytes what the caller says @param pieceMs at once */
  async hear(bytes: Uint8Array, pieceMs = 100): Promise<void> {
    const pieceBytes = pieceMs * 48;
    for (let from = 0; from < bytes.byteLength; from += pieceBytes) {
      const piece = Buffer.from(bytes.slice(from, from + pieceBytes));
      await this.send({ type: 'session.input_audio.append', audio: piece.toString('base64') });
      const lengthMs = piece.byteLength / 48;
      this.#sentMs += lengthMs;
      await this.harness.pass(lengthMs);
    }
  }

  /** Bytes of the output track. */
  get track(): Uint8Array {
    const pieces = this.of('session.output_audio.delta').map(({ delta }) =>
      Buffer.from(String(delta), 'base64'),
    );
    return new Uint8Array(Buffer.concat(pieces));
  }

  get trackMs(): number {
    const deltas = this.of('session.output_audio.delta').map(({ delta }) => String(delta));
    return deltas.reduce((sum, delta) => sum + Buffer.byteLength(delta, 'base64'), 0) / 48;
  }

  get sentMs(): number {
    return this.#sentMs;
  }
}
