import type { LineCounters, TokenCounters } from '../../shared/line-counters.ts';

/** What the adapter counts over all its sessions; the names of its figures. */
export interface Counters extends LineCounters, TokenCounters {
  sessionsOpen: number;
  sessionsTotal: number;
  sessionsFailed: number;
  opensRefused: number;
  toolsCalled: number;
  /** Calls of tools that the upstream ran. */
  serverToolsRun: number;
  /** Events of types that nobody here knows. */
  unknownEvents: number;
  /** Events of responses that are over or cancelled. */
  staleEvents: number;
  /** Responses that the upstream began though it was told not to. */
  uninvitedResponses: number;
  /** Connections exchanged before their end, and how many of them in the middle of something. */
  rollovers: number;
  rolloversForced: number;
  /** Errors after which the session went on. */
  benignErrors: number;
  /** Commands that named a line or an item that the upstream was never told of. */
  commandsUnmatched: number;
  /** Seed and context items that have no words the upstream could be told. */
  itemsSkipped: number;
  /** Caller audio not sent, because the upstream did not read, samples. */
  inputOverflowSamples: number;
  /** Caller audio taken back from the upstream's buffer, samples. */
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
    serverToolsRun: 0,
    unknownEvents: 0,
    staleEvents: 0,
    uninvitedResponses: 0,
    rollovers: 0,
    rolloversForced: 0,
    benignErrors: 0,
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
