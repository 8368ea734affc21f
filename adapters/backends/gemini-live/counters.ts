import type { LineCounters, TokenCounters } from '../../shared/line-counters.ts';

/** What the adapter counts over all its sessions; the names of its figures. */
export interface Counters extends LineCounters, TokenCounters {
  sessionsOpen: number;
  sessionsTotal: number;
  sessionsFailed: number;
  opensRefused: number;
  toolsCalled: number;
  /** Tool calls that came again. */
  toolsRepeated: number;
  /** Tool calls that the upstream took back. */
  toolsCancelled: number;
  /** Connections that took up a session by its handle. */
  resumptions: number;
  /** Connections that began anew and were told what had been said. */
  reseedings: number;
  /** Connections that were lost without notice. */
  connectionsLost: number;
  goAways: number;
  interruptions: number;
  /** Fields of messages that nobody here knows. */
  unknownEvents: number;
  /** Audio, words and ends that belong to no line that lives. */
  staleEvents: number;
  /** Answers that nobody asked for and nobody took. */
  unaskedAnswers: number;
  /** Truncations and deletions, which this upstream has no word for. */
  commandsUnmatched: number;
  /** Seed and context items that have no words the upstream could be told. */
  itemsSkipped: number;
  /** Caller audio not sent, because the upstream did not read or was away too long, samples. */
  inputOverflowSamples: number;
  /** Caller audio that no commit came for in time, samples. */
  inputTrimmedSamples: number;
  queueOverflows: number;
}

/** Counters before anything happened. */
export function zeroCounters(): Counters {
  return {
    sessionsOpen: 0,
    sessionsTotal: 0,
    sessionsFailed: 0,
    opensRefused: 0,
    linesStarted: 0,
    linesCompleted: 0,
    linesCancelled: 0,
    linesFailed: 0,
    toolsCalled: 0,
    toolsRepeated: 0,
    toolsCancelled: 0,
    resumptions: 0,
    reseedings: 0,
    connectionsLost: 0,
    goAways: 0,
    interruptions: 0,
    unknownEvents: 0,
    staleEvents: 0,
    unaskedAnswers: 0,
    commandsUnmatched: 0,
    itemsSkipped: 0,
    inputOverflowSamples: 0,
    inputTrimmedSamples: 0,
    queueOverflows: 0,
    inputTextTokens: 0,
    inputAudioTokens: 0,
    inputCachedTokens: 0,
    outputTextTokens: 0,
    outputAudioTokens: 0,
  };
}
