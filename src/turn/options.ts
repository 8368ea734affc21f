import type { Eagerness, TurnDetection } from '../ports/settings.ts';
import type { TurnAuthority } from '../ports/backend.ts';

export type TurnProfileName = 'fast' | 'balanced' | 'patient';

/** How long a profile waits, ms of silence; rules T30 to T33. */
export interface TurnProfile {
  /** For a caller who pauses as callers do, where nothing else judges. */
  readonly usualMs: number;
  /** Least and most that this caller's own pauses can make of it. */
  readonly leastMs: number;
  readonly mostMs: number;
  /** How much longer (times) for a caller whose mean pause is so much longer than the usual one. */
  readonly pauseGain: number;
  /** The bar for end-of-turn scores at a silence; falls linearly between the points. */
  readonly bar: readonly { readonly silenceMs: number; readonly score: number }[];
  /** Longest wait for a caller whose turn is judged unfinished. */
  readonly timeoutMs: number;
}

/** Starting points of the field's practice; `docs/turns.md` says what the benchmark made of them. */
export const turnProfiles: Readonly<Record<TurnProfileName, TurnProfile>> = {
  fast: {
    usualMs: 450,
    leastMs: 350,
    mostMs: 900,
    pauseGain: 0.7,
    bar: [
      { silenceMs: 200, score: 0.85 },
      { silenceMs: 400, score: 0.5 },
      { silenceMs: 700, score: 0.2 },
    ],
    timeoutMs: 1000,
  },
  balanced: {
    usualMs: 700,
    leastMs: 500,
    mostMs: 1400,
    pauseGain: 1,
    bar: [
      { silenceMs: 200, score: 0.92 },
      { silenceMs: 400, score: 0.7 },
      { silenceMs: 800, score: 0.35 },
      { silenceMs: 1400, score: 0 },
    ],
    timeoutMs: 2000,
  },
  patient: {
    usualMs: 1000,
    leastMs: 800,
    mostMs: 2200,
    pauseGain: 1.3,
    bar: [
      { silenceMs: 200, score: 0.97 },
      { silenceMs: 500, score: 0.85 },
      { silenceMs: 1000, score: 0.5 },
      { silenceMs: 1800, score: 0 },
    ],
    timeoutMs: 3000,
  },
};

/** OpenAI's eagerness in profiles. The longest waits stay inside its documented 8, 4 and 2 s. */
export const profileOfEagerness: Readonly<Record<Eagerness, TurnProfileName>> = {
  low: 'patient',
  medium: 'balanced',
  high: 'fast',
  auto: 'balanced',
};

/** Times that every profile shares, ms unless said otherwise. */
export interface TurnTimes {
  /** Speech that makes an onset while the agent is heard. */
  readonly onsetMs: number;
  /** The same while the agent is silent. */
  readonly idleOnsetMs: number;
  /** Detector silence on the wire after which a speaking caller counts as stopped. */
  readonly noInputMs: number;
  /** How far the agent is lowered under caller speech, dB. */
  readonly duckDb: number;
  /** Speech over the agent after which it is held. */
  readonly holdMs: number;
  /** Speech over the agent that is an interruption where no transcript can come. */
  readonly yieldMs: number;
  /** The same where one can: words decide before. */
  readonly yieldUnheardMs: number;
  /** Speech at which a single word that is no backchannel suffices. */
  readonly oneWordMs: number;
  /** Speech that goes on with a turn whose answer has not been heard. */
  readonly continueMs: number;
  /** Silence after which speech over the agent is over, and the agent goes on. */
  readonly resumeMs: number;
  /** How long after that words may still make an interruption of it. */
  readonly lingerMs: number;
  /** Longest time in which speech over the agent is judged: sounds that are neither speech nor silence. */
  readonly judgeMs: number;
  /** The end of a line in which short words are answers. */
  readonly tailMs: number;
  /** The end of a line that ends in a question, in which that has been asked. */
  readonly questionMs: number;
  /** Longest after a commit that going on retracts the turn. */
  readonly retractMs: number;
  /** Most of an answer that may have been given away for a retraction. */
  readonly retractHeardMs: number;
  /** Agent sound without anything like speech coming back, after which speech over it is believed. */
  readonly clearMs: number;
  /** Longest way of the agent's sound from the ear to the microphone and to the detector. */
  readonly echoTailMs: number;
  /** Speech after that which proves a caller. */
  readonly proofMs: number;
  /** Longest turn. */
  readonly longestTurnMs: number;
  /** Silence of a score's first query, and between queries. */
  readonly firstQueryMs: number;
  readonly nextQueryMs: number;
  /** A transcript that stands still for this long may be answered before the turn is over. */
  readonly stableMs: number;
  /** … in a silence of this length, or with a score of this. */
  readonly speculateSilenceMs: number;
  readonly speculateScore: number;
  /** Speculations in one turn (a count). */
  readonly speculationLimit: number;
  /** Longest turn that is speculated on. */
  readonly speculateWithinMs: number;
  /** Agent silence under a tool before the first filler, and before the next. */
  readonly fillerMs: number;
  readonly fillerAgainMs: number;
  /** Fillers in one wait (a count). */
  readonly fillerLimit: number;
  /** Silence of both after which the caller counts as gone. */
  readonly awayMs: number;
  /** Wait for an answer's first audio before the watchdog speaks. */
  readonly agentSlowMs: number;
  /** Time after the last key of a telephone that ends the input. */
  readonly digitsMs: number;
}

/**
 * Defaults of facts and of `parley bench turns`. Onsets: 117 ms p50 at 96 ms on Silero v6. A
 * duration rule alone commits on one backchannel in five at 600 ms.
 */
export const defaultTurnTimes: TurnTimes = {
  onsetMs: 64,
  idleOnsetMs: 64,
  noInputMs: 1000,
  duckDb: -18,
  holdMs: 250,
  yieldMs: 700,
  yieldUnheardMs: 1400,
  oneWordMs: 450,
  continueMs: 256,
  resumeMs: 200,
  lingerMs: 500,
  judgeMs: 5000,
  tailMs: 1000,
  questionMs: 1500,
  retractMs: 700,
  retractHeardMs: 300,
  clearMs: 1500,
  echoTailMs: 500,
  proofMs: 96,
  longestTurnMs: 60_000,
  firstQueryMs: 200,
  nextQueryMs: 100,
  stableMs: 150,
  speculateSilenceMs: 160,
  speculateScore: 0.3,
  speculationLimit: 3,
  speculateWithinMs: 10_000,
  fillerMs: 900,
  fillerAgainMs: 6000,
  fillerLimit: 2,
  awayMs: 15_000,
  agentSlowMs: 3000,
  digitsMs: 2000,
};

/** What else hears the caller, besides the detector. */
export interface TurnSenses {
  /** Transcripts come while the caller speaks. */
  readonly partials: boolean;
  /** An end-of-turn model answers queries. */
  readonly endOfTurn: boolean;
}

/** What the rules are set to. */
export interface TurnOptions {
  readonly authority: TurnAuthority;
  readonly detection: TurnDetection;
  readonly senses: TurnSenses;
  readonly times: TurnTimes;
  readonly profiles: Readonly<Record<TurnProfileName, TurnProfile>>;
  /** The backend can begin answers that may be dropped. */
  readonly speculation: boolean;
  /** Something is said while tools run. */
  readonly fillers: boolean;
  /** Least time from the caller's last word to the answer's first, ms; 0 = as soon as it comes. */
  readonly minResponseDelayMs: number;
  /** The caller is not listened to while the agent sounds: the last resort against echo. */
  readonly halfDuplex: boolean;
}

/** Options of a call that says nothing special. */
export const defaultTurnOptions: Omit<TurnOptions, 'authority' | 'detection'> = {
  senses: { partials: false, endOfTurn: false },
  times: defaultTurnTimes,
  profiles: turnProfiles,
  speculation: false,
  fillers: false,
  minResponseDelayMs: 0,
  halfDuplex: false,
};

/** Options under which there is a detector to listen to. */
export type ListeningOptions = TurnOptions & { readonly detection: NonNullable<TurnDetection> };

/** Speech threshold and padding where the wire does not set them (OpenAI's own defaults). */
const judgedListening = { threshold: 0.5, prefixPaddingMs: 300 } as const;

/** What makes a frame speech, and how much before the onset belongs to it. */
export function listening(detection: NonNullable<TurnDetection>): {
  readonly threshold: number;
  readonly prefixPaddingMs: number;
} {
  return detection.kind === 'server_vad' ? detection : judgedListening;
}
