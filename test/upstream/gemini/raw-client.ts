import { WebSocket } from 'ws';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { countedSpeech, hearNumbers } from '../../ear/counted-speech.ts';
import { decode } from '../answer-sound.ts';
import { passTime } from '../pass-time.ts';
import type { StandInOptions } from './options.ts';
import { startGeminiStandIn, type GeminiStandIn } from './server.ts';
import type { StandInSession } from './session.ts';

/** A server message as it came. */
export interface Message {
  readonly setupComplete?: { readonly sessionId?: string };
  readonly serverContent?: {
    readonly modelTurn?: {
      readonly parts: readonly { readonly inlineData: { readonly data: string } }[];
    };
    readonly interrupted?: boolean;
    readonly generationComplete?: boolean;
    readonly turnComplete?: boolean;
    readonly turnCompleteReason?: string;
    readonly interactionStatus?: string;
    readonly inputTranscription?: { readonly text: string; readonly finished?: boolean };
    readonly outputTranscription?: { readonly text: string; readonly finished?: boolean };
  };
  readonly toolCall?: {
    readonly functionCalls: readonly { readonly id: string; readonly name: string }[];
  };
  readonly toolCallCancellation?: { readonly ids: readonly string[] };
  readonly usageMetadata?: Readonly<Record<string, unknown>>;
  readonly goAway?: { readonly timeLeft: string };
  readonly sessionResumptionUpdate?: { readonly newHandle?: string; readonly resumable?: boolean };
  readonly voiceActivity?: { readonly voiceActivityType: string; readonly audioOffset: string };
}

export const testModel = 'models/gemini-3.8-live';

/** Settings as a client sends them; absent ones are the test's defaults. */
export type Wish = Readonly<Record<string, unknown>>;

/** One connection of a client that says what it is told to, and remembers all it hears. */
export class RawClient {
  readonly messages: Message[] = [];
  /** Messages that came in text frames; the others were binary. */
  textFrames = 0;
  closed: { readonly code: number; readonly reason: string } | null = null;
  /** Status of the HTTP answer where there was no upgrade. */
  refused: number | null = null;
  #failed = false;
  readonly socket: WebSocket;
  readonly #pass: (ms: number) => Promise<void>;

  constructor(
    address: string,
    pass: (ms: number) => Promise<void>,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#pass = pass;
    this.socket = new WebSocket(address, { headers, perMessageDeflate: false });
    this.socket.on('message', (data: Buffer, binary) => {
      if (!binary) this.textFrames += 1;
      this.messages.push(JSON.parse(data.toString('utf8')) as Message);
    });
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString('utf8') };
    });
    this.socket.on('unexpected-response', (request, { statusCode = 0 }) => {
      this.refused = statusCode;
      request.destroy();
    });
    this.socket.on('error', () => (this.#failed = true));
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Waits until `ready`, at most `limitMs` of the clock. */
  async until(ready: () => boolean, limitMs = 30_000): Promise<void> {
    for (let waitedMs = 0; waitedMs < limitMs; waitedMs += 20) {
      if (ready()) return;
      await this.#pass(20);
    }
    const kinds = this.messages.map((message) => kindOf(message)).join(' ');
    throw new Error(`not within ${limitMs} ms; messages: ${kinds.slice(-500)}`);
  }

  /** Sends counted speech at 16 kHz, in pieces of 20 ms, while as much time passes. */
  async count(firstNumber: number, words: number): Promise<void> {
    const { samples } = countedSpeech({ firstNumber, words, rateHz: 16_000 });
    await this.play(samples, 16_000);
  }

  async silence(ms: number, rateHz = 16_000): Promise<void> {
    await this.play(new Float32Array((ms * rateHz) / 1000), rateHz);
  }

  /** @param samples of a rate that 20 ms of are whole */
  async play(samples: Float32Array, rateHz: number): Promise<void> {
    const piece = rateHz / 50;
    for (let at = 0; at < samples.length; at += piece) {
      this.send(audioInput(samples.subarray(at, at + piece), rateHz));
      await this.#pass(20);
    }
  }

  /** It never opened, or is open no more. */
  get over(): boolean {
    return this.#failed || this.refused !== null || this.closed !== null;
  }

  get contents(): readonly (Message['serverContent'] & object)[] {
    return this.messages.flatMap(({ serverContent }) => serverContent ?? []);
  }

  /** All audio, pcm16 at 24 kHz. */
  get audio(): Buffer {
    const parts = this.contents.flatMap(({ modelTurn }) => modelTurn?.parts ?? []);
    return Buffer.concat(parts.map(({ inlineData }) => Buffer.from(inlineData.data, 'base64')));
  }

  /** Numbers in the audio. */
  get numbers(): readonly number[] {
    const samples = Float32Array.from(decode(this.audio, 'audio/pcm'), (value) => value / 32_768);
    return hearNumbers(samples, 24_000).map(({ number }) => number);
  }

  /** Kinds of messages in order, repeated ones once, resumption and transcripts left out. */
  get kinds(): readonly string[] {
    const kinds = this.messages
      .map(kindOf)
      .filter((kind) => kind !== 'sessionResumptionUpdate' && !kind.endsWith('Transcription'));
    return kinds.filter((kind, i) => kind !== kinds[i - 1]);
  }

  get turnsComplete(): number {
    return this.contents.filter(({ turnComplete }) => turnComplete === true).length;
  }

  /** The last handle; `null` while it cannot be resumed. */
  get handle(): string | null {
    const updates = this.messages.flatMap(
      ({ sessionResumptionUpdate }) => sessionResumptionUpdate ?? [],
    );
    return updates.at(-1)?.newHandle ?? null;
  }
}

/** A server on a manual clock, and clients of it. */
export class RawRig {
  readonly clock: ManualClock;
  readonly server: GeminiStandIn;
  readonly pass: (ms: number) => Promise<void>;
  readonly #clients: RawClient[] = [];

  private constructor(clock: ManualClock, server: GeminiStandIn) {
    this.clock = clock;
    this.server = server;
    this.pass = passTime(clock);
  }

  static async start(options: StandInOptions = {}): Promise<RawRig> {
    const clock = new ManualClock();
    return new RawRig(clock, await startGeminiStandIn({ clock, apiKey: 'k', ...options }));
  }

  /** The last connection on the server's side. */
  get session(): StandInSession {
    return this.server.sessions.at(-1)!;
  }

  async connect(address = `${this.server.url}?key=k`, headers = {}): Promise<RawClient> {
    const client = new RawClient(address, this.pass, headers);
    this.#clients.push(client);
    const { socket } = client;
    await client.until(() => socket.readyState === socket.OPEN || client.over, 5000);
    return client;
  }

  /** Connects and sends a setup. */
  async open(setup: Wish = {}): Promise<RawClient> {
    const client = await this.connect();
    client.send({ setup: { model: testModel, ...setup } });
    await client.until(() => client.messages.length > 0 || client.closed !== null, 5000);
    return client;
  }

  async close(): Promise<void> {
    for (const { socket } of this.#clients) socket.terminate();
    await this.pass(40);
    await this.server.close();
  }
}

/** A realtimeInput of audio. */
export function audioInput(
  samples: Float32Array,
  rateHz: number,
): { realtimeInput: { audio: { data: string; mimeType: string } } } {
  const bytes = Buffer.alloc(samples.length * 2);
  for (const [i, sample] of samples.entries()) {
    bytes.writeInt16LE(Math.round(sample * 32_767), i * 2);
  }
  const audio = { data: bytes.toString('base64'), mimeType: `audio/pcm;rate=${rateHz}` };
  return { realtimeInput: { audio } };
}

function kindOf(message: Message): string {
  const [kind = ''] = Object.keys(message);
  return message.serverContent === undefined ? kind : Object.keys(message.serverContent).join('+');
}
