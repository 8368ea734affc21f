import {
  any,
  bool,
  bytes,
  int,
  list,
  map,
  message,
  number,
  oneOf,
  string,
  struct,
} from './shape.ts';
import type { Shape } from './shape.ts';

/**
 * What a client may say, field by field, as the developer API takes it (vendor's reference and the
 * types of its SDK 3.1.0; `explicitVadSignal`, `labels` and `transparent` belong to the other API).
 */

const empty = message({});

const blob = message({ data: bytes, mimeType: string, displayName: string });

const functionCall = message({ id: string, name: string, args: struct });

const functionResponse = message({
  id: string,
  name: string,
  response: struct,
  parts: list(any),
  scheduling: oneOf('v1beta.FunctionResponse.Scheduling', [
    'SCHEDULING_UNSPECIFIED',
    'SILENT',
    'WHEN_IDLE',
    'INTERRUPT',
  ]),
  willContinue: bool,
});

const content = message({
  role: string,
  parts: list(
    message({
      text: string,
      thought: bool,
      thoughtSignature: bytes,
      inlineData: blob,
      fileData: any,
      functionCall,
      functionResponse,
      executableCode: any,
      codeExecutionResult: any,
      videoMetadata: any,
      mediaResolution: any,
      partMetadata: struct,
    }),
  ),
});

const typeName = oneOf('v1beta.Type', [
  'TYPE_UNSPECIFIED',
  'STRING',
  'NUMBER',
  'INTEGER',
  'BOOLEAN',
  'ARRAY',
  'OBJECT',
  'NULL',
]);

const later = (): Shape => schema;
const schemaLater: Shape = { kind: 'later', shape: later };

/** The vendor's own kind of schema: no `additionalProperties`, no `$ref`, no `const`. */
const schema = message({
  type: typeName,
  format: string,
  title: string,
  description: string,
  nullable: bool,
  enum: list(string),
  items: schemaLater,
  minItems: int,
  maxItems: int,
  properties: map(schemaLater),
  required: list(string),
  propertyOrdering: list(string),
  minProperties: int,
  maxProperties: int,
  anyOf: list(schemaLater),
  minimum: number,
  maximum: number,
  minLength: int,
  maxLength: int,
  pattern: string,
  example: any,
  default: any,
});

const tools = list(
  message({
    functionDeclarations: list(
      message({
        name: string,
        description: string,
        parameters: schema,
        parametersJsonSchema: any,
        response: schema,
        responseJsonSchema: any,
        behavior: oneOf('v1beta.FunctionDeclaration.Behavior', [
          'UNSPECIFIED',
          'BLOCKING',
          'NON_BLOCKING',
        ]),
      }),
    ),
    googleSearch: any,
    googleSearchRetrieval: any,
    codeExecution: any,
    urlContext: any,
    googleMaps: any,
  }),
);

const voiceConfig = message({
  prebuiltVoiceConfig: message({ voiceName: string }),
  replicatedVoiceConfig: any,
});

const generationConfig = message({
  candidateCount: int,
  responseModalities: list(oneOf('v1beta.Modality', ['TEXT', 'IMAGE', 'AUDIO'])),
  temperature: number,
  topP: number,
  topK: number,
  maxOutputTokens: int,
  presencePenalty: number,
  frequencyPenalty: number,
  mediaResolution: string,
  seed: int,
  speechConfig: message({
    voiceConfig,
    languageCode: string,
    multiSpeakerVoiceConfig: any,
  }),
  thinkingConfig: message({ includeThoughts: bool, thinkingBudget: int, thinkingLevel: string }),
  enableAffectiveDialog: bool,
  translationConfig: message({ targetLanguageCode: string, echoTargetLanguage: bool }),
});

const transcription = message({
  languageCodes: list(string),
  languageAuto: any,
  languageHints: any,
  customVocabulary: list(string),
  adaptationPhrases: list(string),
  wordTimestamp: bool,
  diarization: bool,
  mode: string,
});

const sensitivity = (place: 'START' | 'END', name: string): Shape =>
  oneOf(`v1beta.RealtimeInputConfig.AutomaticActivityDetection.${name}`, [
    `${place}_SENSITIVITY_UNSPECIFIED`,
    `${place}_SENSITIVITY_HIGH`,
    `${place}_SENSITIVITY_LOW`,
  ]);

const setup = message({
  model: string,
  generationConfig,
  systemInstruction: content,
  tools,
  realtimeInputConfig: message({
    automaticActivityDetection: message({
      disabled: bool,
      startOfSpeechSensitivity: sensitivity('START', 'StartSensitivity'),
      endOfSpeechSensitivity: sensitivity('END', 'EndSensitivity'),
      prefixPaddingMs: int,
      silenceDurationMs: int,
    }),
    activityHandling: oneOf('v1beta.RealtimeInputConfig.ActivityHandling', [
      'ACTIVITY_HANDLING_UNSPECIFIED',
      'START_OF_ACTIVITY_INTERRUPTS',
      'NO_INTERRUPTION',
    ]),
    turnCoverage: oneOf('v1beta.RealtimeInputConfig.TurnCoverage', [
      'TURN_COVERAGE_UNSPECIFIED',
      'TURN_INCLUDES_ONLY_ACTIVITY',
      'TURN_INCLUDES_ALL_INPUT',
      'TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO',
    ]),
  }),
  sessionResumption: message({ handle: string }),
  contextWindowCompression: message({
    triggerTokens: int,
    slidingWindow: message({ targetTokens: int }),
  }),
  inputAudioTranscription: transcription,
  outputAudioTranscription: transcription,
  proactivity: message({ proactiveAudio: bool, proactiveVideo: bool }),
  historyConfig: message({ initialHistoryInClientContent: bool }),
  avatarConfig: any,
  safetySettings: list(any),
});

/** Any message of a client. Exactly one of the fields is set in each. */
export const clientMessage = message({
  setup,
  clientContent: message({ turns: list(content), turnComplete: bool }),
  realtimeInput: message({
    mediaChunks: list(blob),
    audio: blob,
    video: blob,
    text: string,
    audioStreamEnd: bool,
    activityStart: empty,
    activityEnd: empty,
  }),
  toolResponse: message({ functionResponses: list(functionResponse) }),
  contextUpdate: message({ systemInstruction: content, tools: message({ tools }) }),
});
