/** A synthetic voice of one of the engines. */
export interface SyntheticVoice {
  readonly engine: 'flite' | 'espeak-ng';
  readonly voice: string;
}

/** A stretch of caller speech without a pause. */
export interface Fragment {
  readonly text: string;
  /**
   * For callers that are recordings of people: which one, modulo how many there are. Without
   * recordings, and where this is `null`, the caller's synthetic voice says `text`.
   */
  readonly recording: number | null;
  /** Length aimed at by speaking faster or slower, ms; `null`: as the voice speaks. */
  readonly targetMs: number | null;
  /** Silence before the next fragment. */
  readonly gap: Gap | null;
}

/** `hold`: a pause inside a turn. `resumption`: what looked like an end, and was none. */
export interface Gap {
  readonly kind: 'hold' | 'resumption';
  readonly lengthMs: number;
}

export interface CallerTurn {
  readonly kind: 'held' | 'whole' | 'resumed' | 'falseStart' | 'short';
  readonly fragments: readonly Fragment[];
  /**
   * Start relative to the agent's heard end, ms; negative: in its last second. The dialogue's first
   * turn begins so long after the call.
   */
  readonly afterAgentMs: number;
}

/** What the caller does while the agent speaks. `place` 0–1 lies between the earliest and latest start. */
export type Overlap =
  | { readonly kind: 'none' }
  | { readonly kind: 'cough'; readonly place: number; readonly bursts: number }
  | {
      readonly kind: 'backchannel' | 'interruption';
      readonly place: number;
      readonly fragment: Fragment;
    };

export interface AgentTurn {
  readonly text: string;
  readonly question: boolean;
  /** From being asked to the first sample, where the agent is simulated, ms. */
  readonly answerDelayMs: number;
  readonly overlap: Overlap;
  /** What it says once it was interrupted. */
  readonly reply: string;
}

export interface Exchange {
  readonly turn: CallerTurn;
  readonly agent: AgentTurn;
}

/** How the microphone hears the agent. */
export interface EchoPath {
  readonly delayMs: number;
  readonly lossDb: number;
}

export interface CallerLine {
  /** Signal-to-noise ratio, dB; `null`: a clean line. */
  readonly snrDb: number | null;
  readonly telephone: boolean;
  readonly echo: EchoPath | null;
}

/** A dialogue before it happens: what both sides will do, as far as it does not depend on the other. */
export interface DialogueScript {
  readonly index: number;
  readonly seed: number;
  readonly callerVoice: SyntheticVoice;
  /** Whether turns are recordings of people, where there are any. */
  readonly recorded: boolean;
  readonly agentVoice: SyntheticVoice;
  readonly line: CallerLine;
  readonly exchanges: readonly Exchange[];
}
