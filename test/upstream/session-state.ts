import type { SessionUpdate } from '../../protocol/openai-realtime/session.ts';
import type { WireFormat } from './answer-sound.ts';
import { WireError } from './conversation.ts';

/** Endpointing in force. */
export interface DetectionState {
  readonly type: 'server_vad';
  readonly threshold: number;
  readonly prefix_padding_ms: number;
  readonly silence_duration_ms: number;
  readonly create_response: boolean;
  readonly interrupt_response: boolean;
  readonly idle_timeout_ms: number | null;
}

const vadDefaults: DetectionState = {
  type: 'server_vad',
  threshold: 0.5,
  prefix_padding_ms: 300,
  silence_duration_ms: 500,
  create_response: true,
  interrupt_response: true,
  idle_timeout_ms: null,
};

/** One session's settings in force. */
export class SessionState {
  readonly id: string;
  readonly model: string;
  modality: 'audio' | 'text' = 'audio';
  instructions = 'You are a helpful assistant.';
  voice = 'marin';
  inputFormat: WireFormat = 'audio/pcm';
  outputFormat: WireFormat = 'audio/pcm';
  transcription: Readonly<Record<string, unknown>> | null = null;
  detection: DetectionState | null = vadDefaults;
  tools: readonly { readonly type: string; readonly name?: unknown }[] = [];
  toolChoice: unknown = 'auto';
  maxOutputTokens: number | 'inf' = 'inf';
  /** Audio has been sent: the voice is locked. */
  spoke = false;

  constructor(id: string, model: string) {
    this.id = id;
    this.model = model;
  }

  /** @throws WireError where the update is against the rules; nothing has changed then */
  update(update: SessionUpdate): void {
    if (update.type !== 'realtime') {
      throw new WireError('invalid_value', 'Cannot change the session type.', 'session.type');
    }
    const patch = update;
    const { audio } = patch;
    const wanted = audio?.output?.voice;
    const voice = typeof wanted === 'string' ? wanted : wanted?.id;
    if (voice !== undefined && voice !== this.voice && this.spoke) {
      throw new WireError(
        'cannot_update_voice',
        'Cannot update a conversation’s voice if assistant audio is present.',
        'session.audio.output.voice',
      );
    }
    for (const format of [audio?.input?.format, audio?.output?.format]) {
      if (format?.type === 'audio/pcm' && format.rate !== undefined && format.rate !== 24_000) {
        throw new WireError('invalid_value', 'The rate must be 24000.', 'session.audio');
      }
    }
    if (patch.model !== undefined && patch.model !== this.model) {
      throw new WireError('invalid_value', 'The model cannot be changed.', 'session.model');
    }
    for (const tool of patch.tools ?? []) checkTool(tool);
    if (voice !== undefined) this.voice = voice;
    if (audio?.input?.format !== undefined) this.inputFormat = audio.input.format.type;
    if (audio?.output?.format !== undefined) this.outputFormat = audio.output.format.type;
    if (audio?.input?.transcription !== undefined) this.transcription = audio.input.transcription;
    const detection = audio?.input?.turn_detection;
    if (detection === null) this.detection = null;
    else if (detection?.type === 'server_vad') {
      const base = this.detection ?? vadDefaults;
      this.detection = {
        type: 'server_vad',
        threshold: detection.threshold ?? base.threshold,
        prefix_padding_ms: detection.prefix_padding_ms ?? base.prefix_padding_ms,
        silence_duration_ms: detection.silence_duration_ms ?? base.silence_duration_ms,
        create_response: detection.create_response ?? base.create_response,
        interrupt_response: detection.interrupt_response ?? base.interrupt_response,
        idle_timeout_ms:
          detection.idle_timeout_ms === undefined
            ? base.idle_timeout_ms
            : detection.idle_timeout_ms,
      };
    } else if (detection !== undefined) {
      this.detection = vadDefaults;
    }
    const [modality] = patch.output_modalities ?? [];
    if (modality !== undefined) this.modality = modality;
    if (patch.instructions !== undefined) this.instructions = patch.instructions ?? '';
    if (patch.tools !== undefined) this.tools = patch.tools ?? [];
    if (patch.tool_choice !== undefined) this.toolChoice = patch.tool_choice ?? 'auto';
    if (patch.max_output_tokens !== undefined) {
      this.maxOutputTokens = patch.max_output_tokens ?? 'inf';
    }
  }

  /** The whole session as it is shown. */
  shown(expiresAt: number): object {
    return {
      type: 'realtime',
      object: 'realtime.session',
      id: this.id,
      model: this.model,
      expires_at: expiresAt,
      output_modalities: [this.modality],
      instructions: this.instructions,
      tools: this.tools,
      tool_choice: this.toolChoice,
      max_output_tokens: this.maxOutputTokens,
      truncation: 'auto',
      tracing: null,
      prompt: null,
      include: null,
      audio: {
        input: {
          format: shownFormat(this.inputFormat),
          noise_reduction: null,
          transcription: this.transcription,
          turn_detection: this.detection,
        },
        output: { format: shownFormat(this.outputFormat), voice: this.voice, speed: 1 },
      },
    };
  }
}

function checkTool(tool: Readonly<Record<string, unknown>>): void {
  if (tool['type'] !== 'mcp') return;
  const places = ['server_url', 'connector_id', 'tunnel_id'].filter((key) => key in tool);
  if (places.length === 1) return;
  const message = 'Exactly one of server_url, connector_id and tunnel_id is needed.';
  throw new WireError('invalid_value', message, 'session.tools');
}

/** A format as the wire shows it. */
export function shownFormat(format: WireFormat): object {
  return format === 'audio/pcm' ? { type: format, rate: 24_000 } : { type: format };
}
