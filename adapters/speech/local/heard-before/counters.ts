/** What a recogniser of known recordings has done since it was made. */
export interface HeardBeforeCounters {
  sessionsOpened: number;
  pushes: number;
  /** Time on the main thread, ms: all pushes, and the longest. */
  pushMsTotal: number;
  pushMsMax: number;
  /** Audio that came in too large a piece to be live. */
  droppedSamples: number;
  partials: number;
  finals: number;
  /** Finals with words. */
  recognisedFinals: number;
}

export function zeroHeardBeforeCounters(): HeardBeforeCounters {
  return {
    sessionsOpened: 0,
    pushes: 0,
    pushMsTotal: 0,
    pushMsMax: 0,
    droppedSamples: 0,
    partials: 0,
    finals: 0,
    recognisedFinals: 0,
  };
}
