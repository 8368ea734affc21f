/** What every voice over a WebSocket counts over all its sessions; names of its figures. */
export interface VoiceCounters {
  sessionsOpen: number;
  sessionsTotal: number;
  /** Sessions whose connection could not be had again. */
  sessionsLost: number;
  opensRefused: number;
  connectionsOpened: number;
  connectionsLost: number;
  /** Connections exchanged before the upstream closes them, or because they were of no more use. */
  connectionsRenewed: number;
  /** Connections that stood ready when one was needed. */
  sparesUsed: number;
  utterancesStarted: number;
  utterancesDone: number;
  utterancesCancelled: number;
  utterancesFailed: number;
  /** Utterances begun once more on another connection, because nothing of them had sounded. */
  utterancesRespoken: number;
  /** What was sent to be spoken, UTF-16 code units; what was sent twice counts twice. */
  charactersSent: number;
  audioSamples: number;
  /** Messages about utterances that are over. */
  staleMessages: number;
  /** Messages of types that nobody here knows. */
  unknownMessages: number;
  warnings: number;
  keepAlives: number;
  /** Odd bytes of audio that belonged to no sample. */
  bytesDropped: number;
  stalls: number;
  queueOverflows: number;
}

/** Counters before anything happened. */
export function zeroCounters(): VoiceCounters {
  return {
    sessionsOpen: 0,
    sessionsTotal: 0,
    sessionsLost: 0,
    opensRefused: 0,
    connectionsOpened: 0,
    connectionsLost: 0,
    connectionsRenewed: 0,
    sparesUsed: 0,
    utterancesStarted: 0,
    utterancesDone: 0,
    utterancesCancelled: 0,
    utterancesFailed: 0,
    utterancesRespoken: 0,
    charactersSent: 0,
    audioSamples: 0,
    staleMessages: 0,
    unknownMessages: 0,
    warnings: 0,
    keepAlives: 0,
    bytesDropped: 0,
    stalls: 0,
    queueOverflows: 0,
  };
}
