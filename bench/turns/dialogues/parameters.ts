import { holdKnots } from './holds.ts';

/**
 * Everything that shapes the dialogues. Frozen with the generator (FROZEN.json): a change here makes
 * other dialogues, whose figures cannot be compared with older ones.
 */
export const generatorParameters = {
  version: 1,
  baseSeed: 20_261_121,
  exchangesPerDialogue: 6,
  /** Levels are relative to this RMS of every fragment. */
  fragmentRms: 0.1,
  /** Fragments are cut where 10 ms of energy lie so far below their peak, dB. */
  trimDb: 40,
  holdKnots,
  /** Kinds of caller turns, except short answers. */
  turnKinds: { held: 0.6, whole: 0.25, resumed: 0.1, falseStart: 0.05 },
  /** Share of held turns with three fragments; the others have two. */
  threeFragments: 0.5,
  /** Pause before a caller goes on after what looked like an end, ms. */
  resumptionMs: { from: 200, to: 700 },
  /** What happens over an agent's turn. */
  overlapKinds: { backchannel: 0.45, interruption: 0.35, cough: 0.1, none: 0.1 },
  /** Overlaps begin so long after the agent began, ms. */
  overlapAfterMs: 1_000,
  /** They begin so long before its end at the latest, ms. */
  backchannelBeforeEndMs: 1_500,
  interruptionBeforeEndMs: 2_000,
  /** Log-normal length of a backchannel: 0.27, 0.44 and 0.73 s at p5, p50 and p95. */
  backchannelMs: { p50: 440, sigma: 0.303 },
  /** One Hann-shaped burst of noise, or two. */
  cough: { burstMs: 120, secondBurst: 0.3, betweenMs: 130, peak: 0.5 },
  /** Share of agent turns that end in a question, and of those that get a short answer. */
  questions: 0.35,
  shortAnswers: 0.6,
  /** Share of short answers that come in the agent's last second, and where they begin, ms. */
  earlyAnswers: 0.5,
  earlyAnswerBeforeEndMs: { from: 100, to: 800 },
  shortAnswerAfterMs: { from: 200, to: 900 },
  /** Silence between the agent's end and the caller's next turn, ms. */
  nextTurnAfterMs: 1_200,
  /** From being asked to the agent's first sample (simulated agent), ms. */
  answerDelayMs: { from: 250, to: 700 },
  /** Noise under the caller: share of dialogues at each signal-to-noise ratio, dB. */
  snrDb: { clean: 0.4, 20: 0.25, 10: 0.2, 5: 0.15 },
  /** Level of a clean line, dBFS. */
  cleanNoiseDbfs: -80,
  /** 300–3,400 Hz at 8 kHz in µ-law. */
  telephone: 0.2,
  /** Share of dialogues in which the microphone hears the agent, and how. */
  echo: {
    share: 0.15,
    delayMs: { from: 60, to: 400 },
    lossDb: { from: 6, to: 20 },
    roomMs: 120,
    reflections: 24,
  },
  /** Share of callers whose turns are recordings of people, where there are any. */
  recordedCallers: 0.25,
  transcript: {
    /** A word is in a partial so long after its end, ms. */
    delayMs: 300,
    /** A pause so long ends an utterance for the recogniser, whose final comes after it, ms. */
    finalAfterMs: 600,
    /** Word errors: two thirds substitutions, a sixth each deletions and insertions. */
    wordErrors: 0.1,
    /** A cough is taken for a word this often. */
    coughWords: 0.1,
    /** A recogniser writes down echoes with less loss than this, dB. */
    hearsEchoBelowLossDb: 14,
  },
  endScores: {
    /** From question to answer, ms. */
    delayMs: 30,
    /** How much a score wavers from one question about a pause to the next, standard deviations. */
    waver: 0.15,
  },
} as const;

export type GeneratorParameters = typeof generatorParameters;
