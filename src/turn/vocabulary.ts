import type { TurnState } from './state.ts';

/**
 * Everything that can tell the turn machine something. Positions called `audioMs` are on the
 * uplink's sample clock (samples written ÷ rate); `nowMs` of a step is the call's clock.
 */
export type TurnInput =
  /**
   * Speech probability of the frame of `frameMs` that ends at `audioMs`. `echo`: how likely the
   * frame is the agent's own voice, 0–1; `null` while that cannot be told yet; absent where nobody
   * looks. `echoPath`: from the ear to the microphone, ms, once it is found; `none` when there is
   * surely none.
   */
  | {
      readonly type: 'vad';
      readonly probability: number;
      readonly audioMs: number;
      readonly frameMs: number;
      readonly echo?: number | null;
      readonly echoPath?: EchoPathReport;
    }
  /**
   * An end-of-turn model's answer to `queryEndOfTurn`: probability that the turn ended with the
   * speech that stopped at `speechEndAudioMs`, or, `null`, with what the caller said last.
   */
  | {
      readonly type: 'eot';
      readonly probability: number;
      readonly speechEndAudioMs: number | null;
    }
  /** An interruption classifier's probability. */
  | { readonly type: 'interrupt'; readonly probability: number }
  /**
   * Transcript of the caller's speech since the last turn, so far. `echo`: it is what the agent is
   * saying. `foreign`: it is surely not. Neither: the agent's words may be all that was heard.
   */
  | {
      readonly type: 'partial';
      readonly text: string;
      readonly echo?: boolean;
      readonly foreign?: boolean;
    }
  /** The same, when it will not change any more. */
  | {
      readonly type: 'final';
      readonly text: string;
      readonly echo?: boolean;
      readonly foreign?: boolean;
    }
  /** Playout truth: how much of the line was played and how much sent audio is still unplayed. */
  | {
      readonly type: 'playback';
      readonly lineId: string;
      readonly playedMs: number;
      readonly bufferedMs: number;
    }
  /** A model without turns is about to speak: its line opens next. */
  | { readonly type: 'model.begins' }
  /** The agent was asked for a line; nothing can be heard yet. */
  | { readonly type: 'line.opened'; readonly lineId: string }
  /** First audio of the line is on its way to the client. */
  | { readonly type: 'line.audio'; readonly lineId: string }
  /**
   * What is known of the line's end: call time at which it will have been heard out (`null` while
   * the backend has not finished it), and whether what it says so far ends in a question.
   */
  | {
      readonly type: 'line.outlook';
      readonly lineId: string;
      readonly endsAtMs: number | null;
      readonly question: boolean;
    }
  /** The agent is held: from this call time on nothing of it reaches the ear. */
  | { readonly type: 'agent.quiet'; readonly atMs: number }
  /** The line is over for the client: done, failed or cancelled. What was sent may still play. */
  | { readonly type: 'line.closed'; readonly lineId: string }
  /** What the backend's own detection says. */
  | {
      readonly type: 'backend';
      readonly event: 'speechStarted' | 'speechStopped' | 'interrupted';
      readonly audioMs: number;
    }
  | {
      readonly type: 'tool';
      readonly event: 'start' | 'end' | 'cancel';
      readonly toolCallId: string;
    }
  /** The client commits its turn by hand; `audioMs` = uplink end. */
  | { readonly type: 'client.commit'; readonly audioMs: number }
  | { readonly type: 'client.clear'; readonly audioMs: number }
  | { readonly type: 'client.mute'; readonly muted: boolean }
  /** Push-to-talk key. */
  | { readonly type: 'client.ptt'; readonly pressed: boolean; readonly audioMs: number }
  /** A key of the telephone: `0`–`9`, `A`–`D`, `*`, `#`. */
  | { readonly type: 'client.dtmf'; readonly digit: string }
  /** The app wants silence now. */
  | { readonly type: 'client.interrupt' }
  /** Whether the client cancels echo itself. */
  | { readonly type: 'client.aec'; readonly active: boolean }
  /** Settings, tools or the conversation changed: a speculation rests on what is no more. */
  | { readonly type: 'context' }
  /** Time passed; sent when `wakeAtMs` comes. */
  | { readonly type: 'tick' };

/** What is known of the agent's way into the caller's microphone; a number is its delay, ms. */
export type EchoPathReport = number | 'unknown' | 'none';

export type CommitCause = 'silence' | 'score' | 'manual' | 'idle' | 'backend' | 'model' | 'limit';

/** What the machine wants done, in this order. Data: the driver runs them and decides nothing. */
export type TurnEffect =
  /** Begin an answer to the text so far; nothing of it may be heard or act before it is adopted. */
  | { readonly type: 'speculate'; readonly speculationId: number; readonly text: string }
  | { readonly type: 'dropSpeculation'; readonly speculationId: number }
  /** Ask the end-of-turn model about the speech from `fromAudioMs` to now. */
  | {
      readonly type: 'queryEndOfTurn';
      readonly fromAudioMs: number;
      readonly speechEndAudioMs: number;
    }
  /** `null` positions: from the start of the uncommitted audio, to its end. */
  | {
      readonly type: 'commitTurn';
      readonly cause: CommitCause;
      readonly fromAudioMs: number | null;
      readonly toAudioMs: number | null;
      readonly speechEndAudioMs: number | null;
    }
  /** The keys that were pressed are the caller's turn. */
  | { readonly type: 'commitDigits'; readonly digits: string }
  /** `speculationId`: an answer that is already being made and is adopted as it is. */
  | {
      readonly type: 'startResponse';
      readonly cause: 'turn' | 'idle' | 'tool';
      readonly speculationId?: number;
    }
  /** Lower the agent by `gainDb` (negative). Undone by `resume`. */
  | { readonly type: 'duck'; readonly gainDb: number }
  /** Stop sending at the next word boundary and keep the rest. Undone by `resume`. */
  | { readonly type: 'hold' }
  /** Go on at full level from exactly where it stopped. */
  | { readonly type: 'resume' }
  /** Throw away what the client has not been given yet; raises the epoch. */
  | { readonly type: 'flushPlayback' }
  | { readonly type: 'cancelGeneration' }
  /** Tell the backend how much was heard. */
  | { readonly type: 'truncate' }
  /** The last committed turn was not finished: what follows belongs to it. */
  | { readonly type: 'retractTurn' }
  /** Something short while a tool runs; `count` = how many came before it in this wait. */
  | { readonly type: 'say'; readonly kind: 'filler'; readonly count: number }
  /** Something for the log. */
  | { readonly type: 'event'; readonly event: TurnEvent };

export type Verdict = 'backchannel' | 'noise' | 'echo';

export type TurnEvent =
  | { readonly type: 'speechStarted'; readonly audioStartMs: number }
  | { readonly type: 'speechStopped'; readonly audioEndMs: number }
  | {
      readonly type: 'speechDismissed';
      readonly verdict: Verdict;
      readonly audioStartMs: number;
      readonly audioEndMs: number;
      /** What was said, as far as it is known; an annotation, never part of a turn. */
      readonly text: string;
    }
  /** Caller speech over the agent was judged: why it is, and how long that took on the call's clock. */
  | {
      readonly type: 'interruption';
      readonly by: 'words' | 'speech' | 'classifier' | 'answer' | 'continuation' | 'key';
      readonly judgedMs: number;
    }
  | { readonly type: 'idle'; readonly audioStartMs: number; readonly audioEndMs: number }
  /** The caller has been silent for the length that counts as gone, or is back. */
  | { readonly type: 'away'; readonly away: boolean }
  /** An answer was owed and nothing of it has been heard for the length of the watchdog. */
  | { readonly type: 'agentSlow'; readonly lineId: string };

export interface TurnStep {
  readonly state: TurnState;
  readonly effects: readonly TurnEffect[];
  /** Call time at which the machine wants a `tick`; `null` = no wait is open. */
  readonly wakeAtMs: number | null;
}
