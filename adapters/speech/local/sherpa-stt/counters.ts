/** What a recogniser has done since it was made; survives restarts of its thread. */
export interface RecogniserCounters {
  sessionsOpened: number;
  finishes: number;
  finals: number;
  /** Finals that came too late, and were told from the last partial instead. */
  lateFinals: number;
  partials: number;
  /** Samples that waited for the thread until they were too old. */
  droppedSamples: number;
  /** Events that a reader was too slow for. */
  droppedEvents: number;
  requests: number;
  /** Audio that went to the thread, ms. */
  audioMsTotal: number;
  /** Time the thread spent on it, ms: sum, the last request, the longest. */
  decodeMsTotal: number;
  decodeMsLast: number;
  decodeMsMax: number;
  /** Runs of the graph, over streams; and streams in the largest batch. */
  runs: number;
  largestBatch: number;
  /** From `finish` to its final, ms: sum over finals, and the last. */
  finishMsTotal: number;
  finishMsLast: number;
}

export function zeroRecogniserCounters(): RecogniserCounters {
  return {
    sessionsOpened: 0,
    finishes: 0,
    finals: 0,
    lateFinals: 0,
    partials: 0,
    droppedSamples: 0,
    droppedEvents: 0,
    requests: 0,
    audioMsTotal: 0,
    decodeMsTotal: 0,
    decodeMsLast: 0,
    decodeMsMax: 0,
    runs: 0,
    largestBatch: 0,
    finishMsTotal: 0,
    finishMsLast: 0,
  };
}
