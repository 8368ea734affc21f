import { setTimeout as wait } from 'node:timers/promises';
import { distribution, pooled, rounded, type Distribution } from '../lib/distribution.ts';
import { hostedAgent, MeasuredGateway } from '../lib/gateway.ts';
import type { Harness, MeasuredWindow } from '../lib/harness.ts';
import { histogramBetween, type MetricsSnapshot } from '../lib/prometheus.ts';
import { detectionOff, detectionOn } from '../lib/session-settings.ts';
import type { CallPlan } from '../wire/caller-session.ts';
import { brokenBy } from './verdict.ts';

/** Whether Parley listens to the callers. */
export type Detection = 'off' | 'on';

/** One number of calls, held for a while. */
export interface LoadStep {
  readonly calls: number;
  /** Why it is over the budget; `null` where it keeps it. */
  readonly brokenBy: string | null;
  readonly frameDelayMs: Distribution;
  readonly frameDelayUpMs: Distribution;
  readonly frameDelayDownMs: Distribution;
  /** Of the whole gateway, and of its main thread alone. */
  readonly cores: number;
  readonly mainCores: number;
  readonly eventLoopDelayMs: Distribution;
  /** Mean wait of a frame for its place in a batch, in each second of the step. */
  readonly detectorQueueMs: Distribution;
  /** From a frame's completion to its score, the same way. */
  readonly detectorDelayMs: Distribution;
  readonly detectorDroppedFrames: number;
  readonly rssKib: number;
  readonly unmarkedFrames: number;
  readonly callerCores: number;
  readonly upstreamCores: number;
  readonly machineCores: number;
  /** Cores used by what is neither gateway nor benchmark. */
  readonly otherCores: number;
  readonly callerLateMs: Distribution;
  readonly upstreamLateMs: Distribution;
}

/** A step with its raw samples. */
export interface MeasuredStep {
  readonly step: LoadStep;
  readonly window: MeasuredWindow | null;
}

export interface RampOptions {
  readonly harness: Harness;
  readonly detection: Detection;
  /** Numbers of calls, ascending. */
  readonly steps: readonly number[];
  readonly stepMs: number;
  /** Before the first step: calls that come and go, so that code is compiled and memory is had. */
  readonly warmUp: { readonly calls: number; readonly durationMs: number };
  readonly machineCoreCount: number;
  readonly profileFolder: string | null;
  readonly progress: (line: string) => void;
}

/** What a ramp found. */
export interface Ramp {
  readonly detection: Detection;
  /** Memory before any call, after the warm-up, KiB. */
  readonly idleRssKib: number;
  /** In order; the last one may be the first that is over the budget. */
  readonly steps: readonly MeasuredStep[];
}

const framesPerSecond = 50;
const settleMs = 700;
const idleMs = 500;

/** Adds calls step by step until one is over the budget or the steps are done, on a new gateway. */
export async function ramp(options: RampOptions): Promise<Ramp> {
  const { harness, detection, progress, warmUp, profileFolder } = options;
  const { upstreamPort, caller } = harness;
  const gateway = await MeasuredGateway.start({ upstreamPort, profileFolder });
  try {
    const plan: CallPlan = {
      url: gateway.callUrl(hostedAgent),
      session: detection === 'on' ? detectionOn : detectionOff,
      respond: true,
    };
    await caller.ask('open', { plan, count: warmUp.calls });
    await wait(warmUp.durationMs);
    await caller.ask('hangUp', undefined);
    const idle = await harness.window({ durationMs: idleMs, pids: [gateway.pid] });
    const steps: MeasuredStep[] = [];
    let open = 0;
    for (const calls of options.steps) {
      let measured = await holdStep({ options, gateway, plan, calls, missing: calls - open });
      open = calls;
      if (measured.step.brokenBy !== null && measured.window !== null) {
        // Once may be chance: a step is over the budget when it is so twice in a row.
        progress(`detection ${detection}, ${calls} calls: once more (${measured.step.brokenBy})`);
        measured = await holdStep({ options, gateway, plan, calls, missing: 0 });
      }
      steps.push(measured);
      const { step } = measured;
      progress(
        `detection ${detection}, ${calls} calls: p99 ${step.frameDelayMs.p99} ms, ` +
          `${step.cores} cores${step.brokenBy === null ? '' : ` — ${step.brokenBy}`}`,
      );
      if (step.brokenBy !== null) break;
    }
    return { detection, idleRssKib: idle.rssKib, steps };
  } finally {
    await caller.ask('hangUp', undefined);
    await gateway.end();
  }
}

async function holdStep({
  options,
  gateway,
  plan,
  calls,
  missing,
}: {
  readonly options: RampOptions;
  readonly gateway: MeasuredGateway;
  readonly plan: CallPlan;
  readonly calls: number;
  readonly missing: number;
}): Promise<MeasuredStep> {
  const { harness, machineCoreCount, stepMs } = options;
  try {
    await harness.caller.ask('open', { plan, count: missing });
  } catch (thrown) {
    const trouble = thrown instanceof Error ? thrown.message : 'opening failed';
    return { step: unopenedStep(calls, `calls failed: ${trouble}`), window: null };
  }
  await wait(settleMs);
  const before = await gateway.metrics();
  const seconds: MetricsSnapshot[] = [before];
  const window = await harness.window({
    durationMs: stepMs,
    pids: [gateway.pid],
    everySecond: async () => {
      seconds.push(await gateway.metrics());
    },
  });
  const after = await gateway.metrics();
  seconds.push(after);
  return { step: stepOf({ calls, window, seconds, before, after, machineCoreCount }), window };
}

function stepOf({
  calls,
  window,
  seconds,
  before,
  after,
  machineCoreCount,
}: {
  readonly calls: number;
  readonly window: MeasuredWindow;
  readonly seconds: readonly MetricsSnapshot[];
  readonly before: MetricsSnapshot;
  readonly after: MetricsSnapshot;
  readonly machineCoreCount: number;
}): LoadStep {
  const frameDelayMs = distribution(pooled([window.upMs, window.downMs]));
  const eventLoopDelayMs = histogramBetween(
    { before, after },
    'parley_event_loop_delay_seconds',
    1e3,
  );
  const expected = calls * framesPerSecond;
  const dropped = 'parley_detector_dropped_frames_total';
  const detectorDroppedFrames = after.sum(dropped) - before.sum(dropped);
  const mainCores = rounded(window.cpuMainMs / window.wallMs);
  const { callerCores, upstreamCores, machineCores, otherCores, rssKib, unmarked } = window;
  const [trouble = null] = Object.keys(window.troubles);
  return {
    calls,
    brokenBy: brokenBy(
      {
        calls,
        frameDelayP99Ms: frameDelayMs.p99,
        arrivedShare: Math.min(window.upPerSecond, window.downPerSecond) / expected,
        mainCores,
        callerCores,
        upstreamCores,
        machineCores,
        otherCores,
        eventLoopP99Ms: eventLoopDelayMs.p99,
        detectorDroppedFrames,
        trouble,
      },
      machineCoreCount,
    ),
    frameDelayMs,
    frameDelayUpMs: distribution(window.upMs),
    frameDelayDownMs: distribution(window.downMs),
    cores: rounded(window.cpuAllMs / window.wallMs),
    mainCores,
    eventLoopDelayMs,
    detectorQueueMs: perSecond(seconds, 'parley_detector_queue_seconds_total'),
    detectorDelayMs: perSecond(seconds, 'parley_detector_delay_seconds_total'),
    detectorDroppedFrames,
    rssKib,
    unmarkedFrames: unmarked,
    callerCores: rounded(callerCores),
    upstreamCores: rounded(upstreamCores),
    machineCores: rounded(machineCores),
    otherCores: rounded(otherCores),
    callerLateMs: distribution(window.callerLateMs),
    upstreamLateMs: distribution(window.upstreamLateMs),
  };
}

/** A counter of seconds divided by the frames of the same second, ms a frame. */
function perSecond(seconds: readonly MetricsSnapshot[], name: string): Distribution {
  const frames = 'parley_detector_frames_total';
  const means: number[] = [];
  for (const [index, later] of seconds.entries()) {
    const earlier = seconds[index - 1];
    if (earlier === undefined) continue;
    const count = later.sum(frames) - earlier.sum(frames);
    if (count > 0) means.push(((later.sum(name) - earlier.sum(name)) / count) * 1e3);
  }
  return distribution(means);
}

function unopenedStep(calls: number, why: string): LoadStep {
  const none = distribution([]);
  return {
    calls,
    brokenBy: why,
    frameDelayMs: none,
    frameDelayUpMs: none,
    frameDelayDownMs: none,
    cores: 0,
    mainCores: 0,
    eventLoopDelayMs: none,
    detectorQueueMs: none,
    detectorDelayMs: none,
    detectorDroppedFrames: 0,
    rssKib: 0,
    unmarkedFrames: 0,
    callerCores: 0,
    upstreamCores: 0,
    machineCores: 0,
    otherCores: 0,
    callerLateMs: none,
    upstreamLateMs: none,
  };
}
