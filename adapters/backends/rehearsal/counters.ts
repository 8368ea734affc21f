/** What a rehearsal counts over all its sessions; the names of its figures. */
export interface Counters {
  sessionsOpen: number;
  sessionsTotal: number;
  sessionsFailed: number;
  linesStarted: number;
  linesCompleted: number;
  linesCancelled: number;
  linesRefused: number;
  toolsCalled: number;
  inputSamples: number;
  /** Commands that named a line or an item it does not know. */
  commandsUnmatched: number;
  contextForgotten: number;
  queueOverflows: number;
}

export function zeroCounters(): Counters {
  return {
    sessionsOpen: 0,
    sessionsTotal: 0,
    sessionsFailed: 0,
    linesStarted: 0,
    linesCompleted: 0,
    linesCancelled: 0,
    linesRefused: 0,
    toolsCalled: 0,
    inputSamples: 0,
    commandsUnmatched: 0,
    contextForgotten: 0,
    queueOverflows: 0,
  };
}
