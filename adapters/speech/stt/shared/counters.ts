/** What every recogniser counts; names of its figures. */
export interface SttCounters {
  sessionsOpen: number;
  sessionsTotal: number;
  opensRefused: number;
  connectionsLost: number;
  connectionsExchanged: number;
  finals: number;
  finalsIncomplete: number;
  partials: number;
  /** Audio over all sessions, ms: given to the upstream, given again, not taken, out of reach. */
  audioSentMs: number;
  audioRepeatedMs: number;
  audioDroppedMs: number;
  audioLostMs: number;
  /** Settled words that came twice, and words that came after their final. */
  segmentsRepeated: number;
  segmentsLate: number;
  keepAlives: number;
  warnings: number;
  eventsUnknown: number;
  eventsOverflowed: number;
}

export function zeroSttCounters(): SttCounters {
  return {
    sessionsOpen: 0,
    sessionsTotal: 0,
    opensRefused: 0,
    connectionsLost: 0,
    connectionsExchanged: 0,
    finals: 0,
    finalsIncomplete: 0,
    partials: 0,
    audioSentMs: 0,
    audioRepeatedMs: 0,
    audioDroppedMs: 0,
    audioLostMs: 0,
    segmentsRepeated: 0,
    segmentsLate: 0,
    keepAlives: 0,
    warnings: 0,
    eventsUnknown: 0,
    eventsOverflowed: 0,
  };
}
