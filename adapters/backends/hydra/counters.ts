import type { LineCounters } from '../../shared/line-counters.ts';

/** What the adapter counts over all its sessions; the names of its figures. */
export interface Counters extends LineCounters {
  sessionsOpen: number;
  sessionsTotal: number;
  sessionsFailed: number;
  opensRefused: number;
  /** Sessions that were closed for idleness before they were used, and opened once more. */
  sessionsReopened: number;
  toolsCalled: number;
  /** Events of types that nobody here knows. */
  unknownEvents: number;
  /** Events of responses that are over, cancelled or interrupted. */
  staleEvents: number;
  /** Warnings of the upstream, as of a model that goes away. */
  warnings: number;
  /** Errors after which the session went on. */
  benignErrors: number;
  /** Commands about what this wire has no word for, or that named what nobody knows. */
  commandsUnmatched: number;
  /** Settings that came too late to be honoured; the call refuses them before they come here. */
  settingsIgnored: number;
  /** Caller audio not sent, because the upstream did not read or took too long to open, samples. */
  inputOverflowSamples: number;
  /** Silence sent in place of audio that did not come, samples. */
  silenceSamples: number;
  queueOverflows: number;
  /** Tokens as the upstream counts them, audio and text together. */
  inputTokens: number;
  outputTokens: number;
}

/** Counters before anything happened. */
export function zeroCounters(): Counters {
  return {
    sessionsOpen: 0,
    sessionsTotal: 0,
    sessionsFailed: 0,
    opensRefused: 0,
    sessionsReopened: 0,
    linesStarted: 0,
    linesCompleted: 0,
    linesCancelled: 0,
    linesFailed: 0,
    toolsCalled: 0,
    unknownEvents: 0,
    staleEvents: 0,
    warnings: 0,
    benignErrors: 0,
    commandsUnmatched: 0,
    settingsIgnored: 0,
    inputOverflowSamples: 0,
    silenceSamples: 0,
    queueOverflows: 0,
    inputTokens: 0,
    outputTokens: 0,
  };
}
