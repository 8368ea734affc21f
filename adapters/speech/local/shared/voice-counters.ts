/** What a voice has done since it was made; survives restarts of its thread. */
export interface VoiceCounters {
  utterances: number;
  cancelledUtterances: number;
  failedUtterances: number;
  pieces: number;
  /** Pieces that were refused because too many waited. */
  overflowedPieces: number;
  /** Audio that came for a piece that nobody wanted any more, bytes. */
  staleBytes: number;
  /** Time the thread spent on pieces, ms: sum, and the last one. */
  synthesisMsTotal: number;
  synthesisMsLast: number;
  /** Length of what they gave, ms. */
  audioMsTotal: number;
  /** From `say` to a piece's first audio on the main thread, ms: sum, the last, the longest. */
  firstAudios: number;
  firstAudioMsTotal: number;
  firstAudioMsLast: number;
  firstAudioMsMax: number;
}

export function zeroVoiceCounters(): VoiceCounters {
  return {
    utterances: 0,
    cancelledUtterances: 0,
    failedUtterances: 0,
    pieces: 0,
    overflowedPieces: 0,
    staleBytes: 0,
    synthesisMsTotal: 0,
    synthesisMsLast: 0,
    audioMsTotal: 0,
    firstAudios: 0,
    firstAudioMsTotal: 0,
    firstAudioMsLast: 0,
    firstAudioMsMax: 0,
  };
}
