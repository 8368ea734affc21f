import type { LineCounters, TokenCounters } from '../../shared/line-counters.ts';

/** What a cascade counts over all its sessions; the names of its figures. */
export interface Counters extends LineCounters, TokenCounters {
  sessionsOpen: number;
  sessionsTotal: number;
  sessionsFailed: number;
  opensRefused: number;
  queueOverflows: number;
  /** Commands that named a line, item or speculation nobody knows. */
  commandsUnmatched: number;
  toolsCalled: number;
  /** Answers begun in a pause, and what became of them. */
  speculationsStarted: number;
  speculationsAdopted: number;
  speculationsDropped: number;
  /** Adopted, but begun on something else than what was said: begun again. */
  speculationsRestarted: number;
  /** Earlier first outputs, summed over adopted speculations, ms. */
  speculationSavedMs: number;
  /** Answers begun on the newest partial text while the last word on it was awaited. */
  presumptionsStarted: number;
  presumptionsKept: number;
  presumptionsRestarted: number;
  presumptionSavedMs: number;
  /** Output tokens of answers that nobody got; a quarter of the characters where nobody counted. */
  tokensWasted: number;
  /** Held answers that became too long to hold and were begun again. */
  answersOutgrown: number;
  /** Turns in which nothing was said: no answer. */
  turnsEmpty: number;
  /** Turns whose last word did not come in time. */
  finalsOverdue: number;
  /** Turns that lost their recogniser before its last word. */
  finalsLost: number;
  recognisedAudioMs: number;
  /** Caller audio that came while there was no recogniser, samples. */
  inputDroppedSamples: number;
  recogniserLost: number;
  recogniserReopened: number;
  voiceLost: number;
  voiceReopened: number;
  modelFailures: number;
  speechFailures: number;
  /** Entries of the conversation that the model is no longer shown. */
  historyForgotten: number;
  /** Tool outputs whose call is not in the conversation: not shown to the model. */
  outputsUnmatched: number;
  /** Written things that are not said: code, ruled lines, emoji, links' addresses, unknown styles. */
  textDropped: number;
  phrasesCached: number;
  phrasesPlayed: number;
  phraseBytes: number;
  /** Phrases that could not be synthesised, or did not fit. */
  phrasesFailed: number;
}

export function zeroCounters(): Counters {
  return {
    linesStarted: 0,
    linesCompleted: 0,
    linesCancelled: 0,
    linesFailed: 0,
    sessionsOpen: 0,
    sessionsTotal: 0,
    sessionsFailed: 0,
    opensRefused: 0,
    queueOverflows: 0,
    commandsUnmatched: 0,
    toolsCalled: 0,
    inputTextTokens: 0,
    inputAudioTokens: 0,
    inputCachedTokens: 0,
    outputTextTokens: 0,
    outputAudioTokens: 0,
    speculationsStarted: 0,
    speculationsAdopted: 0,
    speculationsDropped: 0,
    speculationsRestarted: 0,
    speculationSavedMs: 0,
    presumptionsStarted: 0,
    presumptionsKept: 0,
    presumptionsRestarted: 0,
    presumptionSavedMs: 0,
    tokensWasted: 0,
    answersOutgrown: 0,
    turnsEmpty: 0,
    finalsOverdue: 0,
    finalsLost: 0,
    recognisedAudioMs: 0,
    inputDroppedSamples: 0,
    recogniserLost: 0,
    recogniserReopened: 0,
    voiceLost: 0,
    voiceReopened: 0,
    modelFailures: 0,
    speechFailures: 0,
    historyForgotten: 0,
    outputsUnmatched: 0,
    textDropped: 0,
    phrasesCached: 0,
    phrasesPlayed: 0,
    phraseBytes: 0,
    phrasesFailed: 0,
  };
}
