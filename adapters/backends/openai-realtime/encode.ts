import type { ClientEvent } from '../../../protocol/openai-realtime/client-events.ts';
import type { ClientItem, WireInputItem } from '../../../protocol/openai-realtime/items.ts';
import type { ResponseParams } from '../../../protocol/openai-realtime/response.ts';
import { Base64Bytes } from '../../../src/audio/base64-bytes.ts';
import type { BackendCommand } from '../../../src/ports/backend.ts';
import type {
  ConversationItem,
  ItemContent,
  MessageItem,
} from '../../../src/ports/conversation.ts';
import type { LineOverrides } from '../../../src/ports/settings.ts';
import { wireTool, wireToolChoice } from './session-settings.ts';

/** Under this name a response's metadata carries the id of its line. */
export const lineMetadataKey = 'parley_line';

const appendHead = '{"type":"input_audio_buffer.append","audio":"';
const appendTail = '"}';

/**
 * Caller audio as JSON text; the bytes are only read. As bytes itself, because `ws` masks these on
 * their way into one frame, and a string in two steps.
 */
export function encodeAppend(bytes: Uint8Array): Buffer {
  const base64 = Base64Bytes.encode(bytes);
  const message = Buffer.allocUnsafe(appendHead.length + base64.length + appendTail.length);
  message.write(appendHead, 0, 'latin1');
  message.write(base64, appendHead.length, 'latin1');
  message.write(appendTail, appendHead.length + base64.length, 'latin1');
  return message;
}

/**
 * A request for a line's response.
 *
 * @param upstreamId what the upstream calls an item, `undefined` where it was never told of it
 */
export function encodeRespond(
  { lineId, outOfBand, overrides, input }: BackendCommand & { readonly type: 'respond' },
  eventId: string,
  upstreamId: (itemId: string) => string | undefined,
): ClientEvent & { readonly type: 'response.create' } {
  return {
    type: 'response.create',
    event_id: eventId,
    response: {
      ...(outOfBand ? { conversation: 'none' as const } : {}),
      metadata: { [lineMetadataKey]: lineId },
      ...overridesOf(overrides),
      ...(input === null ? {} : { input: input.flatMap((item) => inputOf(item, upstreamId)) }),
    },
  };
}

function overridesOf(overrides: LineOverrides): ResponseParams {
  const { instructions, voice, modality, tools, toolChoice, maxOutputTokens } = overrides;
  return {
    ...(instructions === undefined ? {} : { instructions }),
    ...(voice === undefined ? {} : { audio: { output: { voice } } }),
    ...(modality === undefined ? {} : { output_modalities: [modality] }),
    ...(tools === undefined ? {} : { tools: tools.map(wireTool) }),
    ...(toolChoice === undefined ? {} : { tool_choice: wireToolChoice(toolChoice) }),
    ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
  };
}

/** Items the upstream has are named; what it was never told is written out. */
function inputOf(
  item: ConversationItem,
  upstreamId: (itemId: string) => string | undefined,
): WireInputItem[] {
  const known = upstreamId(item.itemId);
  if (known !== undefined) return [{ type: 'item_reference', id: known }];
  const written = wireItem(item);
  return written === null ? [] : [written];
}

/**
 * A conversation item as the upstream takes it: words for sound, since agent audio cannot be
 * created and the caller's is not kept.
 *
 * @returns `null` where the item has no words
 */
export function wireItem(item: ConversationItem): ClientItem | null {
  switch (item.kind) {
    case 'message':
      return wireMessage(item);
    case 'tool_call':
      return {
        type: 'function_call',
        call_id: item.toolCallId,
        name: item.name,
        arguments: item.arguments,
      };
    case 'tool_output':
      return {
        type: 'function_call_output',
        call_id: item.toolCallId,
        output: item.output,
      };
  }
}

function wireMessage({ role, content }: MessageItem): ClientItem | null {
  const text = content
    .map(wordsOf)
    .filter((words) => words !== '')
    .join(' ');
  if (text === '') return null;
  return role === 'assistant'
    ? { type: 'message', role, content: [{ type: 'output_text', text }] }
    : { type: 'message', role, content: [{ type: 'input_text', text }] };
}

function wordsOf(content: ItemContent): string {
  switch (content.type) {
    case 'text':
      return content.text;
    case 'audio':
      return content.transcript ?? '';
  }
}
