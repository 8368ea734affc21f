import {
  openAiLiveBackend,
  openAiLiveOptions,
} from '../../../adapters/backends/openai-live/index.ts';
import { encodeSamples } from '../../../src/audio/samples.ts';
import { ChunkTimeline } from '../../../src/audio/chunk.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import type { BackendContext, BackendEvent, BackendPort } from '../../../src/ports/backend.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { contextFor } from '../../contract/backend-context.ts';
import { SessionProbe } from '../../contract/session-probe.ts';
import { countedSpeech, hearNumbers } from '../../ear/counted-speech.ts';
import { decodeSamples } from '../../../src/audio/samples.ts';
import { passTime } from '../pass-time.ts';
import type { StandInOptions } from './options.ts';
import { startLiveStandIn, type LiveStandIn } from './server.ts';
import type { StandInSession } from './session.ts';

export const rigKey = 'sk-live-rig-secret-key';

/** The backend and a stand-in of its own, on one manual clock. */
export class LiveRig {
  readonly clock: ManualClock;
  readonly server: LiveStandIn;
  readonly backend: BackendPort;
  readonly logged: string[] = [];
  readonly pass: (ms: number) => Promise<void>;
  probe!: SessionProbe;
  /** What the session was opened with. */
  context!: BackendContext;
  readonly #uplink = new ChunkTimeline(pcm24k);
  #queue = new Float32Array(0);

  private constructor(clock: ManualClock, server: LiveStandIn, differing: object) {
    this.clock = clock;
    this.server = server;
    this.pass = passTime(clock);
    const options = openAiLiveOptions.parse({
      apiKeyEnv: 'RIG_KEY',
      url: server.url,
      ...differing,
    });
    this.backend = openAiLiveBackend('live', options, {
      env: { RIG_KEY: rigKey },
      readText: () => Promise.reject(new Error('no file is to be read here')),
      chance: () => 0.5,
    });
  }

  /** @param differing options of the backend */
  static async start(options: StandInOptions = {}, differing: object = {}): Promise<LiveRig> {
    const clock = new ManualClock();
    const server = await startLiveStandIn({ clock, apiKey: rigKey, ...options });
    return new LiveRig(clock, server, differing);
  }

  /** Opens a session while time passes. @throws CallError when it is refused */
  async open(
    settings: Partial<CallSettings> = {},
    differing: Partial<BackendContext> = {},
  ): Promise<SessionProbe> {
    const note = (event: string, fields?: object): void => {
      this.logged.push(JSON.stringify({ event, ...fields }));
    };
    const log = { ...silentLogger, debug: note, info: note, warn: note, error: note };
    const context: BackendContext = {
      ...contextFor(this.backend, this.clock, { settings: { voice: 'marin', ...settings } }),
      log,
      ...differing,
    };
    this.context = context;
    const opening = this.backend.open(context, new AbortController().signal);
    const settled = new AbortController();
    const settle = (): void => settled.abort();
    opening.then(settle, settle);
    for (let step = 0; step < 2000 && !settled.signal.aborted; step += 1) await this.pass(20);
    this.probe = new SessionProbe(await opening, context, this.pass).read();
    return this.probe;
  }

  /** The stand-in's side of the latest session. */
  get upstream(): StandInSession {
    return this.server.sessions.at(-1)!;
  }

  /** Client events of a type that the latest session got. */
  received(type: string): readonly Readonly<Record<string, unknown>>[] {
    return this.upstream.received.filter((event) => event.type === type);
  }

  /** The caller counts, next. */
  count(firstNumber: number, words: number): void {
    const { samples } = countedSpeech({ firstNumber, words, rateHz: 24_000 });
    this.#queue = Float32Array.from([...this.#queue, ...samples]);
  }

  /** Time passes with the microphone open, in chunks of 20 ms. */
  async talk(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 20) {
      const piece = new Float32Array(480);
      piece.set(this.#queue.subarray(0, 480));
      this.#queue = this.#queue.slice(480);
      const bytes = encodeSamples(piece, 'pcm16');
      const chunk = this.#uplink.append(bytes, this.clock.nowMs());
      this.probe.session.send({ type: 'audio', chunk });
      await this.pass(20);
    }
  }

  events<Type extends BackendEvent['type']>(
    type: Type,
  ): (BackendEvent & { readonly type: Type })[] {
    return this.probe.events.filter((event) => event.type === type) as (BackendEvent & {
      readonly type: Type;
    })[];
  }

  /** Numbers that the agent said. */
  numbers(): number[] {
    const pieces = this.events('stream.frame').map(({ frame }) => frame.bytes);
    const samples = decodeSamples(new Uint8Array(Buffer.concat(pieces)), 'pcm16');
    return hearNumbers(samples, 24_000).map(({ number }) => number);
  }

  /** What the agent said, in words. */
  said(): string {
    return this.events('stream.frame')
      .map(({ frame }) => frame.text ?? '')
      .join('');
  }

  async close(): Promise<void> {
    await this.backend.close();
    await this.server.close();
  }
}
