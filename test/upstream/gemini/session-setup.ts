import type { ContextUpdate, Setup, WireContent, WireTool } from './client-messages.ts';
import { Closing, invalidArgument } from './closing.ts';
import { familyOf, type Family } from './families.ts';

/** How activity of the caller is found, and what it does. */
export interface ActivitySettings {
  /** `false`: the client says when it begins and ends. */
  readonly automatic: boolean;
  readonly startSensitivity: 'HIGH' | 'LOW';
  readonly endSensitivity: 'HIGH' | 'LOW';
  /** Speech of this length is asked for before a start counts, ms. */
  readonly prefixPaddingMs: number | null;
  readonly silenceDurationMs: number | null;
  readonly interrupts: boolean;
  /** Audio outside of activity belongs to the turn too. */
  readonly allInput: boolean;
}

/** What a setup asks for, checked. */
export interface SessionSetup {
  readonly model: string;
  readonly family: Family;
  readonly activity: ActivitySettings;
  readonly maxOutputTokens: number | null;
  readonly voice: string | null;
  readonly transcribesInput: boolean;
  readonly transcribesOutput: boolean;
  /** `undefined` = not asked for, `null` = asked for, a new session. */
  readonly handle: string | null | undefined;
  readonly compresses: boolean;
  /** History comes in clientContent, before anything else. */
  readonly initialHistory: boolean;
  /** setupComplete never comes. */
  readonly hangs: boolean;
}

/** What may change during a session. */
export interface SessionContext {
  readonly instructions: string;
  /** Functions by name. */
  readonly functions: ReadonlyMap<string, 'BLOCKING' | 'NON_BLOCKING'>;
}

/** The prebuilt voices (vendor's speech guide). */
const voices = new Set(
  (
    'Zephyr Puck Charon Kore Fenrir Leda Orus Aoede Callirrhoe Autonoe Enceladus Iapetus ' +
    'Umbriel Algieba Despina Erinome Algenib Rasalgethi Laomedeia Achernar Alnilam Schedar ' +
    'Gacrux Pulcherrima Achird Zubenelgenubi Vindemiatrix Sadachbia Sadaltager Sulafat'
  ).split(' '),
);

/** @throws Closing where the server would refuse it */
export function checkSetup(setup: Setup, apiVersion: string): SessionSetup {
  const family = familyOf(setup.model, apiVersion);
  const { generationConfig = {} } = setup;
  const [modality, second] = generationConfig.responseModalities ?? ['AUDIO'];
  if (second !== undefined || modality?.toUpperCase() !== 'AUDIO') {
    throw new Closing(1007, invalidArgument);
  }
  const thinking = generationConfig.thinkingConfig ?? {};
  const foreign = family.thinking === 'thinkingLevel' ? 'thinkingBudget' : 'thinkingLevel';
  if (thinking[foreign] !== undefined) {
    throw new Closing(1007, `Thinking config option ${foreign} is not supported by this model.`);
  }
  const voice = generationConfig.speechConfig?.voiceConfig?.prebuiltVoiceConfig?.voiceName ?? null;
  if (voice !== null && !voices.has(voice)) {
    throw new Closing(1007, `Requested voice api_name '${voice}' is not available for this model.`);
  }
  const { maxOutputTokens } = generationConfig;
  if (maxOutputTokens !== undefined && Number(maxOutputTokens) < 1) {
    throw new Closing(1007, 'max_output_tokens must be positive.');
  }
  const affective =
    generationConfig.enableAffectiveDialog === true || setup.proactivity !== undefined;
  const { sessionResumption } = setup;
  return {
    model: setup.model ?? '',
    family,
    activity: activityOf(setup),
    maxOutputTokens: maxOutputTokens === undefined ? null : Number(maxOutputTokens),
    voice,
    transcribesInput: setup.inputAudioTranscription !== undefined,
    transcribesOutput: setup.outputAudioTranscription !== undefined,
    handle: sessionResumption === undefined ? undefined : (sessionResumption.handle ?? null),
    compresses: setup.contextWindowCompression !== undefined,
    initialHistory: setup.historyConfig?.initialHistoryInClientContent === true,
    hangs: affective && family.affective === 'hangs',
  };
}

/** @throws Closing where the model cannot have such tools */
export function contextOf(
  { systemInstruction, tools }: Pick<Setup, 'systemInstruction' | 'tools'>,
  family: Family,
): SessionContext {
  return {
    instructions: textOf(systemInstruction),
    functions: functionsOf(tools ?? [], family),
  };
}

/** Only what is there replaces what was. @throws Closing where the model cannot have such tools */
export function updatedContext(
  context: SessionContext,
  { systemInstruction, tools }: ContextUpdate,
  family: Family,
): SessionContext {
  return {
    instructions: systemInstruction ? textOf(systemInstruction) : context.instructions,
    functions: tools ? functionsOf(tools.tools ?? [], family) : context.functions,
  };
}

/** Text of all parts, joined by a space. */
export function textOf(content: WireContent | undefined): string {
  return (content?.parts ?? []).flatMap(({ text }) => text ?? []).join(' ');
}

function functionsOf(
  tools: readonly WireTool[],
  family: Family,
): Map<string, 'BLOCKING' | 'NON_BLOCKING'> {
  const functions = new Map<string, 'BLOCKING' | 'NON_BLOCKING'>();
  for (const { name = '', behavior } of tools.flatMap((tool) => tool.functionDeclarations ?? [])) {
    if (!/^[A-Za-z_][\w.-]{0,127}$/.test(name) || functions.has(name)) {
      throw new Closing(1007, `Invalid or duplicate function declaration: '${name}'.`);
    }
    const asked =
      behavior === 'BLOCKING' || behavior === 'NON_BLOCKING' ? behavior : family.toolBehavior;
    if (!family.toolBehaviors.includes(asked)) throw new Closing(1007, invalidArgument);
    functions.set(name, asked);
  }
  return functions;
}

function activityOf({ realtimeInputConfig = {} }: Setup): ActivitySettings {
  const {
    automaticActivityDetection: detection = {},
    activityHandling,
    turnCoverage,
  } = realtimeInputConfig;
  const { prefixPaddingMs, silenceDurationMs } = detection;
  for (const value of [prefixPaddingMs, silenceDurationMs]) {
    if (Number(value ?? 0) < 0) throw new Closing(1007, invalidArgument);
  }
  return {
    automatic: detection.disabled !== true,
    startSensitivity: detection.startOfSpeechSensitivity?.endsWith('_LOW') ? 'LOW' : 'HIGH',
    endSensitivity: detection.endOfSpeechSensitivity?.endsWith('_LOW') ? 'LOW' : 'HIGH',
    prefixPaddingMs: prefixPaddingMs === undefined ? null : Number(prefixPaddingMs),
    silenceDurationMs: silenceDurationMs === undefined ? null : Number(silenceDurationMs),
    interrupts: activityHandling !== 'NO_INTERRUPTION',
    allInput: turnCoverage === 'TURN_INCLUDES_ALL_INPUT',
  };
}
