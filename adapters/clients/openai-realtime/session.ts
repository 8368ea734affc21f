import type {
  EffectiveDetection,
  EffectiveSession,
  SessionUpdate,
  WireTurnDetectionUpdate,
} from '../../../protocol/openai-realtime/session.ts';
import type { WireAudioFormat } from '../../../protocol/openai-realtime/values.ts';
import type { AudioFormat } from '../../../src/audio/format.ts';
import type { BackendCapabilities } from '../../../src/ports/backend.ts';
import type {
  CallSettings,
  SemanticVad,
  ServerVad,
  ToolDefinition,
} from '../../../src/ports/settings.ts';
import { unsupported } from './errors.ts';
import { splitTools, writeServer } from './mcp.ts';
import { readFormat, readTools, readToolChoice, readVoice } from './requests.ts';
import { checkWishes } from './wishes.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Turn detection that is on. */
export type DetectionOn = ServerVad | SemanticVad;

/** What stands in for turn detection that was never on: the documented defaults. */
export const defaultServerVad: ServerVad = {
  kind: 'server_vad',
  threshold: 0.5,
  prefixPaddingMs: 300,
  silenceDurationMs: 500,
  createResponse: true,
  interruptResponse: true,
  idleTimeoutMs: null,
};

/** What an update is read against. */
export interface SessionContext {
  readonly capabilities: BackendCapabilities;
  /** Name of the backend that answers, for refusals. */
  readonly backend: string;
  /** Turn detection in force, or the last that was before it was switched off. */
  readonly turnDetection: DetectionOn;
}

/** What the wire calls a session, beyond its settings. */
export interface SessionIdentity {
  readonly sessionId: string;
  readonly model: string;
  /** Seconds since 1970; `null` where the session does not expire. */
  readonly expiresAt: number | null;
  /** Who transcribes the caller, where somebody does. */
  readonly transcriber: string;
}

/**
 * An update as a patch of the call's settings: only what the client named is in it. Wishes that
 * have no effect here (tracing, noise reduction, speed, truncation, reasoning, prompt …) leave no
 * trace in the patch; the session that answers the update says what is in force instead, unless the
 * backend is one where they are refused.
 *
 * @throws CallError for what cannot be had here; nothing of such an update counts
 */
export function readSessionUpdate(
  update: SessionUpdate,
  context: SessionContext,
): Partial<CallSettings> {
  const { backend } = context;
  if (update.type === 'transcription') {
    throw unsupported('session.type', 'A transcription session', backend);
  }
  checkWishes(update, context);
  const patch: Writable<Partial<CallSettings>> = {};
  if (update.instructions !== undefined) patch.instructions = update.instructions ?? '';
  const modality = update.output_modalities?.[0];
  if (modality !== undefined) patch.modality = modality;
  if (update.tools !== undefined) {
    const { functions, servers } = splitTools(update.tools ?? [], context);
    patch.tools = readTools(functions, 'session.tools', backend);
    if (servers !== null) patch.toolServers = servers;
  }
  if (update.tool_choice !== undefined) {
    patch.toolChoice = readToolChoice(update.tool_choice, 'session.tool_choice', backend);
  }
  if (update.max_output_tokens !== undefined) {
    patch.maxOutputTokens = update.max_output_tokens ?? 'inf';
  }
  const { input, output } = update.audio ?? {};
  if (input?.format !== undefined) {
    patch.inputFormat = readFormat(input.format);
  }
  if (input?.transcription !== undefined) {
    patch.callerTranscripts =
      input.transcription !== null && context.capabilities.transcripts.caller;
  }
  if (input?.turn_detection !== undefined) {
    patch.turnDetection =
      input.turn_detection === null
        ? null
        : readTurnDetection(input.turn_detection, context.turnDetection);
  }
  if (output?.format !== undefined) {
    patch.outputFormat = readFormat(output.format);
  }
  if (output?.voice !== undefined) patch.voice = readVoice(output.voice);
  return patch;
}

function readTurnDetection(update: WireTurnDetectionUpdate, current: DetectionOn): DetectionOn {
  const answering = {
    createResponse: update.create_response ?? current.createResponse,
    interruptResponse: update.interrupt_response ?? current.interruptResponse,
  };
  switch (update.type) {
    case 'semantic_vad': {
      const eagerness = current.kind === 'semantic_vad' ? current.eagerness : 'auto';
      return { kind: 'semantic_vad', eagerness: update.eagerness ?? eagerness, ...answering };
    }
    case 'server_vad': {
      const base = current.kind === 'server_vad' ? current : defaultServerVad;
      return {
        kind: 'server_vad',
        ...answering,
        threshold: update.threshold ?? base.threshold,
        prefixPaddingMs: update.prefix_padding_ms ?? base.prefixPaddingMs,
        silenceDurationMs: update.silence_duration_ms ?? base.silenceDurationMs,
        idleTimeoutMs:
          update.idle_timeout_ms === undefined ? base.idleTimeoutMs : update.idle_timeout_ms,
      };
    }
  }
}

function writeTurnDetection(vad: DetectionOn): EffectiveDetection {
  const answering = {
    create_response: vad.createResponse,
    interrupt_response: vad.interruptResponse,
  };
  switch (vad.kind) {
    case 'semantic_vad':
      return { type: 'semantic_vad', eagerness: vad.eagerness, ...answering };
    case 'server_vad':
      return {
        type: 'server_vad',
        threshold: vad.threshold,
        prefix_padding_ms: vad.prefixPaddingMs,
        silence_duration_ms: vad.silenceDurationMs,
        ...answering,
        idle_timeout_ms: vad.idleTimeoutMs,
      };
  }
}

/** The whole session as it stands on the wire, with everything that is in force filled in. */
export function writeSession(settings: CallSettings, identity: SessionIdentity): EffectiveSession {
  const vad = settings.turnDetection;
  return {
    type: 'realtime',
    object: 'realtime.session',
    id: identity.sessionId,
    model: identity.model,
    ...(identity.expiresAt === null ? {} : { expires_at: identity.expiresAt }),
    output_modalities: [settings.modality],
    instructions: settings.instructions,
    tools: [...settings.tools.map(writeTool), ...(settings.toolServers ?? []).map(writeServer)],
    tool_choice:
      settings.toolChoice.mode === 'tool'
        ? { type: 'function', name: settings.toolChoice.name }
        : settings.toolChoice.mode,
    parallel_tool_calls: null,
    reasoning: null,
    max_output_tokens: settings.maxOutputTokens,
    truncation: 'auto',
    tracing: null,
    prompt: null,
    include: null,
    audio: {
      input: {
        format: writeFormat(settings.inputFormat),
        noise_reduction: null,
        transcription: settings.callerTranscripts ? { model: identity.transcriber } : null,
        turn_detection: vad === null ? null : writeTurnDetection(vad),
      },
      output: { format: writeFormat(settings.outputFormat), voice: settings.voice, speed: 1 },
    },
  };
}

/** A format as it stands on the wire. */
export function writeFormat(format: AudioFormat): WireAudioFormat {
  switch (format.codec) {
    case 'pcm16':
      return { type: 'audio/pcm', rate: format.rateHz };
    case 'pcmu':
      return { type: 'audio/pcmu' };
    case 'pcma':
      return { type: 'audio/pcma' };
  }
}

function writeTool(tool: ToolDefinition): EffectiveSession['tools'][number] {
  return {
    type: 'function',
    name: tool.name,
    ...(tool.description === null ? {} : { description: tool.description }),
    ...(tool.parameters === null ? {} : { parameters: { ...tool.parameters } }),
  };
}
