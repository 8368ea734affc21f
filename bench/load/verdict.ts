/** What a step of the load showed, as far as the verdict needs it. */
export interface StepFigures {
  readonly calls: number;
  readonly frameDelayP99Ms: number;
  /** Share of the frames that should have arrived which did, in the worse direction. */
  readonly arrivedShare: number;
  readonly mainCores: number;
  readonly callerCores: number;
  readonly upstreamCores: number;
  readonly machineCores: number;
  /** Cores that neither the gateway nor the benchmark used: somebody else's work. */
  readonly otherCores: number;
  readonly eventLoopP99Ms: number;
  readonly detectorDroppedFrames: number;
  /** Complaints of the server, or why the calls could not be opened. */
  readonly trouble: string | null;
}

/** Longest delay of 99 of 100 frames, ms (the budget of docs/benchmarks.md). */
export const frameBudgetMs = 10;
/** Less than this is loss, not the edge of a window. */
const leastArrived = 0.97;
/** A thread that is busy for this share of the time has no reserve. */
const busyShare = 0.85;
/** More than this of somebody else's work is not noise, cores. */
const otherWorkCores = 0.25;

/**
 * Why a step is over the budget, in words; `null` where it keeps it. The harness is accused before
 * the gateway where both could be at fault, since then nothing was learnt about the gateway.
 */
export function brokenBy(step: StepFigures, machineCoreCount: number): string | null {
  if (step.trouble !== null) return `calls failed: ${step.trouble}`;
  const late = step.frameDelayP99Ms > frameBudgetMs;
  const lost = step.arrivedShare < leastArrived;
  const dropped = step.detectorDroppedFrames > 0;
  if (!late && !lost && !dropped) return null;
  const what = late
    ? `frame delay p99 ${step.frameDelayP99Ms.toFixed(1)} ms`
    : lost
      ? `only ${(step.arrivedShare * 100).toFixed(1)} % of the frames arrived`
      : `the detector dropped ${step.detectorDroppedFrames} frames`;
  return `${what}: ${suspect(step, machineCoreCount)}`;
}

function suspect(step: StepFigures, machineCoreCount: number): string {
  const share = (cores: number): string => `${(cores * 100).toFixed(0)} % of a core`;
  const full = step.machineCores >= busyShare * machineCoreCount;
  if (full && step.otherCores > otherWorkCores) {
    return `other work on the machine takes ${step.otherCores.toFixed(2)} cores`;
  }
  if (step.callerCores >= busyShare) {
    return `the caller of the benchmark is at its limit (${share(step.callerCores)})`;
  }
  if (step.upstreamCores >= busyShare) {
    return `the upstream of the benchmark is at its limit (${share(step.upstreamCores)})`;
  }
  if (step.mainCores >= busyShare) {
    return `the gateway's main thread is busy (${share(step.mainCores)})`;
  }
  if (full) {
    const used = `${step.machineCores.toFixed(2)} of ${machineCoreCount} cores in use`;
    return `the machine is busy, the benchmark's own processes included (${used})`;
  }
  if (step.eventLoopP99Ms > frameBudgetMs / 2) {
    return `the gateway's main thread stalls (event loop p99 ${step.eventLoopP99Ms.toFixed(1)} ms)`;
  }
  return 'no resource was short; a stall outside the gateway, such as other work on the machine';
}
