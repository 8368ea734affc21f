import type { ToolDeclaration } from './tool.ts';
import type { TurnDetection } from './settings.ts';
import type { SpendLimits } from './usage.ts';
import type { GateDefinition, TextRule } from './gate.ts';

/** A named configuration: what callers talk to. Plain data, already validated. */
export interface AgentDefinition {
  readonly name: string;
  readonly instructions: string;
  readonly voice: string | null;
  /** Names of backends, preferred first, for calls that no rule is about. At least one. */
  readonly backends: readonly string[];
  /** Other orders for some calls: the first rule that fits decides. Absent: there are none. */
  readonly rules?: readonly RouteRule[];
  /** Other model names under which clients may ask for it. */
  readonly aliases: readonly string[];
  readonly turns: {
    /** `auto` is `gateway` wherever the backend can live under it. */
    readonly authority: 'auto' | 'gateway' | 'backend';
    /** What a call starts with; clients may change it. */
    readonly detection: NonNullable<TurnDetection>;
    /** Absent keys are {@link defaultManner}'s. */
    readonly manner?: Partial<TurnManner>;
  };
  /** Names of tools that the program registered and Parley runs itself. */
  readonly tools: readonly string[];
  /** Tools of the configuration, in its order; absent: none. */
  readonly declaredTools?: readonly ToolDeclaration[];
  /** A recogniser beside backends that do not tell what the caller says; absent: none. */
  readonly listener?: ListenerDeclaration;
  /** How far ahead of playback a client is sent audio, ms, 40–2000. */
  readonly playoutLeadMs: number;
  /** What clients may set differently; absent: all of it. */
  readonly allow?: ClientAllowance;
  /** What happens when a backend is lost within a call; absent keys are as said there. */
  readonly handover?: HandoverManner;
  /** What its calls may use up; absent: what all calls may. */
  readonly limits?: AgentLimits;
  /** What it may not say; absent: there is no gate. */
  readonly gate?: GateDefinition;
  /** What is taken out of everything that is written down or shown; absent: nothing. */
  readonly redact?: readonly TextRule[];
  /** How its calls are recorded; absent: they are not. */
  readonly recording?: AgentRecording;
}

/** How the calls of an agent are recorded. */
export interface AgentRecording {
  /** Who says that a caller may be recorded: the operator for all of them, or the client for each. */
  readonly consent: 'operator' | 'client';
  /** What came in is kept as well, so that the call can be replayed. */
  readonly replay: boolean;
  /** Longest recording, ms of call time. */
  readonly limitMs: number;
}

/** What differs from the limits of all calls. */
export interface AgentLimits {
  /** Those that are named; `null` = without limit. */
  readonly amounts: Partial<SpendLimits>;
  /** Share of a limit at which the agent is told, 0–1; `null`: as all. */
  readonly warnAt: number | null;
  /** What the agent says at a limit; `null`: as all. */
  readonly words: string | null;
  /** One of its backends, which a call goes over to when a limit is near; `null`: it does not. */
  readonly cheaper: string | null;
}

/** A recogniser as configured: its type's own schema has read the options. */
export interface ListenerDeclaration {
  readonly type: string;
  readonly options: unknown;
  /** The agent is heard too, where its backend tells none of its words. */
  readonly agent: boolean;
}

/** How a call goes on with another backend. */
export interface HandoverManner {
  /**
   * A backend may take over that cannot be told what was said: the caller speaks to somebody who knows
   * nothing. Absent: it may not.
   */
  readonly acceptUnseeded?: boolean;
  /** The call goes back to the preferred backend once that is in order again. Absent: it stays. */
  readonly returns?: boolean;
  /** Whether a session with the next backend is open before it is needed; absent: `on-risk`. */
  readonly standby?: StandbyMode;
  /**
   * An answer that is later than nine in ten is asked of the next backend too, and the first that can
   * be heard is the answer. Absent: it is not.
   */
  readonly hedge?: boolean;
  /** When a backend that is silent counts as lost, where another could take over. */
  readonly stall?: Partial<StallManner>;
  /** Silence in a handover after which a phrase is said, ms; absent: 900. */
  readonly holdAfterMs?: number;
  /** What is said then, in turn; absent: an English sentence, where there is another backend. */
  readonly holdingPhrases?: readonly string[];
  /**
   * What is said before a call ends that has no backend left; `null`: nothing. Absent: an English
   * sentence, where there was more than one.
   */
  readonly lastWords?: string | null;
  /** Who says both; absent: the voice that comes with the program. */
  readonly voice?: VoiceDeclaration;
}

/** Never, while the backend that answers may be lost soon, or always. */
export type StandbyMode = 'never' | 'on-risk' | 'always';

/** A voice as configured: its type's own schema has read the options. */
export interface VoiceDeclaration {
  readonly type: string;
  readonly options: unknown;
}

/** How long a backend's silence is borne, by what it usually does. */
export interface StallManner {
  /** So many times its own usual, which is what 95 % of its latest did not exceed. */
  readonly factor: number;
  /** An answer is waited for at least and at most this long, ms. */
  readonly leastMs: number;
  readonly mostMs: number;
  /** The middle of a sentence is waited for at least this long once the player is dry, ms. */
  readonly dryMs: number;
}

/** Which backends answer some of an agent's calls. */
export interface RouteRule {
  /** Unique in the agent; shown with the calls that it decided. */
  readonly name: string;
  /** All that is given must fit; nothing given fits every call. */
  readonly when: RouteCondition;
  /** Orders among which callers are divided, by weight. One arm takes everybody. */
  readonly arms: readonly RouteArm[];
}

export interface RouteCondition {
  /** Ids of keys. */
  readonly keys?: readonly string[];
  /** Language tags as in BCP 47; `de` fits `de-AT` too. */
  readonly languages?: readonly string[];
  readonly time?: DailyWindow;
}

/** A time of day, on some days of the week, in one place of the world. */
export interface DailyWindow {
  /** Minutes after midnight, 0–1439. Equal to `toMinute`: the whole day. */
  readonly fromMinute: number;
  /** Excluded. Below `fromMinute`: on the next day. */
  readonly toMinute: number;
  /** IANA name, such as `Europe/Berlin`. */
  readonly zone: string;
  /** Days on which the window begins, 0 = Sunday. */
  readonly days: readonly number[];
}

export interface RouteArm {
  /** Unique in its rule. */
  readonly name: string;
  /** Share of callers, in proportion to the other arms'; above 0. */
  readonly weight: number;
  /** The whole order: no other backend takes over. At least one. */
  readonly backends: readonly string[];
}

/** How a call's backends were chosen. */
export interface CallRoute {
  /** `null`: by the agent's order. */
  readonly rule: string | null;
  readonly arm: string | null;
  readonly backends: readonly string[];
}

/** What a client may set differently from the agent. What it may not is refused by name. */
export interface ClientAllowance {
  /** Longest text, characters; 0 = none of its own. */
  readonly instructionChars: number;
  readonly voices: readonly string[] | 'any' | 'none';
  /** Most tools of its own; 0 = none, and no choice among the agent's either. */
  readonly tools: number;
  /** Whether it may change how turns are taken. */
  readonly turns: boolean;
}

/** How turns are taken, beyond what the wire can set. */
export interface TurnManner {
  /** Something short is said while a tool runs. */
  readonly fillers: boolean;
  /** Least time from the caller's last word to the answer's first, ms; 0 = as soon as it comes. */
  readonly minResponseDelayMs: number;
  /**
   * What is done about the agent's own voice in the caller's microphone: nothing, a guard that
   * recognises it, AEC3 before the detector, or not listening while the agent sounds.
   */
  readonly echo: 'none' | 'guard' | 'aec3' | 'half-duplex';
}

export const defaultManner: TurnManner = { fillers: false, minResponseDelayMs: 0, echo: 'guard' };
