import type { ServerContent, ServerItem } from '../../../protocol/openai-realtime/items.ts';
import type { RetrievedItem } from '../../../src/ports/client.ts';
import type {
  ConversationItem,
  ItemContent,
  ItemStatus,
  MessageItem,
} from '../../../src/ports/conversation.ts';
import { Base64Bytes } from '../../../src/audio/base64-bytes.ts';
import { callItem } from './mcp.ts';

/** An item of the conversation as this wire shows it, without audio. */
export function writeItem(item: ConversationItem): ServerItem {
  switch (item.kind) {
    case 'message':
      return messageItem(
        item.itemId,
        item.status,
        item.role,
        item.content.map((part) => writeContent(item.role, part)),
      );
    case 'tool_call':
      if (item.ranOn !== undefined) return callItem(item, item.ranOn);
      return {
        id: item.itemId,
        object: 'realtime.item',
        type: 'function_call',
        status: item.status,
        call_id: item.toolCallId,
        name: item.name,
        arguments: item.arguments,
      };
    case 'tool_output':
      return {
        id: item.itemId,
        object: 'realtime.item',
        type: 'function_call_output',
        status: item.status,
        call_id: item.toolCallId,
        output: item.output,
      };
  }
}

/** An item somebody asked for: with its audio, where that is still kept. */
export function writeRetrieved({ item, audio }: RetrievedItem): ServerItem {
  const written = writeItem(item);
  if (audio === null || written.type !== 'message') return written;
  const at = written.content.findIndex(
    (part) => part.type === 'input_audio' || part.type === 'output_audio',
  );
  const content = written.content.map((part, index) =>
    index === at ? { ...part, audio: Base64Bytes.encode(audio) } : part,
  );
  return { ...written, content };
}

/** A message item of this wire. */
export function messageItem(
  itemId: string,
  status: ItemStatus,
  role: MessageItem['role'],
  content: ServerContent[],
): ServerItem {
  return { id: itemId, object: 'realtime.item', type: 'message', status, role, content };
}

function writeContent(role: MessageItem['role'], part: ItemContent): ServerContent {
  switch (part.type) {
    case 'text':
      return { type: role === 'assistant' ? 'output_text' : 'input_text', text: part.text };
    case 'audio':
      return role === 'assistant'
        ? { type: 'output_audio', transcript: part.transcript ?? '' }
        : { type: 'input_audio', transcript: part.transcript };
  }
}
