/**
 * What a detector has done since it was made; survives restarts of its thread. Every ask ends in
 * one of `answers`, `supersededAsks`, `lateAsks`, `emptyAsks`, `invalidScores`, `abandonedAsks`.
 */
export interface Counters {
  asks: number;
  answers: number;
  /** A newer ask of the same stream came before its turn. */
  supersededAsks: number;
  /** Not answered in time: waited too long, or the thread took too long. */
  lateAsks: number;
  /** There was not even 10 ms of audio to judge. */
  emptyAsks: number;
  /** The graph gave something that is not a number from 0 to 1. */
  invalidScores: number;
  /** The stream was reset or closed, or the thread lost, before the answer. */
  abandonedAsks: number;
  /** Samples that waited for the thread until they were too old to be heard. */
  droppedSamples: number;
  /** Requests to the thread. */
  requests: number;
  /** Time the thread spent taking audio in, ms: all requests, and the last one with a question. */
  audioMsTotal: number;
  audioMsLast: number;
  /** Time the thread spent on questions, ms: sum, and the last one. */
  scoreMsTotal: number;
  scoreMsLast: number;
  /** From an ask to its score on the main thread, ms: sum over answers, the last, the longest. */
  delayMsTotal: number;
  delayMsLast: number;
  delayMsMax: number;
  /** Times the thread was lost or gave up. */
  failures: number;
}

export function zeroCounters(): Counters {
  return {
    asks: 0,
    answers: 0,
    supersededAsks: 0,
    lateAsks: 0,
    emptyAsks: 0,
    invalidScores: 0,
    abandonedAsks: 0,
    droppedSamples: 0,
    requests: 0,
    audioMsTotal: 0,
    audioMsLast: 0,
    scoreMsTotal: 0,
    scoreMsLast: 0,
    delayMsTotal: 0,
    delayMsLast: 0,
    delayMsMax: 0,
    failures: 0,
  };
}
