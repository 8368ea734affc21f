import type {
  ClientMessage,
  WireContent,
  WireFunctionResponse,
} from '../../../protocol/gemini-live/client-messages.ts';
import type { BackendCommand } from '../../../src/ports/backend.ts';
import type { ConversationItem, MessageItem } from '../../../src/ports/conversation.ts';

/** Caller audio as JSON text: PCM16 mono, little-endian. The bytes are only read. */
export function encodeAudio(bytes: Uint8Array, rateHz: number): string {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return `{"realtimeInput":{"audio":{"data":"${data}","mimeType":"audio/pcm;rate=${rateHz}"}}}`;
}

export const activityStart: ClientMessage = { realtimeInput: { activityStart: {} } };
export const activityEnd: ClientMessage = { realtimeInput: { activityEnd: {} } };
export const audioStreamEnd: ClientMessage = { realtimeInput: { audioStreamEnd: true } };

/** What a turn of the user holds where one has to be there and nobody said anything. */
const placeholder: WireContent = { role: 'user', parts: [{ text: '.' }] };

/**
 * Asks for an answer. With nothing new it is a bare request, or a placeholder where the model needs
 * a turn of the user.
 */
export function encodeRequest(
  turns: readonly WireContent[],
  { text, bareRequest }: { readonly text: 'content' | 'realtime'; readonly bareRequest: boolean },
): ClientMessage {
  const [first] = turns;
  if (text === 'realtime') {
    const words = turns.flatMap(({ parts }) => parts.map((part) => part.text)).join('\n');
    return { realtimeInput: { text: words === '' ? '.' : words } };
  }
  if (first === undefined && bareRequest) return { clientContent: { turnComplete: true } };
  const needsUser = turns.at(-1)?.role !== 'user' && !bareRequest;
  return {
    clientContent: { turns: needsUser ? [...turns, placeholder] : turns, turnComplete: true },
  };
}

/** Tells of turns without asking for an answer. */
export function encodeContext(turns: readonly WireContent[]): ClientMessage {
  return { clientContent: { turns, turnComplete: false } };
}

/** History as the setup announced it: the last message of it closes it, and triggers nothing. */
export function encodeHistory(turns: readonly WireContent[]): ClientMessage {
  return { clientContent: { turns, turnComplete: true } };
}

/** Results of functions. */
export function encodeResponses(functionResponses: readonly WireFunctionResponse[]): ClientMessage {
  return { toolResponse: { functionResponses } };
}

/** A tool's output as the object that it has to be; JSON objects are taken as they are. */
export function responseObject(output: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(output);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Readonly<Record<string, unknown>>;
    }
    return { output: parsed };
  } catch {
    return { output };
  }
}

/**
 * A message as the upstream takes it: words for sound, and the system's words as the user's, since
 * there are two roles.
 *
 * @returns `null` where the item has no words
 */
export function wireContent(item: MessageItem): WireContent | null {
  const text = item.content
    .map((content) => (content.type === 'text' ? content.text : (content.transcript ?? '')))
    .filter((words) => words !== '')
    .join(' ');
  if (text === '') return null;
  return { role: item.role === 'assistant' ? 'model' : 'user', parts: [{ text }] };
}

/** What a tool brought, in words: for models that did not make the call themselves. */
export function toolWords(name: string, output: string): WireContent {
  return { role: 'user', parts: [{ text: `(The tool ${name} answered: ${output})` }] };
}

/** A seed's items in words, calls together with what they brought. */
export function seedContents(items: readonly ConversationItem[]): {
  readonly contents: readonly WireContent[];
  /** Items that have no words. */
  readonly skipped: number;
} {
  const names = new Map<string, string>();
  const contents: WireContent[] = [];
  let skipped = 0;
  for (const item of items) {
    switch (item.kind) {
      case 'tool_call':
        names.set(item.toolCallId, item.name);
        break;
      case 'tool_output':
        contents.push(toolWords(names.get(item.toolCallId) ?? 'of before', item.output));
        break;
      case 'message': {
        const content = wireContent(item);
        if (content === null) skipped += 1;
        else contents.push(content);
      }
    }
  }
  return { contents, skipped };
}

/**
 * What of a request this wire cannot carry, in words; `null` where it can carry all of it. There is
 * one answer at a time, from the whole conversation, in the settings of the connection.
 */
export function requestRefusal({
  outOfBand,
  overrides,
  input,
}: BackendCommand & { readonly type: 'respond' }): string | null {
  if (outOfBand) return 'an answer outside the conversation';
  if (input !== null) return 'an answer to other input than the conversation';
  const { voice, modality, tools, toolChoice, maxOutputTokens } = overrides;
  if (modality === 'text') return 'an answer in text';
  if (voice !== undefined) return 'a voice for one answer';
  if (tools !== undefined) return 'tools for one answer';
  if (toolChoice !== undefined && toolChoice.mode !== 'auto') return 'a tool choice for one answer';
  if (maxOutputTokens !== undefined && maxOutputTokens !== 'inf') return 'a limit for one answer';
  return null;
}
