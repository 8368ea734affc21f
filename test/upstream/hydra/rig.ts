import { hydraBackend, hydraOptions } from '../../../adapters/backends/hydra/index.ts';
import type { BackendContext, BackendPort } from '../../../src/ports/backend.ts';
import type { Logger } from '../../../src/ports/log.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { contextFor } from '../../contract/backend-context.ts';
import { SessionProbe } from '../../contract/session-probe.ts';
import { passTime } from '../pass-time.ts';
import type { HydraStandInOptions } from './options.ts';
import { startHydraStandIn, type HydraStandIn } from './server.ts';
import type { HydraStandInSession } from './session.ts';

/** Has characters that a query writes otherwise: the key must not be found in either spelling. */
export const rigKey = 'hydra+secret/key=1';

/** The adapter and a stand-in of its own, on one manual clock. */
export class HydraRig {
  readonly clock: ManualClock;
  readonly server: HydraStandIn;
  readonly backend: BackendPort;
  /** Fields of every log line, as JSON. */
  readonly logged: string[] = [];
  readonly pass: (ms: number) => Promise<void>;

  private constructor(clock: ManualClock, server: HydraStandIn, options: object) {
    this.clock = clock;
    this.server = server;
    this.pass = passTime(clock);
    const parsed = hydraOptions.parse({ apiKeyEnv: 'RIG_KEY', url: server.url, ...options });
    this.backend = hydraBackend('hydra', parsed, {
      env: { RIG_KEY: rigKey },
      readText: () => Promise.reject(new Error('no file is to be read here')),
    });
  }

  /** @param backend options of the backend that differ */
  static async start(options: HydraStandInOptions = {}, backend: object = {}): Promise<HydraRig> {
    const clock = new ManualClock();
    const server = await startHydraStandIn({ clock, apiKey: rigKey, ...options });
    return new HydraRig(clock, server, backend);
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

  /** The stand-in's side of the first session. */
  get upstream(): HydraStandInSession {
    return this.server.sessions[0]!;
  }

  /** Client events of a type that the first session got. */
  received(type: string): readonly Readonly<Record<string, unknown>>[] {
    return this.upstream.received.filter((event) => event.type === type);
  }

  async close(): Promise<void> {
    await this.backend.close();
    await this.server.close();
  }
}
