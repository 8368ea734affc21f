import { systemClock, type Clock } from '../../../src/time/clock.ts';
import { speakTones } from '../openai-speech/tone-voice.ts';

/** Where something goes wrong. */
export type VoiceFaultPlace =
  /** Right after the upgrade. */
  | { readonly at: 'open' }
  /** With the first text. */
  | { readonly at: 'text' }
  /** This far into the audio of the connection. */
  | { readonly at: 'audio'; readonly afterMs: number }
  /** When it is told to stop. */
  | { readonly at: 'stop' };

/** What goes wrong. */
export type VoiceFault =
  | { readonly kind: 'refuse'; readonly status: number; readonly body?: string }
  /** The upgrade is never answered. */
  | { readonly kind: 'hang' }
  | ({ readonly kind: 'close'; readonly code: number; readonly reason: string } & VoiceFaultPlace)
  | ({ readonly kind: 'drop' } & VoiceFaultPlace)
  /** Says nothing any more, and keeps the connection. */
  | ({ readonly kind: 'stall' } & VoiceFaultPlace)
  | ({ readonly kind: 'send'; readonly text: string } & VoiceFaultPlace);

export interface VoiceStandInOptions {
  readonly clock?: Clock;
  /** 0 = any free one. */
  readonly port?: number;
  /** The key that is asked for; `null` takes anyone. */
  readonly apiKey?: string | null;
  /** Spread of the time from a text to its first audio; log-normal. */
  readonly firstAudioMs?: { readonly p50: number; readonly p95: number };
  readonly seed?: number;
  /** Audio comes this much faster than real time. */
  readonly realTimeFactor?: number;
  /** Length of a piece of audio, ms. */
  readonly pieceMs?: number;
  /** Speaks a text: PCM16, mono. */
  readonly speak?: (text: string, rateHz: number) => Uint8Array;
  /** Pieces of audio end in the middle of a sample. */
  readonly oddBytes?: boolean;
  /** Audio that still comes after a stop where the protocol has nothing against it, ms. */
  readonly lateAudioMs?: number;
  /** Without a message of the client's for this long it closes, ms; `null` = the vendor's own. */
  readonly idleMs?: number | null;
  readonly fault?: VoiceFault | null;
  /** On how many connections, from the first, the fault happens (a count). */
  readonly faultyConnections?: number;
  /** Cartesia alone: a context is forgotten so long after its last audio, ms. */
  readonly contextExpiryMs?: number;
  /** Lightning alone: it closes after every answer, as the vendor's page has it. */
  readonly closesAfterComplete?: boolean;
}

/** Options with nothing left open. */
export type VoiceStandInSettings = Required<VoiceStandInOptions>;

export const voiceStandInDefaults: VoiceStandInSettings = {
  clock: systemClock,
  port: 0,
  apiKey: null,
  firstAudioMs: { p50: 150, p95: 300 },
  seed: 1,
  realTimeFactor: 5,
  pieceMs: 100,
  speak: speakTones,
  oddBytes: false,
  lateAudioMs: 300,
  idleMs: null,
  fault: null,
  faultyConnections: 1,
  contextExpiryMs: 1000,
  closesAfterComplete: false,
};

/** What a stand-in has seen; counts grow over its whole life. */
export interface VoiceStandInStats {
  /** Connections that are open. */
  readonly connections: number;
  readonly connectionsTotal: number;
  /** Contexts, turns or requests that it works on, on all open connections. */
  readonly working: number;
  /** Request lines of the upgrades, refused ones too. */
  readonly requests: readonly string[];
  /** Every message of the clients', parsed, in order. */
  readonly messages: readonly Readonly<Record<string, unknown>>[];
  /** When each of them came, by the stand-in's clock. */
  readonly messagesAtMs: readonly number[];
  /** Rules that clients broke. */
  readonly violations: readonly string[];
  /** Times to the first audio that were drawn, ms. */
  readonly drawnMs: readonly number[];
}
