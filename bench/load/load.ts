import { emptyDistribution, rounded, type Distribution } from '../lib/distribution.ts';
import { Harness } from '../lib/harness.ts';
import type { BenchResult } from '../lib/report.ts';
import { cumulative, type Chart } from '../lib/svg.ts';
import { pooled } from '../lib/distribution.ts';
import { modelSteps, type ModelStep } from './model.ts';
import { ramp, type Detection, type LoadStep, type MeasuredStep, type Ramp } from './steps.ts';
import { frameBudgetMs } from './verdict.ts';

export interface LoadOptions {
  readonly detections: readonly Detection[];
  readonly steps: readonly number[];
  readonly stepMs: number;
  /**
   * How long the best step is held again on a new gateway, for the figures of the summary: buffers
   * fill (15 s of caller audio) and chance evens out. 0 takes them from the step itself.
   */
  readonly holdMs: number;
  /** Numbers of calls to the bundled model; none leaves it out. */
  readonly modelSteps: readonly number[];
  readonly modelStepMs: number;
  readonly machineCoreCount: number;
  readonly profileFolder: string | null;
  readonly progress: (line: string) => void;
}

/** Answers of 10 s, one after the other: as long as what an agent says. */
const lineFrames = 500;
const warmUp = { calls: 30, durationMs: 1_500 };

interface Finding {
  readonly ramp: Ramp;
  /** The most calls that kept the budget, held; `null` where no step did. */
  readonly best: MeasuredStep | null;
  readonly idleRssKib: number;
}

/**
 * How many calls a gateway carries: real-time audio both ways through a hosted stand-in, more calls
 * step by step, judged by the delay of frames at the caller and at the upstream.
 */
export async function runLoad(options: LoadOptions): Promise<BenchResult> {
  const harness = await Harness.start(lineFrames);
  try {
    const findings: Partial<Record<Detection, Finding>> = {};
    for (const detection of options.detections) {
      findings[detection] = await find(harness, detection, options);
    }
    const models =
      options.modelSteps.length === 0
        ? []
        : await modelSteps({
            harness,
            steps: options.modelSteps,
            stepMs: options.modelStepMs,
            progress: options.progress,
          });
    return resultOf(options, findings, models);
  } finally {
    await harness.end();
  }
}

async function find(
  harness: Harness,
  detection: Detection,
  options: LoadOptions,
): Promise<Finding> {
  const { machineCoreCount, profileFolder, progress, stepMs, holdMs } = options;
  const common = { harness, detection, warmUp, machineCoreCount, profileFolder, progress };
  const first = await ramp({ ...common, steps: options.steps, stepMs });
  const best = first.steps.findLast(({ step }) => step.brokenBy === null) ?? null;
  if (best === null || holdMs === 0) return { ramp: first, best, idleRssKib: first.idleRssKib };
  progress(`holding ${best.step.calls} calls for ${holdMs / 1000} s`);
  const again = await ramp({ ...common, steps: [best.step.calls], stepMs: holdMs });
  const [held] = again.steps;
  return { ramp: first, best: held ?? best, idleRssKib: again.idleRssKib };
}

function resultOf(
  options: LoadOptions,
  findings: Partial<Record<Detection, Finding>>,
  models: readonly ModelStep[],
): BenchResult {
  const main = findings.off ?? findings.on;
  const listening = findings.on;
  const alone = models.find(({ calls }) => calls === 1);
  const batched = models.findLast(
    ({ deadlineMisses, refused, calls }) => deadlineMisses === 0 && refused === null && calls > 1,
  );
  const largestModel = models.findLast(({ refused }) => refused === null);
  return {
    bench: 'load',
    config: {
      detections: options.detections,
      steps: options.steps,
      stepMs: options.stepMs,
      holdMs: options.holdMs,
      frameBudgetMs,
      frameMs: 20,
      answerMs: lineFrames * 20,
      audio: 'pcm16 24 kHz, 20 ms a message, both ways, real time',
      topLevelFigures: `detection ${findings.off === undefined ? 'on' : 'off'}`,
      detectorQueueMs: 'mean of each second, detection on',
      eventLoopDelayMs: 'from the buckets of /metrics',
      processes: 'caller, upstream and gateway share the cores of one machine',
    },
    summary: {
      ...(main === undefined ? noFigures : figuresOf(main)),
      detectorQueueMs: queueOf(listening),
      ...(listening === undefined || listening === main
        ? {}
        : { detectionOn: figuresOf(listening) }),
      deadlineMisses: largestModel?.deadlineMisses ?? 0,
      modelFrameMs: { alone: alone?.batchMs ?? null, batched: batched?.frameMs ?? null },
      model: models,
      steps: Object.fromEntries(
        Object.entries(findings).map(
          ([
            detection,
            {
              ramp: { steps },
            },
          ]) => [detection, steps.map(({ step }) => step)],
        ),
      ),
    },
    samples: Object.fromEntries(
      Object.entries(findings).map(
        ([
          detection,
          {
            ramp: { steps },
            best,
          },
        ]) => [
          detection,
          { steps: steps.map(samplesOf), best: best === null ? null : samplesOf(best) },
        ],
      ),
    ),
    charts: chartsOf(findings, models),
  };
}

const noFigures = {
  calls: 0,
  callsPerCore: 0,
  frameDelayMs: emptyDistribution,
  eventLoopDelayMs: emptyDistribution,
  rssPerCallKiB: null,
  brokenAt: null,
  brokenBy: null,
} as const;

/** Figures at the most calls that kept the budget. */
function figuresOf({
  ramp: { steps },
  best,
  idleRssKib,
}: Finding): Readonly<Record<string, unknown>> {
  const broken = steps.find(({ step }) => step.brokenBy !== null)?.step;
  const verdict = { brokenAt: broken?.calls ?? null, brokenBy: broken?.brokenBy ?? null };
  if (best === null) return { ...noFigures, ...verdict };
  const { step } = best;
  return {
    calls: step.calls,
    callsPerCore: rounded(step.calls / step.cores),
    callsPerMainCore: rounded(step.calls / step.mainCores),
    frameDelayMs: step.frameDelayMs,
    eventLoopDelayMs: step.eventLoopDelayMs,
    rssPerCallKiB: rounded((step.rssKib - idleRssKib) / step.calls),
    ...verdict,
    held: step,
  };
}

function queueOf(finding: Finding | undefined): Distribution {
  return finding?.best?.step.detectorQueueMs ?? emptyDistribution;
}

function samplesOf({ step, window }: MeasuredStep): Readonly<Record<string, unknown>> {
  return { calls: step.calls, upMs: window?.upMs ?? [], downMs: window?.downMs ?? [] };
}

function chartsOf(
  findings: Partial<Record<Detection, Finding>>,
  models: readonly ModelStep[],
): readonly Chart[] {
  const found = Object.entries(findings) as [Detection, Finding][];
  const curve = (value: (step: LoadStep) => number, label: string): Chart['series'] =>
    found.map(
      ([
        detection,
        {
          ramp: { steps },
        },
      ]) => ({
        name: `${label} ${detection}`,
        points: steps.map(({ step }) => [step.calls, value(step)] as const),
      }),
    );
  return [
    {
      title: 'Frame delay',
      xLabel: 'calls',
      yLabel: 'ms',
      yBudget: frameBudgetMs,
      series: [
        ...curve(({ frameDelayMs }) => frameDelayMs.p50, 'p50'),
        ...curve(({ frameDelayMs }) => frameDelayMs.p99, 'p99'),
      ],
    },
    {
      title: 'Cores in use',
      xLabel: 'calls',
      yLabel: 'cores',
      series: [
        ...curve(({ cores }) => cores, 'gateway'),
        ...curve(({ callerCores, upstreamCores }) => callerCores + upstreamCores, 'harness'),
      ],
    },
    {
      title: 'Memory of the gateway',
      xLabel: 'calls',
      yLabel: 'MiB',
      series: curve(({ rssKib }) => rssKib / 1024, 'detection'),
    },
    {
      title: 'Frames under way at the most calls within the budget',
      xLabel: 'delay of a frame, ms (both directions)',
      yLabel: 'share of frames',
      logX: true,
      series: found.map(([detection, { best }]) => ({
        name: `detection ${detection}`,
        points: cumulative(pooled([best?.window?.upMs ?? [], best?.window?.downMs ?? []])),
      })),
    },
    {
      title: 'Bundled model: one frame in a batch',
      xLabel: 'calls',
      yLabel: 'ms',
      series: [
        { name: 'a frame', points: models.map(({ calls, frameMs }) => [calls, frameMs] as const) },
        { name: 'a batch', points: models.map(({ calls, batchMs }) => [calls, batchMs] as const) },
      ],
    },
  ];
}
