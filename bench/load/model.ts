import { setTimeout as wait } from 'node:timers/promises';
import { rounded } from '../lib/distribution.ts';
import { MeasuredGateway } from '../lib/gateway.ts';
import type { Harness } from '../lib/harness.ts';

/** The bundled model's agent. */
const modelAgent = 'parrot';
const settleMs = 1_500;

/** The model's worker under a number of calls. */
export interface ModelStep {
  readonly calls: number;
  /** Mean time of a batch, ms, of its rows, and of one frame in it, ms. */
  readonly batchMs: number;
  readonly rows: number;
  readonly frameMs: number;
  readonly deadlineMisses: number;
  readonly refused: string | null;
  /** Of the whole gateway, the model's thread included. */
  readonly cores: number;
}

export interface ModelOptions {
  readonly harness: Harness;
  readonly steps: readonly number[];
  readonly stepMs: number;
  readonly progress: (line: string) => void;
}

/** Loads the worker of the bundled model, step by step, on a new gateway. */
export async function modelSteps(options: ModelOptions): Promise<readonly ModelStep[]> {
  const { harness, progress } = options;
  const { caller } = harness;
  const gateway = await MeasuredGateway.start({ upstreamPort: null, profileFolder: null });
  try {
    const plan = { url: gateway.callUrl(modelAgent), session: null, respond: false };
    const steps: ModelStep[] = [];
    let open = 0;
    for (const calls of options.steps) {
      try {
        await caller.ask('open', { plan, count: calls - open });
      } catch (thrown) {
        const refused = thrown instanceof Error ? thrown.message : 'refused';
        steps.push({ ...emptyStep, calls, refused });
        progress(`model, ${calls} calls: ${refused}`);
        break;
      }
      open = calls;
      await wait(settleMs);
      const step = await measure({ options, gateway, calls });
      steps.push(step);
      progress(
        `model, ${calls} calls: ${step.frameMs} ms a frame in batches of ${step.rows}, ` +
          `${step.deadlineMisses} deadlines missed`,
      );
    }
    return steps;
  } finally {
    await caller.ask('hangUp', undefined);
    await gateway.end();
  }
}

const emptyStep: ModelStep = {
  calls: 0,
  batchMs: 0,
  rows: 0,
  frameMs: 0,
  deadlineMisses: 0,
  refused: null,
  cores: 0,
};

async function measure({
  options,
  gateway,
  calls,
}: {
  readonly options: ModelOptions;
  readonly gateway: MeasuredGateway;
  readonly calls: number;
}): Promise<ModelStep> {
  const before = await gateway.metrics();
  const window = await options.harness.window({
    durationMs: options.stepMs,
    pids: [gateway.pid],
  });
  const after = await gateway.metrics();
  const grown = (name: string): number => {
    const labels = { backend: modelAgent };
    return after.sum(name, labels) - before.sum(name, labels);
  };
  const batches = grown('parley_model_batches_total');
  const frames = grown('parley_model_frames_total');
  const runMs = grown('parley_model_run_seconds_total') * 1e3;
  const [refused = null] = Object.keys(window.troubles);
  return {
    calls,
    batchMs: rounded(batches === 0 ? 0 : runMs / batches),
    rows: rounded(batches === 0 ? 0 : frames / batches),
    frameMs: rounded(frames === 0 ? 0 : runMs / frames),
    deadlineMisses: grown('parley_model_deadline_misses_total'),
    refused,
    cores: rounded(window.cpuAllMs / window.wallMs),
  };
}
