import type {
  FunctionBehavior,
  WireFunction,
  WireSetup,
} from '../../../protocol/gemini-live/client-messages.ts';
import type { TurnAuthority } from '../../../src/ports/backend.ts';
import type { CallSettings, ToolDefinition } from '../../../src/ports/settings.ts';
import type { Family } from './families.ts';
import type { GeminiLiveOptions } from './options.ts';

/** What stays the same over all settings of a session. */
export interface SetupFrame {
  readonly options: GeminiLiveOptions;
  readonly family: Family;
  readonly authority: TurnAuthority;
}

/** How functions are declared under these options. */
export function toolBehavior({ options, family }: SetupFrame): FunctionBehavior {
  const wanted = options.tools === 'blocking' ? 'BLOCKING' : 'NON_BLOCKING';
  return family.toolBehaviors.includes(wanted) ? wanted : family.toolBehaviors[0]!;
}

/**
 * The settings of a call as the first message of a connection. What may vary from connection to
 * connection (`sessionResumption`, `historyConfig`) is added by {@link connectionSetup}.
 */
export function wireSetup(settings: CallSettings, frame: SetupFrame): WireSetup {
  const { options } = frame;
  const { instructions, maxOutputTokens } = settings;
  const tools = wireTools(settings, frame);
  const { language, temperature, transcriptionLanguages } = options;
  return {
    model: `models/${options.model}`,
    generationConfig: {
      responseModalities: ['AUDIO'],
      ...(maxOutputTokens === 'inf' ? {} : { maxOutputTokens }),
      ...(temperature === undefined ? {} : { temperature }),
      speechConfig: {
        voiceConfig: { prebuiltVoiceConfig: { voiceName: settings.voice ?? options.voice } },
        ...(language === undefined ? {} : { languageCode: language }),
      },
    },
    ...(instructions === '' ? {} : { systemInstruction: { parts: [{ text: instructions }] } }),
    ...(tools.length === 0 ? {} : { tools: [{ functionDeclarations: tools }] }),
    realtimeInputConfig: activity(settings, frame),
    ...(settings.callerTranscripts
      ? {
          inputAudioTranscription:
            transcriptionLanguages === undefined ? {} : { languageCodes: transcriptionLanguages },
        }
      : {}),
    outputAudioTranscription: language === undefined ? {} : { languageCodes: [language] },
    ...compression(options),
  };
}

/** @param handle of the session to take up again; `null` begins a new one */
export function connectionSetup(
  setup: WireSetup,
  { handle, announcesHistory }: { readonly handle: string | null; announcesHistory: boolean },
): WireSetup {
  return {
    ...setup,
    sessionResumption: handle === null ? {} : { handle },
    ...(announcesHistory ? { historyConfig: { initialHistoryInClientContent: true } } : {}),
  };
}

/** Functions as they are declared; none where none may be called. */
function wireTools({ tools, toolChoice }: CallSettings, frame: SetupFrame): WireFunction[] {
  if (toolChoice.mode === 'none') return [];
  const behavior = frame.family.declaresBehavior ? { behavior: toolBehavior(frame) } : {};
  return tools.map((tool) => ({ ...wireFunction(tool), ...behavior }));
}

function wireFunction({ name, description, parameters }: ToolDefinition): WireFunction {
  return {
    name,
    ...(description === null ? {} : { description }),
    ...(parameters === null ? {} : { parametersJsonSchema: parameters }),
  };
}

/**
 * With the gateway's own detection the server's is off. `prefixPaddingMs` is never copied: here it
 * is speech that is asked for before a start counts, not audio from before it.
 */
function activity(
  { turnDetection }: CallSettings,
  { authority }: SetupFrame,
): WireSetup['realtimeInputConfig'] {
  if (authority === 'gateway') return { automaticActivityDetection: { disabled: true } };
  return {
    automaticActivityDetection:
      turnDetection?.kind === 'server_vad'
        ? { silenceDurationMs: turnDetection.silenceDurationMs }
        : {},
    ...(turnDetection?.interruptResponse === false
      ? { activityHandling: 'NO_INTERRUPTION' as const }
      : {}),
  };
}

function compression({
  compression: wanted,
}: GeminiLiveOptions): Pick<WireSetup, 'contextWindowCompression'> {
  if (wanted === false) return {};
  if (wanted === true) return { contextWindowCompression: { slidingWindow: {} } };
  const { triggerTokens, targetTokens } = wanted;
  return {
    contextWindowCompression: {
      triggerTokens: `${triggerTokens}`,
      slidingWindow: { targetTokens: `${targetTokens}` },
    },
  };
}
