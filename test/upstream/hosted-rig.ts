import {
  openAiRealtimeBackend,
  openAiRealtimeOptions,
} from '../../adapters/backends/openai-realtime/index.ts';
import type { BackendContext, BackendPort } from '../../src/ports/backend.ts';
import type { Logger } from '../../src/ports/log.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { contextFor } from '../contract/backend-context.ts';
import { SessionProbe } from '../contract/session-probe.ts';
import type { StandInOptions } from './options.ts';
import { startStandIn, type StandIn } from './openai-realtime-server.ts';
import { passTime } from './pass-time.ts';
import type { StandInSession } from './stand-in-session.ts';

export const rigKey = 'sk-rig-secret-key';

/** The adapter and a stand-in of its own, on one manual clock. */
export class HostedRig {
  readonly clock: ManualClock;
  readonly server: StandIn;
  readonly backend: BackendPort;
  /** Fields of every log line, as JSON. */
  readonly logged: string[] = [];
  readonly pass: (ms: number) => Promise<void>;

  private constructor(clock: ManualClock, server: StandIn, differing: object) {
    this.clock = clock;
    this.server = server;
    this.pass = passTime(clock);
    const options = openAiRealtimeOptions.parse({
      model: 'gpt-realtime-2.1',
      apiKeyEnv: 'RIG_KEY',
      url: server.url,
      ...differing,
    });
    this.backend = openAiRealtimeBackend('hosted', options, {
      env: { RIG_KEY: rigKey },
      readText: () => Promise.reject(new Error('no file is to be read here')),
      chance: () => 0.5,
    });
  }

  /** @param differing options of the backend */
  static async start(options: StandInOptions = {}, differing: object = {}): Promise<HostedRig> {
    const clock = new ManualClock();
    const server = await startStandIn({ clock, apiKey: rigKey, ...options });
    return new HostedRig(clock, server, differing);
  }

  context(differing: Partial<BackendContext> = {}): BackendContext {
    const context = contextFor(this.backend, this.clock);
    const note = (event: string, fields?: object): void => {
      this.logged.push(JSON.stringify({ event, ...fields }));
    };
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    return { ...context, log, ...differing };
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

  /** The stand-in's side of the only session. */
  get upstream(): StandInSession {
    return this.server.sessions[0]!;
  }

  /** Client events of a type that the stand-in got. */
  received(type: string): readonly Readonly<Record<string, unknown>>[] {
    return this.upstream.received.filter((event) => event.type === type);
  }

  async close(): Promise<void> {
    await this.backend.close();
    await this.server.close();
  }
}
