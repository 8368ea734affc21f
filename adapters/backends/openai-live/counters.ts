/** What the adapter counts over all its sessions; the names of its figures. */
export interface Counters {
  sessionsOpen: number;
  sessionsTotal: number;
  sessionsFailed: number;
  opensRefused: number;
  /** Connections exchanged before their end, and those that took the place of a lost one. */
  rollovers: number;
  reconnects: number;
  /** Time of upstream sessions as it says itself, s. */
  upstreamSeconds: number;
  delegations: number;
  toolsCalled: number;
  /** Context given to the upstream, in pieces, and how many of them it said are in their place. */
  appendsSent: number;
  appendsPlaced: number;
  /** Silence sent because nothing came from the caller, ms. */
  silenceFilledMs: number;
  /** The caller's silence that was left out to make up for what waited, ms. */
  silenceSkippedMs: number;
  /** Caller audio that was not sent, samples. */
  inputDroppedSamples: number;
  /** Events of types that nobody here knows. */
  unknownEvents: number;
  /** Errors after which the session went on. */
  benignErrors: number;
  /** Commands that this wire has no word for. */
  commandsUnmatched: number;
  queueOverflows: number;
  inputTextTokens: number;
  outputTextTokens: number;
}

/** Counters before anything happened. */
export function zeroCounters(): Counters {
  return {
    sessionsOpen: 0,
    sessionsTotal: 0,
    sessionsFailed: 0,
    opensRefused: 0,
    rollovers: 0,
    reconnects: 0,
    upstreamSeconds: 0,
    delegations: 0,
    toolsCalled: 0,
    appendsSent: 0,
    appendsPlaced: 0,
    silenceFilledMs: 0,
    silenceSkippedMs: 0,
    inputDroppedSamples: 0,
    unknownEvents: 0,
    benignErrors: 0,
    commandsUnmatched: 0,
    queueOverflows: 0,
    inputTextTokens: 0,
    outputTextTokens: 0,
  };
}
