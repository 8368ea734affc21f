import type { TurnDetection } from './settings.ts';

/** A named configuration: what callers talk to. Plain data, already validated. */
export interface AgentDefinition {
  readonly name: string;
  readonly instructions: string;
  readonly voice: string | null;
  /** Names of backends, preferred first. At least one. */
  readonly backends: readonly string[];
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
  /** Names of tools that Parley runs itself. */
  readonly tools: readonly string[];
  /** How far ahead of playback a client is sent audio, ms, 40–2000. */
  readonly playoutLeadMs: number;
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
