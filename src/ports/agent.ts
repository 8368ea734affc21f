import type { ServerVad } from './settings.ts';

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
    readonly detection: ServerVad;
  };
  /** Names of tools that Parley runs itself. */
  readonly tools: readonly string[];
  /** How far ahead of playback a client is sent audio, ms, 40–2000. */
  readonly playoutLeadMs: number;
}
