/** Where the caller is. A field exists only where it means something. */
export type CallerState =
  | { readonly kind: 'silent' }
  /** Speech frames, not yet enough of them to call it speech. */
  | { readonly kind: 'onset'; readonly fromAudioMs: number; readonly speechMs: number }
  | (Speech & { readonly kind: 'speaking' })
  /** Silence inside what may still be the same turn. */
  | (Speech & {
      readonly kind: 'paused';
      /** Silence at which the end-of-turn model was last asked about this pause, ms. */
      readonly askedMs: number;
      /** Its latest answer about this pause. */
      readonly score: number | null;
    });

interface Speech {
  readonly audioStartMs: number;
  /** Where speech was first heard, without padding. */
  readonly onsetAudioMs: number;
  readonly lastSpeechAudioMs: number;
  /** Whether clients were told. Withheld while it may still be a backchannel. */
  readonly shown: boolean;
}

/** How loud the agent is: as it speaks, lowered, or stopped with the rest kept. */
export type FloorState = 'full' | 'ducked' | 'held';

/** Where the agent is, seen from the ear. */
export type AgentState =
  | { readonly kind: 'idle'; readonly sinceMs: number }
  | {
      readonly kind: 'thinking';
      readonly lineId: string;
      readonly sinceMs: number;
      readonly floor: FloorState;
      /** The watchdog has spoken. */
      readonly slow: boolean;
    }
  | {
      readonly kind: 'speaking';
      readonly lineId: string;
      /** Call time of its first audio. */
      readonly sinceMs: number;
      readonly floor: FloorState;
      /** The line is closed; what was sent is still playing. */
      readonly closed: boolean;
      /** Call time at which it will have been heard out, once that is known. */
      readonly endsAtMs: number | null;
      /** What it says so far ends in a question. */
      readonly question: boolean;
    };

/** The judge of caller speech over the agent. */
export type OverlapState =
  | { readonly kind: 'none' }
  /** Speech that is withheld until it is judged. */
  | {
      readonly kind: 'candidate';
      /** Call time of its onset. */
      readonly sinceMs: number;
      readonly speechMs: number;
      /** Of that, frames that sounded like the agent itself, ms. */
      readonly echoMs: number;
      readonly text: string;
      /**
       * What it is if it is short: `over` the agent, the caller going on `after` a turn before
       * anything of the answer was heard, an `answer` to a question, or said at the agent's `end`.
       */
      readonly place: 'over' | 'after' | 'answer' | 'end';
      /** It may be the agent's own voice: it is believed only when it is proven. */
      readonly suspect: boolean;
      /** Its words may be the agent's, whoever speaks: believed when they are foreign, or it is proven. */
      readonly doubted: boolean;
      /** Call time from which on nothing of the held agent reaches the ear; `null`: not held yet. */
      readonly quietAtMs: number | null;
      /** Speech after that had died away at the microphone too, ms. */
      readonly provenMs: number;
      /** Its words are not the agent's. */
      readonly foreign: boolean;
    }
  /** It ended and the agent goes on; words of it may still come. */
  | {
      readonly kind: 'lingering';
      readonly sinceMs: number;
      readonly untilMs: number;
      readonly audioStartMs: number;
      readonly onsetAudioMs: number;
      readonly lastSpeechAudioMs: number;
      readonly speechMs: number;
      readonly echoMs: number;
      readonly text: string;
      readonly suspect: boolean;
      readonly doubted: boolean;
      readonly provenMs: number;
      readonly foreign: boolean;
      /** It would have been an answer, had it been believed. */
      readonly answers: boolean;
      /** Where turns could start before this speech. */
      readonly floorAudioMs: number;
    };

/** An answer begun before the turn was finished. */
export interface Speculation {
  readonly speculationId: number;
  /** Words it rests on, normalised. */
  readonly words: string;
}

/** Plain data: survives JSON, so that a call can be replayed or moved. */
export interface TurnState {
  readonly caller: CallerState;
  readonly agent: AgentState;
  readonly overlap: OverlapState;
  /** Uplink position before which all audio is committed, cleared or dismissed. */
  readonly floorAudioMs: number;
  /** Uplink position of the latest detector frame. */
  readonly audioMs: number;
  /** Call time of the latest detector frame; `null` before the first. */
  readonly lastFrameAtMs: number | null;
  /** A turn was committed while the agent held the floor and waits for its answer. */
  readonly owesAnswer: boolean;
  /** The agent has spoken since the caller did, so an idle prompt may follow. */
  readonly idleArmed: boolean;
  /** Call time of the last turn that asked for an answer; `null` when there is none to go back on. */
  readonly committedAtMs: number | null;
  /** Call time at which that turn's speech ended. */
  readonly speechEndAtMs: number | null;
  /** Call time until which the answer is kept from the ear for a calmer agent; `null` = it is not. */
  readonly calmUntilMs: number | null;
  /** Length of this caller's pauses inside turns, a moving mean, ms; `null` before the first. */
  readonly pauseMs: number | null;
  /** What the caller says in this turn, as far as transcripts go. */
  readonly transcript: { readonly text: string; readonly sinceMs: number } | null;
  readonly speculation: Speculation | null;
  /** Speculations of this turn, dropped ones included. */
  readonly speculations: number;
  /** Speculations of this call: ids are never used again. */
  readonly speculationCount: number;
  /** Tools that run, and what was said meanwhile. */
  readonly tools: {
    readonly running: readonly string[];
    readonly sinceMs: number;
    readonly fillers: number;
  };
  readonly muted: boolean;
  /** The push-to-talk key is down. */
  readonly pressed: boolean;
  readonly digits: { readonly text: string; readonly atMs: number } | null;
  /** Whether the client cancels echo; `null` = it has not said. */
  readonly aec: boolean | null;
  /** The agent's way into the microphone: excluded (or nobody looks), not known, or found. */
  readonly echoPath: 'none' | 'unknown' | 'found';
  /** How long nothing like speech has come back while the agent sounded, ms; speech counts against it. */
  readonly clearMs: number;
  /** Call time of the caller's latest sign of life. */
  readonly presentAtMs: number;
  readonly away: boolean;
}

export const initialTurnState: TurnState = {
  caller: { kind: 'silent' },
  agent: { kind: 'idle', sinceMs: 0 },
  overlap: { kind: 'none' },
  floorAudioMs: 0,
  audioMs: 0,
  lastFrameAtMs: null,
  owesAnswer: false,
  idleArmed: false,
  committedAtMs: null,
  speechEndAtMs: null,
  calmUntilMs: null,
  pauseMs: null,
  transcript: null,
  speculation: null,
  speculations: 0,
  speculationCount: 0,
  tools: { running: [], sinceMs: 0, fillers: 0 },
  muted: false,
  pressed: false,
  digits: null,
  aec: null,
  echoPath: 'none',
  clearMs: 0,
  presentAtMs: 0,
  away: false,
};
