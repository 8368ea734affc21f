import type { SessionUpdate } from '../../../protocol/openai-realtime/session.ts';
import type { WireAudioFormat, WireToolChoice } from '../../../protocol/openai-realtime/values.ts';
import type { AudioFormat } from '../../../src/audio/format.ts';
import type { BackendContext } from '../../../src/ports/backend.ts';
import type {
  CallSettings,
  ToolChoice,
  ToolDefinition,
  TurnDetection,
} from '../../../src/ports/settings.ts';
import type { ToolServer } from '../../../src/ports/tool-servers.ts';

/** Session settings on the wire. */
export type WireSession = SessionUpdate & { readonly type: 'realtime' };

/** What besides a call's settings decides about the session. */
export interface SessionFrame extends Pick<
  BackendContext,
  'authority' | 'inputFormat' | 'outputFormat'
> {
  /** `null`: the upstream has a model of its own for that. */
  readonly transcriptionModel: string | null;
}

/** The whole session for these settings. Turns are ours unless the backend is to judge them. */
export function wireSession(settings: CallSettings, frame: SessionFrame): WireSession {
  const { voice, turnDetection } = settings;
  return {
    type: 'realtime',
    output_modalities: [settings.modality],
    instructions: settings.instructions,
    audio: {
      input: {
        format: wireFormat(frame.inputFormat),
        transcription: settings.callerTranscripts ? transcription(frame) : null,
        turn_detection: frame.authority === 'backend' ? wireDetection(turnDetection) : null,
      },
      output: {
        format: wireFormat(frame.outputFormat),
        ...(voice === null ? {} : { voice }),
      },
    },
    tools: [...settings.tools.map(wireTool), ...(settings.toolServers ?? []).map(wireServer)],
    tool_choice: wireToolChoice(settings.toolChoice),
    max_output_tokens: settings.maxOutputTokens,
  };
}

function transcription({ transcriptionModel: model }: SessionFrame): { model?: string } {
  return model === null ? {} : { model };
}

/** The keys in which `after` differs; `null` where there are none. Formats never change in a call. */
export function changedSession(before: WireSession, after: WireSession): WireSession | null {
  const input = changed(before.audio?.input ?? {}, after.audio?.input ?? {});
  const output = changed(before.audio?.output ?? {}, after.audio?.output ?? {});
  const top = Object.fromEntries(
    Object.entries(changed(before, after)).filter(([key]) => key !== 'audio'),
  );
  const audio = {
    ...(Object.keys(input).length === 0 ? {} : { input }),
    ...(Object.keys(output).length === 0 ? {} : { output }),
  };
  if (Object.keys(top).length === 0 && Object.keys(audio).length === 0) return null;
  return { type: 'realtime', ...top, ...(Object.keys(audio).length === 0 ? {} : { audio }) };
}

function changed<T extends object>(before: T, after: T): Partial<T> {
  const entries = Object.entries(after).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key as keyof T]),
  );
  return Object.fromEntries(entries) as Partial<T>;
}

function wireFormat({ codec, rateHz }: AudioFormat): WireAudioFormat {
  switch (codec) {
    case 'pcm16':
      return { type: 'audio/pcm', rate: rateHz };
    case 'pcmu':
      return { type: 'audio/pcmu' };
    case 'pcma':
      return { type: 'audio/pcma' };
  }
}

type WireDetection = NonNullable<NonNullable<WireSession['audio']>['input']>['turn_detection'];

function wireDetection(detection: TurnDetection): WireDetection {
  if (detection === null) return null;
  const answering = {
    create_response: detection.createResponse,
    interrupt_response: detection.interruptResponse,
  };
  switch (detection.kind) {
    case 'semantic_vad':
      return { type: 'semantic_vad', eagerness: detection.eagerness, ...answering };
    case 'server_vad':
      return {
        type: 'server_vad',
        threshold: detection.threshold,
        prefix_padding_ms: detection.prefixPaddingMs,
        silence_duration_ms: detection.silenceDurationMs,
        ...answering,
        idle_timeout_ms: detection.idleTimeoutMs,
      };
  }
}

/** A function on the wire. */
export function wireTool({ name, description, parameters }: ToolDefinition): {
  type: 'function';
  name: string;
  description?: string;
  parameters?: Record<string, unknown>;
} {
  return {
    type: 'function',
    name,
    ...(description === null ? {} : { description }),
    ...(parameters === null ? {} : { parameters }),
  };
}

/** A server whose tools the upstream runs, with what it is reached with. */
function wireServer(server: ToolServer): NonNullable<WireSession['tools']>[number] {
  return { ...server.definition(), type: 'mcp', server_label: server.label };
}

/** A tool choice on the wire. */
export function wireToolChoice(choice: ToolChoice): WireToolChoice {
  return choice.mode === 'tool' ? { type: 'function', name: choice.name } : choice.mode;
}
