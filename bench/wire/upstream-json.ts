import { frameMs } from '../lib/pacer.ts';

/** JSON of the hosted wire, as far as the stand-in writes it. */
export type Json = Readonly<Record<string, unknown>>;

/** What a response shows of the answer behind it. */
interface ShownLine {
  readonly responseId: string;
  readonly itemId: string;
  readonly metadata: unknown;
  readonly sentFrames: number;
}

/** An agent's message without its content. */
export function messageItem(id: string, status: string): Json {
  const content: readonly unknown[] = [];
  return { id, object: 'realtime.item', type: 'message', status, role: 'assistant', content };
}

/** A response at some moment of its life. */
export function responseOf(
  { responseId, itemId, metadata, sentFrames }: ShownLine,
  status: string,
): Json {
  const outputTokens = Math.ceil((sentFrames * frameMs) / 50);
  return {
    object: 'realtime.response',
    id: responseId,
    status,
    status_details:
      status === 'cancelled' ? { type: 'cancelled', reason: 'client_cancelled' } : null,
    output: status === 'in_progress' ? [] : [messageItem(itemId, 'completed')],
    conversation_id: 'conv_bench',
    output_modalities: ['audio'],
    max_output_tokens: 'inf',
    audio: { output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'marin' } },
    usage:
      status === 'in_progress'
        ? null
        : {
            total_tokens: outputTokens,
            input_tokens: 0,
            output_tokens: outputTokens,
            input_token_details: { text_tokens: 0, audio_tokens: 0, cached_tokens: 0 },
            output_token_details: { text_tokens: 0, audio_tokens: outputTokens },
          },
    metadata,
  };
}

/** A session before its first update. */
export function initialSession(id: string): Json {
  const format = { type: 'audio/pcm', rate: 24_000 };
  return {
    type: 'realtime',
    object: 'realtime.session',
    id,
    model: 'steady',
    output_modalities: ['audio'],
    instructions: '',
    tools: [],
    tool_choice: 'auto',
    max_output_tokens: 'inf',
    truncation: 'auto',
    tracing: null,
    prompt: null,
    include: null,
    audio: {
      input: { format, noise_reduction: null, transcription: null, turn_detection: null },
      output: { format, voice: 'marin', speed: 1 },
    },
  };
}

/** Settings over settings, group by group; lists are replaced. */
export function merged(old: Json, update: Json): Json {
  const result: Record<string, unknown> = { ...old };
  for (const [key, value] of Object.entries(update)) {
    const before = result[key];
    result[key] = isGroup(before) && isGroup(value) ? merged(before, value) : value;
  }
  return result;
}

function isGroup(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
