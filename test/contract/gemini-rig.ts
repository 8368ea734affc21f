import { geminiLiveBackend, geminiLiveOptions } from '../../adapters/backends/gemini-live/index.ts';
import { encodePcm16 } from '../../src/audio/pcm16.ts';
import { ChunkTimeline } from '../../src/audio/chunk.ts';
import { pcm16k } from '../../src/audio/format.ts';
import type { BackendContext, BackendPort, BackendSession } from '../../src/ports/backend.ts';
import type { Logger } from '../../src/ports/log.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { countedSpeech, hearNumbers, type HeardWord } from '../ear/counted-speech.ts';
import type { ClientMessage } from '../upstream/gemini/client-messages.ts';
import type { StandInOptions } from '../upstream/gemini/options.ts';
import { startGeminiStandIn, type GeminiStandIn } from '../upstream/gemini/server.ts';
import type { StandInSession } from '../upstream/gemini/session.ts';
import { passTime } from '../upstream/pass-time.ts';
import { contextFor } from './backend-context.ts';
import { SessionProbe } from './session-probe.ts';

export const geminiKey = 'AIzaRigSecretKey0123456789';

/** Options of the adapter besides address and key. */
export type Differing = Readonly<Record<string, unknown>>;

/** The adapter and a stand-in of its own, on one manual clock. */
export class GeminiRig {
  readonly clock = new ManualClock();
  readonly pass = passTime(this.clock);
  readonly server: GeminiStandIn;
  readonly backend: BackendPort;
  /** Fields of every log line, as JSON. */
  readonly logged: string[] = [];

  private constructor(server: GeminiStandIn, clock: ManualClock, differing: Differing) {
    this.server = server;
    this.clock = clock;
    this.pass = passTime(clock);
    const options = geminiLiveOptions.parse({
      apiKeyEnv: 'RIG_KEY',
      url: server.origin,
      ...differing,
    });
    this.backend = geminiLiveBackend('gemini', options, {
      env: { RIG_KEY: geminiKey },
      readText: () => Promise.reject(new Error('no file is to be read here')),
      chance: () => 0.5,
    });
  }

  static async start(options: StandInOptions = {}, differing: Differing = {}): Promise<GeminiRig> {
    const clock = new ManualClock();
    const server = await startGeminiStandIn({ clock, apiKey: geminiKey, ...options });
    return new GeminiRig(server, clock, differing);
  }

  context(differing: Partial<BackendContext> = {}): BackendContext {
    const note = (event: string, fields?: object): void => {
      this.logged.push(JSON.stringify({ event, ...fields }));
    };
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    return { ...contextFor(this.backend, this.clock), log, ...differing };
  }

  /** Opens a session while time passes. @throws CallError when it is refused */
  async open(differing: Partial<BackendContext> = {}): Promise<SessionProbe> {
    const context = this.context(differing);
    const opening = this.backend.open(context, new AbortController().signal);
    const settled = new AbortController();
    const settle = (): void => settled.abort();
    opening.then(settle, settle);
    for (let step = 0; step < 2000 && !settled.signal.aborted; step += 1) await this.pass(20);
    return new SessionProbe(await opening, context, this.pass).read();
  }

  /** The stand-in's side of the connection that was opened last. */
  get upstream(): StandInSession {
    return this.server.sessions.at(-1)!;
  }

  /** All client messages of a kind, over all connections. */
  received(kind: keyof ClientMessage): readonly Readonly<Record<string, unknown>>[] {
    return this.server.sessions.flatMap(({ received }) =>
      received.flatMap((message) => {
        const value: object | undefined = message[kind];
        return value === undefined ? [] : [{ ...value }];
      }),
    );
  }

  async close(): Promise<void> {
    await this.backend.close();
    await this.server.close();
  }
}

/** A caller of counted speech, on one uplink. */
export class Caller {
  readonly #probe: SessionProbe;
  readonly #session: BackendSession;
  readonly #timeline = new ChunkTimeline(pcm16k);
  #nowMs = 0;
  #next = 1;
  /** Every number said. */
  readonly said: number[] = [];

  constructor(probe: SessionProbe) {
    this.#probe = probe;
    this.#session = probe.session;
  }

  /** Uplink position. */
  get sample(): number {
    return this.#timeline.endSample;
  }

  async silence(ms: number): Promise<void> {
    await this.#say(new Float32Array((ms * pcm16k.rateHz) / 1000));
  }

  /** @returns the uplink position at which the words begin */
  async words(count: number): Promise<number> {
    const from = this.sample;
    const { rateHz } = pcm16k;
    const { samples, numbers } = countedSpeech({ firstNumber: this.#next, words: count, rateHz });
    this.#next += count;
    this.said.push(...numbers);
    await this.#say(samples);
    return from;
  }

  async #say(samples: Float32Array): Promise<void> {
    const pieceSamples = pcm16k.rateHz / 50;
    for (let at = 0; at < samples.length; at += pieceSamples) {
      await this.#probe.wait(20);
      this.#nowMs += 20;
      const pcm = encodePcm16(samples.subarray(at, at + pieceSamples));
      this.#session.send({ type: 'audio', chunk: this.#timeline.append(pcm, this.#nowMs) });
    }
  }
}

/** Words of counted speech in PCM16 at 24 kHz. */
export function wordsIn(pcm: Buffer): HeardWord[] {
  const samples = new Float32Array(pcm.byteLength / 2);
  for (let i = 0; i < samples.length; i += 1) samples[i] = pcm.readInt16LE(i * 2) / 32_768;
  return hearNumbers(samples, 24_000);
}
