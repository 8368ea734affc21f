import { OpenAI } from 'openai';
import { TranscriptGrouper } from 'openai/lib/live/transcript-grouper';
import { SidebandWS } from 'openai/resources/live/sideband/ws';
import { LiveWS } from 'openai/resources/live/ws';
import type { ClientEvent, ServerEvent, SessionConfig } from 'openai/resources/live/live';
import { decodeSamples, encodeSamples } from '../../src/audio/samples.ts';
import { createResampler, prepareResampler } from '../../src/audio/resampler.ts';
import type { AudioFormat } from '../../src/audio/format.ts';
import { pcm24k } from '../../src/audio/format.ts';

/** One piece of microphone audio, ms. */
const pieceMs = 100;

interface Seen {
  readonly atMs: number;
  readonly event: ServerEvent;
}

type EventOf<Type extends string> = Extract<ServerEvent, { type: Type }>;

/**
 * A caller on the `openai` package's own Live client, changed in nothing but its base URL. It talks
 * into a microphone that never stops, and keeps all that comes.
 */
export class LiveCaller {
  readonly live: LiveWS;
  readonly client: OpenAI;
  readonly seen: Seen[] = [];
  readonly format: AudioFormat;
  readonly segments: { speaker: string; text: string; startMs: number }[] = [];
  /** What the package itself found wrong; must stay empty. */
  readonly clientErrors: Error[] = [];
  readonly grouper = new TranscriptGrouper();
  readonly closed: Promise<number>;
  sentMs = 0;
  #trackBytes = 0;
  #queue: Uint8Array = new Uint8Array(0);
  #microphone: NodeJS.Timeout | null = null;

  constructor(options: { url: string; key?: string; format?: AudioFormat }) {
    const { url, key = 'sk-test', format = pcm24k } = options;
    this.format = format;
    this.client = new OpenAI({ apiKey: key, baseURL: `${url}/v1` });
    this.live = new LiveWS(this.client);
    const closed = Promise.withResolvers<number>();
    this.closed = closed.promise;
    this.grouper.on('segment.updated', ({ speaker, text, startMs, id }) => {
      const at = Number(/\d+$/.exec(id)?.[0] ?? this.segments.length);
      this.segments[at] = { speaker, text, startMs };
    });
    this.live.on('event', (event) => {
      this.seen.push({ atMs: performance.now(), event });
      this.#group(event);
      if (event.type === 'session.output_audio.delta') {
        this.#trackBytes += Buffer.byteLength(event.delta, 'base64');
      }
    });
    this.live.on('error', (error) => {
      if (error.error === undefined) this.clientErrors.push(error);
    });
    this.live.socket.on('close', (code: number) => {
      this.#stop();
      closed.resolve(code);
    });
  }

  send(event: ClientEvent): void {
    this.live.send(event);
  }

  /** Starts the session and the microphone. */
  async start(session: SessionConfig, eventId = 'start'): Promise<EventOf<'session.started'>> {
    await prepareResampler();
    this.send({ type: 'session.start', event_id: eventId, session });
    const started = await this.next('session.started');
    this.microphoneOn();
    return started;
  }

  microphoneOn(): void {
    let dueMs = performance.now();
    this.#microphone = setInterval(() => {
      for (; dueMs <= performance.now(); dueMs += pieceMs) this.#piece();
    }, 10);
  }

  microphoneOff(): void {
    this.#stop();
  }

  /** Says this next. @param samples 24 kHz */
  say(samples: Float32Array): void {
    this.#queue = Buffer.concat([this.#queue, this.encode(samples)]);
  }

  /** In the session's format. */
  encode(samples: Float32Array): Uint8Array {
    if (this.format.rateHz === 24_000) return encodeSamples(samples, this.format.codec);
    const resampler = createResampler({ fromHz: 24_000, toHz: this.format.rateHz });
    const bytes = encodeSamples(resampler.process(samples), this.format.codec);
    resampler.close();
    return bytes;
  }

  events<Type extends ServerEvent['type']>(type: Type): EventOf<Type>[] {
    return this.seen.flatMap(({ event }) => (event.type === type ? [event as EventOf<Type>] : []));
  }

  /** Waits for the `count`th event of a type. */
  async next<Type extends ServerEvent['type']>(type: Type, count = 1): Promise<EventOf<Type>> {
    await this.until(() => this.events(type).length >= count, `${type} no. ${count}`);
    return this.events(type)[count - 1]!;
  }

  async until(done: () => boolean, what: string, limitMs = 20_000): Promise<void> {
    const endMs = performance.now() + limitMs;
    while (!done()) {
      if (performance.now() > endMs) {
        const errors = this.events('error').map(({ error }) => error.message);
        throw new Error(`no ${what}; saw ${[...this.types(), ...errors].join(' ')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Types of all that came, audio aside. */
  types(): string[] {
    return this.seen
      .map(({ event }) => event.type)
      .filter((type) => type !== 'session.output_audio.delta');
  }

  /** The whole output track, at the session's rate. */
  track(): Float32Array {
    const pieces = this.events('session.output_audio.delta').map(({ delta }) =>
      Buffer.from(delta, 'base64'),
    );
    return decodeSamples(new Uint8Array(Buffer.concat(pieces)), this.format.codec);
  }

  /** Length of the output track so far, ms. */
  get trackMs(): number {
    const bytesPerMs = (this.format.rateHz / 1000) * (this.format.codec === 'pcm16' ? 2 : 1);
    return this.#trackBytes / bytesPerMs;
  }

  /** Waits for a second and a half more of the track: what was being said is over then. */
  async quiet(): Promise<void> {
    const untilMs = this.trackMs + 1_500;
    await this.until(() => this.trackMs >= untilMs, 'more of the track');
  }

  said(speaker: 'input' | 'output'): string {
    return this.events(`session.${speaker}_transcript.delta`)
      .map(({ delta }) => delta)
      .join('');
  }

  sideband(id: string): { seen: ServerEvent[]; socket: SidebandWS } {
    const socket = new SidebandWS(this.client, { session_id: id });
    const seen: ServerEvent[] = [];
    socket.on('event', (event) => seen.push(event));
    socket.on('error', () => undefined);
    return { seen, socket };
  }

  /** In order: what was asked for, then the session's end, then the socket's. */
  async close(): Promise<EventOf<'session.closed'>> {
    this.send({ type: 'session.close', event_id: 'close' });
    const closed = await this.next('session.closed');
    await this.closed;
    return closed;
  }

  /** The package throws at what it cannot put in order. */
  #group(event: ServerEvent): void {
    try {
      this.grouper.push(event);
    } catch (thrown) {
      this.clientErrors.push(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  #piece(): void {
    const { codec, rateHz } = this.format;
    const bytes = (rateHz / 10) * (codec === 'pcm16' ? 2 : 1);
    const quiet = codec === 'pcmu' ? 0xff : codec === 'pcma' ? 0xd5 : 0;
    const piece = Buffer.alloc(bytes, quiet);
    piece.set(this.#queue.subarray(0, bytes));
    this.#queue = this.#queue.subarray(Math.min(bytes, this.#queue.byteLength));
    this.sentMs += pieceMs;
    this.send({ type: 'session.input_audio.append', audio: piece.toString('base64') });
  }

  #stop(): void {
    if (this.#microphone !== null) clearInterval(this.#microphone);
    this.#microphone = null;
  }
}
