import { OpenAI } from 'openai';
import { TranscriptGrouper } from 'openai/lib/live/transcript-grouper';
import type { ClientEvent, ServerEvent, SessionConfig } from 'openai/resources/live/live';
import { SidebandWS } from 'openai/resources/live/sideband/ws';
import { LiveWS } from 'openai/resources/live/ws';
import { decodeSamples, encodeSamples } from '../../../src/audio/samples.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { countedSpeech, hearNumbers } from '../../ear/counted-speech.ts';
import { passTime } from '../pass-time.ts';
import type { StandInOptions } from './options.ts';
import { startLiveStandIn, type LiveStandIn } from './server.ts';
import type { StandInSession } from './session.ts';

const stockKey = 'sk-live-stand-in-key';
const rateHz = 24_000;
const stepMs = 100;

type EventOf<Type extends string> = Extract<ServerEvent, { type: Type }>;

/** The `openai` package's own Live client at a stand-in, on a manual clock. */
export class StockRig {
  readonly clock: ManualClock;
  readonly server: LiveStandIn;
  readonly client: OpenAI;
  readonly live: LiveWS;
  readonly events: ServerEvent[] = [];
  readonly grouper = new TranscriptGrouper();
  readonly segments = new Map<string, string>();
  closedWith: number | null = null;
  readonly #pass: (ms: number) => Promise<void>;
  #queue = new Float32Array(0);

  private constructor(clock: ManualClock, server: LiveStandIn, key: string) {
    this.clock = clock;
    this.server = server;
    this.#pass = passTime(clock, 20);
    this.client = new OpenAI({ apiKey: key, baseURL: server.baseUrl });
    this.live = new LiveWS(this.client);
    this.grouper.on('segment.updated', ({ id, text, speaker }) =>
      this.segments.set(id, `${speaker}: ${text}`),
    );
    this.live.on('event', (event) => {
      this.events.push(event);
      this.grouper.push(event);
    });
    this.live.on('error', () => undefined);
    this.live.socket.on('close', (code: number) => (this.closedWith = code));
  }

  static async start(options: StandInOptions = {}, key = stockKey): Promise<StockRig> {
    const clock = new ManualClock();
    const server = await startLiveStandIn({ clock, apiKey: stockKey, ...options });
    return new StockRig(clock, server, key);
  }

  get session(): StandInSession {
    return this.server.sessions[0]!;
  }

  send(event: ClientEvent): void {
    this.live.send(event);
  }

  async begin(session: Partial<SessionConfig> = {}): Promise<EventOf<'session.started'>> {
    this.send({
      type: 'session.start',
      event_id: 's',
      session: { model: 'gpt-live-1', ...session },
    });
    await this.until(() => this.of('session.started').length > 0);
    return this.of('session.started')[0]!;
  }

  of<Type extends ServerEvent['type']>(type: Type): EventOf<Type>[] {
    return this.events.filter((event) => event.type === type) as EventOf<Type>[];
  }

  /** The caller counts. */
  count(firstNumber: number, words: number): void {
    const { samples } = countedSpeech({ firstNumber, words, rateHz });
    const all = new Float32Array(this.#queue.length + samples.length);
    all.set(this.#queue);
    all.set(samples, this.#queue.length);
    this.#queue = all;
  }

  /** Time passes, with the microphone open. */
  async talk(ms: number): Promise<void> {
    const samples = (rateHz * stepMs) / 1000;
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      const piece = new Float32Array(samples);
      piece.set(this.#queue.subarray(0, samples));
      this.#queue = this.#queue.slice(samples);
      const audio = Buffer.from(encodeSamples(piece, 'pcm16')).toString('base64');
      this.send({ type: 'session.input_audio.append', audio });
      await this.#pass(stepMs);
    }
  }

  /** Time passes, and nothing is sent. */
  pass(ms: number): Promise<void> {
    return this.#pass(ms);
  }

  async until(done: () => boolean, limitMs = 30_000): Promise<void> {
    for (let passedMs = 0; passedMs < limitMs; passedMs += 20) {
      if (done()) return;
      await this.#pass(20);
    }
    throw new Error(`not within ${limitMs} ms; saw ${this.types().join(' ')}`);
  }

  types(): string[] {
    return this.events.map(({ type }) => type).filter((type) => !type.endsWith('audio.delta'));
  }

  track(): Float32Array {
    const pieces = this.of('session.output_audio.delta').map(({ delta }) =>
      Buffer.from(delta, 'base64'),
    );
    return decodeSamples(new Uint8Array(Buffer.concat(pieces)), 'pcm16');
  }

  numbers(): number[] {
    return hearNumbers(this.track(), rateHz).map(({ number }) => number);
  }

  said(speaker: 'input' | 'output'): string {
    return this.of(`session.${speaker}_transcript.delta`)
      .map(({ delta }) => delta)
      .join('');
  }

  sideband(id: string): { readonly seen: ServerEvent[]; readonly socket: SidebandWS } {
    const socket = new SidebandWS(this.client, { session_id: id });
    const seen: ServerEvent[] = [];
    socket.on('event', (event) => seen.push(event));
    socket.on('error', () => undefined);
    return { seen, socket };
  }

  async close(): Promise<void> {
    this.grouper.close();
    this.live.close();
    await this.server.close();
  }
}
