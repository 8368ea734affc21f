/** Kinds of personal numbers and addresses that are recognised by their own rules and checksums. */
export const namedPatterns = ['card', 'iban', 'us-ssn', 'phone', 'email'] as const;

export type NamedPattern = (typeof namedPatterns)[number];

/** Something that is looked for in text. `name` is shown with every hit. */
export type TextRule =
  /** Whole words, however they are written; a `*` at the end takes any ending. */
  | { readonly kind: 'phrases'; readonly name: string; readonly phrases: readonly string[] }
  | { readonly kind: 'pattern'; readonly name: string; readonly pattern: NamedPattern }
  /** An expression of the linear kind: see docs/gate.md. */
  | { readonly kind: 'regex'; readonly name: string; readonly source: string };

export type GateRule =
  | TextRule
  /** Nothing may be said in any other language: primary subtags, such as `en`. */
  | { readonly kind: 'languages'; readonly name: string; readonly languages: readonly string[] };

/**
 * What is done about a hit. All of them stop the line before it; `replace` says another sentence
 * instead, `handover` also asks the app to hand the caller on, `handover` and `end` end the call
 * once that sentence was heard.
 */
export type GateAction = 'drop' | 'replace' | 'handover' | 'end';

/** Somebody outside who is asked about what is about to be said. */
export interface GateCheck {
  readonly url: string;
  /** Longest wait for a verdict, ms, 20–5000. */
  readonly deadlineMs: number;
  /** Without a verdict: it may be said (`open`), or counts as a hit (`closed`). */
  readonly onFail: 'open' | 'closed';
  /** Names an environment variable with the bearer token; `null`: none is sent. */
  readonly bearerEnv: string | null;
}

/** What an agent may not say, and what must be said first. Plain data, already validated. */
export interface GateDefinition {
  /** Most that speech waits for its transcript where the two come side by side, ms, 0–400. */
  readonly holdBackMs: number;
  /**
   * What becomes of speech whose text has not come by then: it is held until that is there (`hold`),
   * or spoken (`speak`).
   */
  readonly onLateText: 'hold' | 'speak';
  readonly rules: readonly GateRule[];
  /** What the agent has to say before anything else in a call. */
  readonly disclosure: string | null;
  readonly onHit: GateAction;
  /** Said in place of what was stopped; `null` where nothing is. */
  readonly replacement: string | null;
  /** Who the app is asked to hand the caller to, on `handover`. */
  readonly handoverTo: string;
  readonly check: GateCheck | null;
}

/** What is asked about: all that is known of a line so far. */
export interface GateQuestion {
  readonly callId: string;
  readonly agent: string;
  readonly lineId: string;
  readonly text: string;
  /** Nothing more of the line will come. */
  readonly final: boolean;
}

/** Asks somebody outside. Never called from the media path. */
export interface GateCheckPort {
  /**
   * Whether all of it may be said. Rejects where there is no verdict: that is no verdict's own fault
   * alone, and the caller knows what to do then.
   */
  ask(question: GateQuestion, signal: AbortSignal): Promise<boolean>;
}
