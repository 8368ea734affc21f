import type { TurnAuthority } from '../ports/backend.ts';
import type { TurnDetection } from '../ports/settings.ts';

/**
 * Everything that can tell the turn machine something. Positions called `audioMs` are on the
 * uplink's sample clock (samples written ÷ rate); `nowMs` of a step is the call's clock.
 */
export type TurnInput =
  /** Speech probability of the frame of `frameMs` that ends at `audioMs`. */
  | {
      readonly type: 'vad';
      readonly probability: number;
      readonly audioMs: number;
      readonly frameMs: number;
    }
  /** An end-of-turn model's probability after `silenceMs` of silence. */
  | { readonly type: 'eot'; readonly probability: number; readonly silenceMs: number }
  /** An interruption classifier's probability. */
  | { readonly type: 'interrupt'; readonly probability: number }
  /** Transcript so far; `revision` grows with each change. */
  | { readonly type: 'partial'; readonly text: string; readonly revision: number }
  | { readonly type: 'final'; readonly text: string }
  /** Playout truth: how much of the line was played and how much sent audio is still unplayed. */
  | {
      readonly type: 'playback';
      readonly lineId: string;
      readonly playedMs: number;
      readonly bufferedMs: number;
    }
  /** A word boundary of the agent's line, for resuming. */
  | {
      readonly type: 'wordMark';
      readonly lineId: string;
      readonly word: number;
      readonly ms: number;
    }
  /** The agent was asked for a line; nothing can be heard yet. */
  | { readonly type: 'line.opened'; readonly lineId: string }
  /** First audio of the line is on its way to the client. */
  | { readonly type: 'line.audio'; readonly lineId: string }
  /** The line is over for the client: done, failed or cancelled. What was sent may still play. */
  | { readonly type: 'line.closed'; readonly lineId: string }
  /** What the backend's own detection says. */
  | {
      readonly type: 'backend';
      readonly event:
        'speechStarted' | 'speechStopped' | 'interrupted' | 'responseCreated' | 'responseDone';
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
  /** The app wants silence now. */
  | { readonly type: 'client.interrupt' }
  /** Whether the client cancels echo itself. */
  | { readonly type: 'client.aec'; readonly active: boolean }
  /** Time passed; sent when `wakeAtMs` comes. */
  | { readonly type: 'tick' };

/** What the machine wants done, in this order. Data: the driver runs them and decides nothing. */
export type TurnEffect =
  | { readonly type: 'speculate'; readonly speculationId: number; readonly text: string }
  | { readonly type: 'dropSpeculation'; readonly speculationId: number }
  /** `null` positions: from the start of the uncommitted audio, to its end. */
  | {
      readonly type: 'commitTurn';
      readonly cause: 'silence' | 'manual' | 'idle' | 'backend' | 'model';
      readonly fromAudioMs: number | null;
      readonly toAudioMs: number | null;
      readonly speechEndAudioMs: number | null;
    }
  | { readonly type: 'startResponse'; readonly cause: 'turn' | 'idle' | 'tool' }
  | { readonly type: 'duck'; readonly gainDb: number }
  | { readonly type: 'hold' }
  | { readonly type: 'resume'; readonly lineId: string; readonly fromMs: number }
  /** Throw away what the client has not been given yet; raises the epoch. */
  | { readonly type: 'flushPlayback' }
  | { readonly type: 'cancelGeneration' }
  /** Tell the backend how much was heard. */
  | { readonly type: 'truncate' }
  | { readonly type: 'retractTurn' }
  | { readonly type: 'say'; readonly kind: 'filler' | 'idlePrompt' }
  | {
      readonly type: 'backend';
      readonly command:
        | 'commit'
        | 'clear'
        | 'responseCreate'
        | 'responseCancel'
        | 'itemTruncate'
        | 'activityStart'
        | 'activityEnd';
    }
  /** Something for the log. */
  | { readonly type: 'event'; readonly event: TurnEvent };

export type TurnEvent =
  | { readonly type: 'speechStarted'; readonly audioStartMs: number }
  | { readonly type: 'speechStopped'; readonly audioEndMs: number }
  | {
      readonly type: 'speechDismissed';
      readonly verdict: 'backchannel' | 'noise' | 'echo';
      readonly audioStartMs: number;
      readonly audioEndMs: number;
    }
  | { readonly type: 'idle'; readonly audioStartMs: number; readonly audioEndMs: number };

/** Where the caller is. A field exists only where it means something. */
export type CallerState =
  | { readonly kind: 'silent' }
  /** Speech frames, not yet enough of them to call it speech. */
  | { readonly kind: 'onset'; readonly fromAudioMs: number; readonly speechMs: number }
  | {
      readonly kind: 'speaking';
      readonly audioStartMs: number;
      readonly lastSpeechAudioMs: number;
      /** Whether clients were told. Withheld while it may still be a backchannel. */
      readonly shown: boolean;
    }
  /** Silence inside what may still be the same turn. */
  | {
      readonly kind: 'paused';
      readonly audioStartMs: number;
      readonly lastSpeechAudioMs: number;
      readonly shown: boolean;
    };

/** Where the agent is, seen from the ear. */
export type AgentState =
  | { readonly kind: 'idle'; readonly sinceMs: number }
  | { readonly kind: 'thinking'; readonly lineId: string }
  | {
      readonly kind: 'speaking';
      readonly lineId: string;
      /** The line is closed; what was sent is still playing. */
      readonly closed: boolean;
    };

/** Plain data: survives JSON, so that a call can be replayed or moved. */
export interface TurnState {
  readonly caller: CallerState;
  readonly agent: AgentState;
  /** Uplink position before which all audio is committed or cleared. */
  readonly floorAudioMs: number;
  /** Uplink position of the latest detector frame. */
  readonly audioMs: number;
  /** Call time of the latest detector frame; `null` before the first. */
  readonly lastFrameAtMs: number | null;
  /** A turn was committed while the agent held the floor and waits for its answer. */
  readonly owesAnswer: boolean;
  /** The agent has spoken since the caller did, so an idle prompt may follow. */
  readonly idleArmed: boolean;
}

/** What the rules are set to. */
export interface TurnOptions {
  readonly authority: TurnAuthority;
  readonly detection: TurnDetection;
  /** Speech that makes an onset while the agent is heard, ms. */
  readonly onsetMs: number;
  /** The same while the agent is silent, ms. */
  readonly idleOnsetMs: number;
  /** Detector silence on the wire after which a speaking caller counts as stopped, ms. */
  readonly noInputMs: number;
}

/** Onsets and the no-input watchdog of facts measured on Silero v6: 117 ms p50 at 96 ms. */
export const defaultTurnTimes = { onsetMs: 96, idleOnsetMs: 64, noInputMs: 1000 } as const;

export interface TurnStep {
  readonly state: TurnState;
  readonly effects: readonly TurnEffect[];
  /** Call time at which the machine wants a `tick`; `null` = no wait is open. */
  readonly wakeAtMs: number | null;
}
