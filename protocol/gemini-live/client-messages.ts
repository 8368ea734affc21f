/** What a client of the Live API (BidiGenerateContent, v1beta) says. One field of each message is set. */

/** One piece of a content. */
export interface WirePart {
  readonly text: string;
}

/** One turn of the conversation. There are two roles; instructions have a field of their own. */
export interface WireContent {
  readonly role: 'user' | 'model';
  readonly parts: readonly WirePart[];
}

/** How a function is called: the model waits for it, or speaks on. */
export type FunctionBehavior = 'BLOCKING' | 'NON_BLOCKING';

/** A function that the model may call. `parametersJsonSchema` is JSON Schema, untouched. */
export interface WireFunction {
  readonly name: string;
  readonly description?: string;
  readonly parametersJsonSchema?: Readonly<Record<string, unknown>>;
  readonly behavior?: FunctionBehavior;
}

/** What the model does with the result of a function it did not wait for. */
export type FunctionScheduling = 'SILENT' | 'WHEN_IDLE' | 'INTERRUPT';

/** The result of a function. `response` is an object: a bare string ends the connection (1007). */
export interface WireFunctionResponse {
  /** Absent where the call came without one. */
  readonly id?: string;
  readonly name: string;
  readonly response: Readonly<Record<string, unknown>>;
  readonly scheduling?: FunctionScheduling;
  readonly willContinue?: boolean;
}

/** First message of a connection, once. */
export interface WireSetup {
  /** `models/<name>`. */
  readonly model: string;
  readonly generationConfig: {
    /** One modality only. */
    readonly responseModalities: readonly ['AUDIO'];
    readonly maxOutputTokens?: number;
    readonly temperature?: number;
    readonly speechConfig?: {
      readonly voiceConfig?: { readonly prebuiltVoiceConfig: { readonly voiceName: string } };
      readonly languageCode?: string;
    };
  };
  readonly systemInstruction?: { readonly parts: readonly WirePart[] };
  readonly tools?: readonly { readonly functionDeclarations: readonly WireFunction[] }[];
  readonly realtimeInputConfig: {
    readonly automaticActivityDetection: {
      readonly disabled?: boolean;
      readonly silenceDurationMs?: number;
    };
    readonly activityHandling?: 'START_OF_ACTIVITY_INTERRUPTS' | 'NO_INTERRUPTION';
  };
  readonly inputAudioTranscription?: { readonly languageCodes?: readonly string[] };
  readonly outputAudioTranscription?: { readonly languageCodes?: readonly string[] };
  /** Without a handle: a new session, whose handles are told. `null` ends the connection (1008). */
  readonly sessionResumption?: { readonly handle?: string };
  /** Counts are texts, as 64-bit numbers are in JSON. */
  readonly contextWindowCompression?: {
    readonly triggerTokens?: string;
    readonly slidingWindow: { readonly targetTokens?: string };
  };
  readonly historyConfig?: { readonly initialHistoryInClientContent: boolean };
}

/** Microphone, signs of activity, or text that is a turn at once. One field is set. */
export type WireRealtimeInput =
  | { readonly audio: { readonly data: string; readonly mimeType: string } }
  | { readonly audioStreamEnd: true }
  | { readonly activityStart: Readonly<Record<string, never>> }
  | { readonly activityEnd: Readonly<Record<string, never>> }
  | { readonly text: string };

/** Everything a client says. */
export type ClientMessage =
  | { readonly setup: WireSetup }
  | {
      readonly clientContent: {
        readonly turns?: readonly WireContent[];
        readonly turnComplete?: boolean;
      };
    }
  | { readonly realtimeInput: WireRealtimeInput }
  | { readonly toolResponse: { readonly functionResponses: readonly WireFunctionResponse[] } }
  | {
      readonly contextUpdate: {
        readonly systemInstruction?: { readonly parts: readonly WirePart[] };
        readonly tools?: {
          readonly tools: readonly { readonly functionDeclarations: readonly WireFunction[] }[];
        };
      };
    };
