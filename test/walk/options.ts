import { defaultTurnOptions, defaultTurnTimes, turnProfiles } from '../../src/turn/options.ts';
import type { TurnAuthority } from '../../src/ports/backend.ts';
import type { TurnOptions, TurnProfile, TurnTimes } from '../../src/turn/options.ts';

/** Length of a detector frame and of a piece of agent audio in the walk, ms. */
export const quantumMs = 100;

/** The rules' times in steps of the walk: few enough that a dozen inputs pass through all of them. */
const times: TurnTimes = {
  ...defaultTurnTimes,
  onsetMs: 100,
  idleOnsetMs: 100,
  noInputMs: 300,
  holdMs: 200,
  yieldMs: 300,
  yieldUnheardMs: 400,
  oneWordMs: 200,
  continueMs: 200,
  resumeMs: 200,
  lingerMs: 200,
  judgeMs: 600,
  tailMs: 100,
  questionMs: 200,
  retractMs: 300,
  retractHeardMs: 100,
  clearMs: 100,
  echoTailMs: 100,
  proofMs: 100,
  longestTurnMs: 800,
  firstQueryMs: 100,
  nextQueryMs: 100,
  stableMs: 100,
  speculateSilenceMs: 100,
  speculationLimit: 1,
  speculateWithinMs: 600,
  fillerMs: 200,
  fillerAgainMs: 300,
  fillerLimit: 1,
  awayMs: 800,
  agentSlowMs: 400,
  digitsMs: 300,
};

/** A profile whose wait the caller's pauses do not move: their mean is a real number. */
const profile: TurnProfile = {
  usualMs: 300,
  leastMs: 300,
  mostMs: 300,
  pauseGain: 0,
  bar: [
    { silenceMs: 100, score: 0.9 },
    { silenceMs: 300, score: 0.5 },
  ],
  timeoutMs: 400,
};

const base = {
  ...defaultTurnOptions,
  times,
  profiles: { ...turnProfiles, balanced: profile },
  senses: { partials: true, endOfTurn: false },
} as const;

/** Silence ends a turn; idle prompts and fillers are wanted. */
export function bySilence(authority: TurnAuthority): TurnOptions {
  return {
    ...base,
    authority,
    detection: {
      kind: 'server_vad',
      threshold: 0.5,
      prefixPaddingMs: 100,
      silenceDurationMs: 200,
      createResponse: true,
      interruptResponse: true,
      idleTimeoutMs: 500,
    },
    fillers: true,
  };
}

/** Scores and words end a turn; answers are begun early and kept from jumping in. */
export function byMeaning(authority: TurnAuthority): TurnOptions {
  return {
    ...base,
    authority,
    detection: {
      kind: 'semantic_vad',
      eagerness: 'auto',
      createResponse: true,
      interruptResponse: true,
    },
    senses: { partials: true, endOfTurn: true },
    speculation: true,
    minResponseDelayMs: 400,
  };
}
