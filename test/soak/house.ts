import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createOnnxBackend, onnxOptions } from '../../adapters/backends/onnx/index.ts';
import {
  rehearsalBackend,
  rehearsalOptionsSchema,
} from '../../adapters/backends/rehearsal/index.ts';
import { createOpenAiLiveClient } from '../../adapters/clients/openai-live/index.ts';
import { createOpenAiRealtimeClient } from '../../adapters/clients/openai-realtime/index.ts';
import { prepareResampler } from '../../src/audio/resampler.ts';
import { createCall } from '../../src/call/call.ts';
import { storeOf } from '../../src/composition/keeping.ts';
import type { BackendPort } from '../../src/ports/backend.ts';
import type { DetectorPort } from '../../src/ports/detector.ts';
import { EnergyDetector } from '../support/energy-detector.ts';
import { silentLogger, type Logger } from '../../src/ports/log.ts';
import type { ToolPort } from '../../src/ports/tool.ts';
import { readConfig, type BackendEntry } from '../../src/server/config.ts';
import { startGateway, type Gateway } from '../../src/server/gateway.ts';
import { problemText } from '../../src/server/problems.ts';
import type { Clock } from '../../src/time/clock.ts';
import { randomIds } from '../../src/time/ids.ts';
import { CountingClock } from './counting-clock.ts';

export interface HouseOptions {
  /** Text of a parley.yaml. The port is always free. */
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: Logger;
  /** The system's, counted, unless told otherwise. */
  readonly clock?: Clock;
  readonly detector?: DetectorPort;
  /** Takes the place of configured backends of the same name. */
  readonly backends?: readonly BackendPort[];
  /** Tools that every agent has. */
  readonly tools?: readonly ToolPort[];
}

/** What a house holds on behalf of calls, as counts. At rest all are what they were at the start. */
export interface Holdings {
  readonly timers: number;
  readonly sockets: number;
  readonly calls: number;
  readonly detectorStreams: number;
  readonly modelRows: number;
  readonly rehearsals: number;
  /** Frames and commands that wait anywhere, and unsent bytes. */
  readonly waiting: number;
}

/** Configuration that needs no model: every agent is rehearsed. */
const lightConfig = `
server: { defaultAgent: rehearsal, drainMs: 0 }
agents: { parrot: { backends: [rehearsal] } }
`;

/** A gateway of which a test owns every part. */
export class House {
  readonly gateway: Gateway;
  readonly #clock: Clock;

  private constructor(gateway: Gateway, clock: Clock) {
    this.gateway = gateway;
    this.#clock = clock;
  }

  /** Starts it on a free port and waits until it is prepared. */
  static async open(options: HouseOptions = {}): Promise<House> {
    const {
      config = lightConfig,
      env = {},
      log = silentLogger,
      detector = new EnergyDetector(),
    } = options;
    const { clock = new CountingClock(), tools = [], backends = [] } = options;
    const result = readConfig(config, {
      env,
      backendSchemas: { rehearsal: rehearsalOptionsSchema, onnx: onnxOptions },
      readFile: (path) => {
        throw new RangeError(`the test configuration names a file: ${path}`);
      },
      overrides: { host: '127.0.0.1', port: 0 },
    });
    if (!result.ok) {
      throw new RangeError(result.problems.map((it) => problemText('test', it)).join('\n'));
    }
    await prepareResampler();
    const { directory, keeping } = result.config;
    const toolNames = tools.map(({ definition }) => definition.name);
    const agents = directory.agents.map((agent) => ({ ...agent, tools: toolNames }));
    const ids = randomIds(randomBytes);
    const gateway = await startGateway({
      config: { ...result.config, directory: { ...directory, agents } },
      clients: [
        createOpenAiRealtimeClient({ clock, ids, log }),
        createOpenAiLiveClient({ clock, ids, log }),
      ],
      createBackend: (entry) =>
        backends.find(({ name }) => name === entry.name) ?? backendOf(entry, clock),
      detector,
      tools,
      createCall,
      store: storeOf(keeping, { folder: tmpdir(), env, clock, log }),
      clock,
      ids,
      log,
    });
    const reasons = await gateway.prepared;
    if (reasons.length > 0) {
      await gateway.closeNow();
      throw new Error(`the house is not ready: ${reasons.join('; ')}`);
    }
    return new House(gateway, clock);
  }

  /** Address of a call to an agent; the default one where none is named. */
  callUrl(agent?: string): string {
    const query = agent === undefined ? '' : `?model=${agent}`;
    return `${this.gateway.url.replace(/^http/, 'ws')}/v1/realtime${query}`;
  }

  async holdings(): Promise<Holdings> {
    const { text } = await this.metrics();
    const sum = (pattern: RegExp): number =>
      [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
    return {
      timers: this.#clock instanceof CountingClock ? this.#clock.pending : 0,
      sockets: sum(/^parley_sockets_open (\S+)/gm),
      calls: sum(/^parley_calls_active\{[^}]*\} (\S+)/gm),
      detectorStreams: sum(/^parley_detector_streams\{[^}]*\} (\S+)/gm),
      modelRows: sum(/^parley_model_rows\{[^}]*\} (\S+)/gm),
      rehearsals: sum(/^parley_backend_figure\{[^}]*figure="sessionsOpen"[^}]*\} (\S+)/gm),
      waiting: sum(
        /^parley_(?:downlink_unsent_bytes|uplink_waiting_commands|detector_queue_frames|model_queue_frames)(?:\{[^}]*\})? (\S+)/gm,
      ),
    };
  }

  async metrics(): Promise<{ readonly text: string }> {
    const response = await fetch(`${this.gateway.url}/metrics`);
    return { text: await response.text() };
  }

  close(): Promise<void> {
    return this.gateway.closeNow();
  }
}

function backendOf({ name, type, options }: BackendEntry, clock: Clock): BackendPort {
  if (type === 'rehearsal') {
    return rehearsalBackend(name, rehearsalOptionsSchema.parse(options), { readFile });
  }
  return createOnnxBackend({
    name,
    options: onnxOptions.parse(options),
    resolvePackage: (named) => fileURLToPath(new URL(`../../models/${named}`, import.meta.url)),
    clock,
  });
}
