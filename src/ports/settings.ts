import type { AudioFormat } from '../audio/format.ts';
import type { ToolServer } from './tool-servers.ts';

/** A function the agent may call. `parameters` is a JSON Schema object, passed on untouched. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string | null;
  readonly parameters: Readonly<Record<string, unknown>> | null;
}

export type ToolChoice =
  | { readonly mode: 'auto' | 'none' | 'required' }
  | { readonly mode: 'tool'; readonly name: string };

export type Modality = 'audio' | 'text';

/** Endpointing by silence after speech. The gateway's detector decides, whatever the backend. */
export interface ServerVad {
  readonly kind: 'server_vad';
  /** Speech probability at which a frame counts as speech, 0–1. */
  readonly threshold: number;
  /** Audio kept from before the detected onset, ms. */
  readonly prefixPaddingMs: number;
  /** Silence that ends a turn, ms. */
  readonly silenceDurationMs: number;
  /** Whether a finished turn starts an answer by itself. */
  readonly createResponse: boolean;
  /** Whether caller speech cuts the agent. */
  readonly interruptResponse: boolean;
  /** Silence after the agent has been heard out that prompts it again, ms; `null` never. */
  readonly idleTimeoutMs: number | null;
}

/** How eager the agent is to take the floor; each is bound to a turn profile. */
export type Eagerness = 'low' | 'medium' | 'high' | 'auto';

/**
 * Endpointing by judgement: end-of-turn scores, transcripts and this caller's own pauses, as far as
 * there are any, with a bar that falls as silence grows.
 */
export interface SemanticVad {
  readonly kind: 'semantic_vad';
  /** `auto` is `medium`. */
  readonly eagerness: Eagerness;
  readonly createResponse: boolean;
  readonly interruptResponse: boolean;
}

/** `null` means manual turns: the client commits and asks for answers itself. */
export type TurnDetection = ServerVad | SemanticVad | null;

/**
 * The settings of one call, all of them effective: what is shown here is what happens. A client's
 * wishes become these through `resolveSettings`, which refuses what the backend cannot do.
 */
export interface CallSettings {
  readonly instructions: string;
  /** Voice name as the backend knows it; `null` where the backend has only one. */
  readonly voice: string | null;
  readonly modality: Modality;
  /** The client's uplink format. */
  readonly inputFormat: AudioFormat;
  /** The client's downlink format. */
  readonly outputFormat: AudioFormat;
  readonly turnDetection: TurnDetection;
  /** Whether transcripts of the caller are wanted and given. */
  readonly callerTranscripts: boolean;
  readonly tools: readonly ToolDefinition[];
  /** Servers whose tools the backend runs by itself; absent: none. */
  readonly toolServers?: readonly ToolServer[];
  readonly toolChoice: ToolChoice;
  readonly maxOutputTokens: number | 'inf';
}

/** What one answer may differ in; absent keys keep the call's settings. */
export interface LineOverrides {
  readonly instructions?: string;
  readonly voice?: string;
  readonly modality?: Modality;
  readonly tools?: readonly ToolDefinition[];
  readonly toolChoice?: ToolChoice;
  readonly maxOutputTokens?: number | 'inf';
}
