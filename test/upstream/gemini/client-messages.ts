import { Closing } from './closing.ts';
import { clientMessage } from './client-shapes.ts';
import { read } from './shape.ts';

/** Base64 bytes with their type: `audio/pcm;rate=16000`. */
export interface WireBlob {
  readonly data?: string;
  readonly mimeType?: string;
}

export interface FunctionCall {
  readonly id?: string;
  readonly name?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface FunctionResponse {
  readonly id?: string;
  readonly name?: string;
  readonly response?: Readonly<Record<string, unknown>>;
  readonly scheduling?: string;
  readonly willContinue?: boolean;
}

export interface WireContent {
  readonly role?: string;
  readonly parts?: readonly {
    readonly text?: string;
    readonly inlineData?: WireBlob;
    readonly functionCall?: FunctionCall;
    readonly functionResponse?: FunctionResponse;
  }[];
}

export interface WireTool {
  readonly functionDeclarations?: readonly {
    readonly name?: string;
    readonly behavior?: string;
  }[];
}

export interface Setup {
  readonly model?: string;
  readonly generationConfig?: {
    readonly responseModalities?: readonly string[];
    readonly maxOutputTokens?: number | string;
    readonly enableAffectiveDialog?: boolean;
    readonly thinkingConfig?: {
      readonly thinkingBudget?: number | string;
      readonly thinkingLevel?: string;
    };
    readonly speechConfig?: {
      readonly voiceConfig?: { readonly prebuiltVoiceConfig?: { readonly voiceName?: string } };
    };
  };
  readonly systemInstruction?: WireContent;
  readonly tools?: readonly WireTool[];
  readonly realtimeInputConfig?: {
    readonly automaticActivityDetection?: {
      readonly disabled?: boolean;
      readonly startOfSpeechSensitivity?: string;
      readonly endOfSpeechSensitivity?: string;
      readonly prefixPaddingMs?: number | string;
      readonly silenceDurationMs?: number | string;
    };
    readonly activityHandling?: string;
    readonly turnCoverage?: string;
  };
  readonly sessionResumption?: { readonly handle?: string };
  readonly contextWindowCompression?: object;
  readonly inputAudioTranscription?: object;
  readonly outputAudioTranscription?: object;
  readonly proactivity?: object;
  readonly historyConfig?: { readonly initialHistoryInClientContent?: boolean };
}

export interface ClientContent {
  readonly turns?: readonly WireContent[];
  readonly turnComplete?: boolean;
}

export interface RealtimeInput {
  readonly mediaChunks?: readonly WireBlob[];
  readonly audio?: WireBlob;
  readonly video?: WireBlob;
  readonly text?: string;
  readonly audioStreamEnd?: boolean;
  readonly activityStart?: object;
  readonly activityEnd?: object;
}

export interface ContextUpdate {
  readonly systemInstruction?: WireContent;
  readonly tools?: { readonly tools?: readonly WireTool[] };
}

/** A message of a client; exactly one of the fields is there. */
export interface ClientMessage {
  readonly setup?: Setup;
  readonly clientContent?: ClientContent;
  readonly realtimeInput?: RealtimeInput;
  readonly toolResponse?: { readonly functionResponses?: readonly FunctionResponse[] };
  readonly contextUpdate?: ContextUpdate;
}

/** @throws Closing where it is not JSON, has a wrong shape, or is not exactly one message */
export function parseClientMessage(text: string): ClientMessage {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new Closing(1007, 'Invalid JSON payload received. Unexpected token.');
  }
  refuseNullHandle(raw);
  const parsed = read(clientMessage, raw) as ClientMessage;
  const [first, second] = Object.keys(parsed);
  if (first === undefined) throw new Closing(1007, 'The message is empty.');
  if (second !== undefined) {
    throw new Closing(
      1007,
      `Invalid value: oneof field 'message_type' is already set. Cannot set '${second}'`,
    );
  }
  return parsed;
}

/** `null` is absent everywhere but here: a handle of `null` ends in 1008 (livekit/agents#5102). */
function refuseNullHandle(raw: unknown): void {
  const { setup } = (raw ?? {}) as { setup?: { sessionResumption?: unknown } | null };
  const resumption = setup?.sessionResumption as { handle?: unknown } | null | undefined;
  if (resumption?.handle === null) {
    throw new Closing(1008, 'Invalid session resumption handle.');
  }
}
