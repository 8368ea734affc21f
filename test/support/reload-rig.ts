import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { createOpenAiRealtimeClient } from '../../adapters/clients/openai-realtime/index.ts';
import { prepareResampler } from '../../src/audio/resampler.ts';
import { createCall } from '../../src/call/call.ts';
import type { EchoCancellerPort } from '../../src/ports/echo-canceller.ts';
import { CallError } from '../../src/ports/errors.ts';
import { silentLogger, type Logger } from '../../src/ports/log.ts';
import { readConfig, type BackendEntry, type ConfigResult } from '../../src/server/config.ts';
import { startGateway, type Gateway } from '../../src/server/gateway.ts';
import { problemText } from '../../src/server/problems.ts';
import { randomIds } from '../../src/time/ids.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { ScriptedBackend } from './scripted-backend.ts';

/** Options of the rig's backends: `ready: false` cannot be prepared, `held` not before it is let. */
const schema = z.strictObject({
  seed: z.int().min(0).optional(),
  ready: z.boolean().default(true),
  held: z.boolean().default(false),
});

/** A scripted backend that knows when it is prepared and closed. */
export class RigBackend extends ScriptedBackend {
  readonly options: z.output<typeof schema>;
  closes = 0;
  readonly #let = Promise.withResolvers<null>();

  constructor({ name, options }: BackendEntry) {
    super({ name });
    // The built-in ones have options of their own.
    this.options = schema.safeParse(options).data ?? schema.parse({});
  }

  /** Lets a held one be ready. */
  let(): void {
    this.#let.resolve(null);
  }

  override async prepare(signal?: AbortSignal): Promise<void> {
    if (!this.options.ready) throw new CallError('model_unavailable', 'told not to');
    if (!this.options.held) return;
    const aborted = Promise.withResolvers<never>();
    signal?.addEventListener('abort', () => aborted.reject(new Error('stopped')), { once: true });
    await Promise.race([this.#let.promise, aborted.promise]);
  }

  override close(): Promise<void> {
    this.closes += 1;
    return super.close();
  }
}

/** Reads a configuration for the rig. */
export function rigConfig(
  text: string,
  env: Readonly<Record<string, string>> = {},
  port: number | null = 0,
): ConfigResult {
  return readConfig(text, {
    env,
    backendSchemas: { rehearsal: schema, onnx: z.looseObject({}) },
    readFile: (path) => path,
    overrides: { host: '127.0.0.1', ...(port === null ? {} : { port }) },
  });
}

/** A gateway on a manual clock whose backends are scripted, to be edited. */
export class ReloadRig {
  readonly clock = new ManualClock();
  readonly made: RigBackend[] = [];
  readonly canceller: { made: number; closed: number } = { made: 0, closed: 0 };
  gateway!: Gateway;

  static async open(
    text: string,
    options: { readonly env?: Readonly<Record<string, string>>; readonly log?: Logger } = {},
  ): Promise<ReloadRig> {
    const { env = {}, log = silentLogger } = options;
    const result = rigConfig(text, env);
    if (!result.ok) throw new RangeError(result.problems.map((it) => it.message).join('\n'));
    await prepareResampler();
    const rig = new ReloadRig();
    const { clock } = rig;
    const ids = randomIds(randomBytes);
    rig.gateway = await startGateway({
      config: result.config,
      clients: [createOpenAiRealtimeClient({ clock, ids, log })],
      createBackend: (entry) => {
        const backend = new RigBackend(entry);
        rig.made.push(backend);
        return backend;
      },
      createCanceller: () => rig.#createCanceller(),
      detector: null,
      tools: [],
      createCall,
      clock,
      ids,
      log,
    });
    await rig.gateway.prepared;
    return rig;
  }

  /** Backends that were made and not closed, by name. */
  get alive(): readonly string[] {
    return this.made.filter(({ closes }) => closes === 0).map(({ name }) => name);
  }

  /** Does what the program does with a file's new text. */
  async edit(text: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const result = rigConfig(text, env);
    if (result.ok) return await this.gateway.reload(result.config);
    this.gateway.refuse(result.problems.map((problem) => problemText('parley.yaml', problem)));
    return 'refused';
  }

  get wsUrl(): string {
    return `${this.gateway.url.replace('http', 'ws')}/v1/realtime`;
  }

  async get(path: string): Promise<unknown> {
    return await (await fetch(this.gateway.url + path)).json();
  }

  async metric(name: string): Promise<number | undefined> {
    const text = await (await fetch(`${this.gateway.url}/metrics`)).text();
    const value = text.split('\n').find((line) => line.startsWith(`${name} `));
    return value === undefined ? undefined : Number(value.split(' ')[1]);
  }

  #createCanceller(): EchoCancellerPort {
    this.canceller.made += 1;
    return {
      name: 'none',
      rateHz: 16_000,
      prepare: () => Promise.resolve(),
      open: () => {
        throw new Error('no call is to open it');
      },
      figures: () => ({}),
      close: () => {
        this.canceller.closed += 1;
        return Promise.resolve();
      },
    };
  }
}
