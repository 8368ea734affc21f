import { once } from 'node:events';
import { WebSocket } from 'ws';

/** What a scripted caller does in a call: each turn is so much audio, and an answer to it. */
export interface CallScript {
  readonly url: string;
  readonly agent: string;
  readonly key?: string;
  /** Length of each turn's audio, ms. */
  readonly turnsMs: readonly number[];
  /** Turns whose answer is cancelled as soon as it is heard, by their place. */
  readonly cancelled?: readonly number[];
  /** Whether the vendor has told all that it will: the call goes on until then, 10 s at most. */
  readonly settled: (callId: string) => Promise<boolean>;
}

interface Message {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** A caller with manual turns, on the plain wire. */
export class SpendCaller {
  readonly callId: string;
  readonly messages: Message[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #socket: WebSocket;
  #wake: () => void = () => undefined;

  private constructor(socket: WebSocket, callId: string, closed: SpendCaller['closed']) {
    this.#socket = socket;
    this.callId = callId;
    this.closed = closed;
    void closed.then(() => this.#wake());
  }

  static async open({
    url,
    agent,
    key,
  }: Pick<CallScript, 'url' | 'agent' | 'key'>): Promise<SpendCaller> {
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const socket = new WebSocket(`${url}/v1/realtime?model=${agent}`, { headers });
    const early: Buffer[] = [];
    socket.on('message', (data: Buffer) => early.push(data));
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    let callId = '';
    socket.on('upgrade', ({ headers: given }) => (callId = String(given['parley-call-id'])));
    await once(socket, 'open');
    const caller = new SpendCaller(socket, callId, closed);
    socket.removeAllListeners('message');
    for (const data of early) caller.#take(data);
    socket.on('message', (data: Buffer) => caller.#take(data));
    await caller.until('session.created');
    return caller;
  }

  send(message: Message): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Turns are the caller's own to end. */
  async manual(): Promise<void> {
    this.send({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { turn_detection: null } } },
    });
    await this.until('session.updated');
  }

  /** Says so much and waits for the answer, or stops it at its first sound. */
  async turn(ms: number, cancel: boolean): Promise<void> {
    const audio = Buffer.alloc(48 * 20);
    for (let saidMs = 0; saidMs < ms; saidMs += 20) {
      for (let at = 0; at < audio.length; at += 2) audio.writeInt16LE((at * 97) % 4000, at);
      this.send({ type: 'input_audio_buffer.append', audio: audio.toString('base64') });
    }
    this.send({ type: 'input_audio_buffer.commit' });
    this.send({ type: 'response.create' });
    const from = this.messages.length;
    if (cancel) {
      await this.until('response.output_audio.delta', from);
      this.send({ type: 'response.cancel' });
    }
    await this.until('response.done', from);
  }

  /** Waits for the next message of a type, from a place on. */
  async until(type: string, from = 0): Promise<Message> {
    for (;;) {
      const found = this.messages.slice(from).find((message) => message.type === type);
      if (found !== undefined) return found;
      if (this.#socket.readyState === WebSocket.CLOSED) {
        const last = JSON.stringify(this.messages.at(-1)).slice(0, 300);
        throw new Error(`closed before ${type}, after ${last}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** All audio that came, in bytes of PCM16 at 24 kHz. */
  get audioBytes(): number {
    return this.messages
      .filter(({ type }) => type === 'response.output_audio.delta')
      .reduce((sum, { delta }) => sum + Buffer.byteLength(String(delta), 'base64'), 0);
  }

  async close(): Promise<void> {
    this.#socket.close(1000);
    await this.closed;
  }

  #take(data: Buffer): void {
    this.messages.push(JSON.parse(data.toString('utf8')) as Message);
    this.#wake();
  }
}

/** Runs one call to its end. @returns its id */
export async function runScript(script: CallScript): Promise<string> {
  const caller = await SpendCaller.open(script);
  await caller.manual();
  for (const [place, ms] of script.turnsMs.entries()) {
    await caller.turn(ms, script.cancelled?.includes(place) === true);
  }
  // What the vendor says of an answer may come after its end.
  for (let look = 0; look < 50 && !(await script.settled(caller.callId)); look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await caller.close();
  return caller.callId;
}
