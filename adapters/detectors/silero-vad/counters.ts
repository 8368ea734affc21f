/** What a detector has done since it was made; survives restarts of its thread. */
export interface Counters {
  /** Frames scored. */
  frames: number;
  /** Frames of silence that were not scored, because it could only have been one score. */
  silentFrames: number;
  /** Frames never scored because the queue was full or they had waited too long. */
  droppedFrames: number;
  /** Frames whose score was not a number. */
  invalidFrames: number;
  /** Runs of the graph. */
  batches: number;
  /** Requests to the thread. */
  requests: number;
  /** Time the thread spent, ms: all requests, and the last one. */
  runMsTotal: number;
  runMsLast: number;
  /** From a frame's completion to its request, ms: sum over frames, and the last one. */
  queueMsTotal: number;
  queueMsLast: number;
  /** From a frame's completion to its score on the main thread, ms: sum over frames, last. */
  delayMsTotal: number;
  delayMsLast: number;
  /** Times the thread was lost or gave up. */
  failures: number;
}

export function zeroCounters(): Counters {
  return {
    frames: 0,
    silentFrames: 0,
    droppedFrames: 0,
    invalidFrames: 0,
    batches: 0,
    requests: 0,
    runMsTotal: 0,
    runMsLast: 0,
    queueMsTotal: 0,
    queueMsLast: 0,
    delayMsTotal: 0,
    delayMsLast: 0,
    failures: 0,
  };
}
