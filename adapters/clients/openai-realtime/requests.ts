import type { ClientItem, WireInputItem } from '../../../protocol/openai-realtime/items.ts';
import type { ResponseParams } from '../../../protocol/openai-realtime/response.ts';
import type { WireAudioFormat, WireToolChoice } from '../../../protocol/openai-realtime/values.ts';
import { pcm24k, pcma8k, pcmu8k, sameFormat, type AudioFormat } from '../../../src/audio/format.ts';
import type { ClientCommand, InputItem, NewItem } from '../../../src/ports/client.ts';
import type { ItemContent } from '../../../src/ports/conversation.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { LineOverrides, ToolChoice, ToolDefinition } from '../../../src/ports/settings.ts';
import { unsupported } from './errors.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type WireTools = NonNullable<ResponseParams['tools']>;
type WireVoice = NonNullable<NonNullable<ResponseParams['audio']>['output']>['voice'];
type TextContent = ItemContent & { readonly type: 'text' };

/** What a request is read against. */
export interface RequestContext {
  /** The call's own, which an answer cannot depart from. */
  readonly outputFormat: AudioFormat;
  /** Name of the backend that answers, for refusals. */
  readonly backend: string;
  /** It has no turns and takes words alone: sound and pictures are nothing that it could be given. */
  readonly wordsOnly?: boolean;
}

/** Reads a format; whether it is spoken here is the call's to say. */
export function readFormat(format: WireAudioFormat): AudioFormat {
  switch (format.type) {
    case 'audio/pcm':
      return { codec: 'pcm16', rateHz: format.rate ?? pcm24k.rateHz };
    case 'audio/pcmu':
      return pcmu8k;
    case 'audio/pcma':
      return pcma8k;
  }
}

/** Reads a list of tools. @throws CallError for tools that are not functions */
export function readTools(
  tools: WireTools,
  param: string,
  backend: string,
): readonly ToolDefinition[] {
  return tools.map((tool, index) => {
    if (tool.type === 'mcp') {
      throw unsupported(`${param}[${index}].type`, 'An MCP tool', backend);
    }
    return {
      name: tool.name,
      description: tool.description ?? null,
      parameters: tool.parameters ?? null,
    };
  });
}

/** Reads a tool choice; `null` clears it. @throws CallError for MCP tools */
export function readToolChoice(
  choice: WireToolChoice | null,
  param: string,
  backend: string,
): ToolChoice {
  if (choice === null) return { mode: 'auto' };
  if (typeof choice === 'string') return { mode: choice };
  if (choice.type === 'mcp') throw unsupported(param, 'The choice of an MCP tool', backend);
  return { mode: 'tool', name: choice.name };
}

/** Name or id of a voice. */
export function readVoice(voice: NonNullable<WireVoice>): string {
  return typeof voice === 'string' ? voice : voice.id;
}

/**
 * Reads an item. `param` is where it stands in the event.
 *
 * @throws CallError for content that only the caller's microphone or the agent can make, and for
 *   MCP items
 */
export function readItem(item: ClientItem, param: string, context: RequestContext): NewItem {
  const { backend, wordsOnly = false } = context;
  switch (item.type) {
    case 'message':
      return {
        kind: 'message',
        role: item.role,
        content: item.content.map((part, index): TextContent => {
          if (part.type === 'input_text' || part.type === 'output_text') {
            return { type: 'text', text: part.text };
          }
          const where = `${param}.content[${index}].type`;
          if (wordsOnly) throw unsupported(where, `Content of type ${part.type}`, backend);
          throw new CallError(
            'unsupported_content_type',
            `Content of type ${part.type} cannot be created by a client here; text can.`,
            { param: where },
          );
        }),
        itemId: item.id ?? null,
      };
    case 'function_call':
      return {
        kind: 'tool_call',
        toolCallId: item.call_id,
        name: item.name,
        arguments: item.arguments,
        itemId: item.id ?? null,
      };
    case 'function_call_output':
      return {
        kind: 'tool_output',
        toolCallId: item.call_id,
        output: item.output,
        itemId: item.id ?? null,
      };
    case 'mcp_list_tools':
    case 'mcp_call':
    case 'mcp_approval_request':
    case 'mcp_approval_response':
      // Approvals are read where an item is created, and nowhere else.
      throw unsupported(`${param}.type`, 'An MCP item', backend);
  }
}

/** Reads a request for an answer. @throws CallError for what cannot be had here */
export function readResponseParams(
  params: ResponseParams,
  requestId: string | null,
  context: RequestContext,
): ClientCommand & { readonly type: 'respond' } {
  return {
    type: 'respond',
    requestId,
    outOfBand: params.conversation === 'none',
    overrides: readOverrides(params, context),
    metadata: params.metadata ?? null,
    input:
      params.input?.map((item, index) =>
        readInputItem(item, `response.input[${index}]`, context),
      ) ?? null,
  };
}

function readInputItem(item: WireInputItem, param: string, context: RequestContext): InputItem {
  if (item.type === 'item_reference') return { kind: 'reference', itemId: item.id };
  return readItem(item, param, context);
}

function readOverrides(
  params: ResponseParams,
  { backend, outputFormat }: RequestContext,
): LineOverrides {
  // A response shows none of these, so that taking them would be taking and forgetting.
  if ((params.prompt ?? null) !== null) {
    throw unsupported('response.prompt', 'A stored prompt', backend);
  }
  if ((params.reasoning ?? null) !== null) {
    throw unsupported('response.reasoning', 'Reasoning effort', backend);
  }
  if ((params.parallel_tool_calls ?? null) !== null) {
    throw unsupported('response.parallel_tool_calls', 'A limit on parallel tool calls', backend);
  }
  const output = params.audio?.output;
  if (output?.format !== undefined && !sameFormat(readFormat(output.format), outputFormat)) {
    throw unsupported(
      'response.audio.output.format',
      "An audio format other than the session's",
      backend,
    );
  }
  const overrides: Writable<LineOverrides> = {};
  if ((params.instructions ?? null) !== null) overrides.instructions = params.instructions ?? '';
  if (output?.voice !== undefined) overrides.voice = readVoice(output.voice);
  const modality = params.output_modalities?.[0];
  if (modality !== undefined) overrides.modality = modality;
  if ((params.tools ?? null) !== null) {
    overrides.tools = readTools(params.tools ?? [], 'response.tools', backend);
  }
  if ((params.tool_choice ?? null) !== null) {
    overrides.toolChoice = readToolChoice(
      params.tool_choice ?? null,
      'response.tool_choice',
      backend,
    );
  }
  if ((params.max_output_tokens ?? null) !== null) {
    overrides.maxOutputTokens = params.max_output_tokens ?? 'inf';
  }
  return overrides;
}
