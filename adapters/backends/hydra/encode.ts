import type { ClientEvent } from '../../../protocol/hydra/client-events.ts';
import type { WireTool } from '../../../protocol/hydra/values.ts';
import type { CallSettings, ToolDefinition } from '../../../src/ports/settings.ts';

/**
 * The session's one configuration.
 *
 * @param speaksFirst the agent begins, before it has heard anything
 */
export function encodeConfigure(
  { instructions, voice, tools }: CallSettings,
  { defaultVoice, speaksFirst }: { readonly defaultVoice: string | null; speaksFirst: boolean },
): ClientEvent {
  const name = voice ?? defaultVoice;
  return {
    type: 'session.configure',
    session: {
      instructions,
      ...(name === null ? {} : { voice: name }),
      tools: tools.map(wireTool),
      generate_initial_response: speaksFirst,
    },
  };
}

/** Other tools, later on. */
export function encodeTools(tools: readonly ToolDefinition[]): ClientEvent {
  return { type: 'session.update', session: { tools: tools.map(wireTool) } };
}

/** Caller audio as JSON text, PCM16 at 16 kHz. The bytes are only read. */
export function encodeAppend(bytes: Uint8Array): string {
  const audio = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return `{"type":"input_audio_buffer.append","audio":"${audio}"}`;
}

/** What a tool brought. */
export function encodeOutput(toolCallId: string, output: string): ClientEvent {
  return {
    type: 'conversation.item.create',
    item: { type: 'function_call_output', call_id: toolCallId, output },
  };
}

const createPrefix = 'create:';

/** A request for an answer; an error that is about it carries the line's id back. */
export function encodeCreate(lineId: string): ClientEvent {
  return { type: 'response.create', event_id: `${createPrefix}${lineId}` };
}

/** The line whose request an error is about; `null` where it is about something else. */
export function createdLine(eventId: string | null): string | null {
  return eventId?.startsWith(createPrefix) === true ? eventId.slice(createPrefix.length) : null;
}

/** The end of a response before its time. */
export function encodeCancel(responseId: string): ClientEvent {
  return { type: 'response.cancel', response_id: responseId };
}

function wireTool({ name, description, parameters }: ToolDefinition): WireTool {
  return {
    type: 'function',
    name,
    ...(description === null ? {} : { description }),
    parameters: parameters ?? { type: 'object', properties: {} },
  };
}
