import type { ClientEvent } from '../../../protocol/openai-live/client-events.ts';
import type {
  WireDelegation,
  WireDelegationUpdate,
} from '../../../protocol/openai-live/delegation.ts';
import type { SessionConfig } from '../../../protocol/openai-live/session.ts';
import type { InitialItem } from '../../../protocol/openai-live/values.ts';
import { Base64Bytes } from '../../../src/audio/base64-bytes.ts';
import type { ConversationItem } from '../../../src/ports/conversation.ts';
import type { CallSettings, ToolChoice, ToolDefinition } from '../../../src/ports/settings.ts';
import { wordsOf } from './history.ts';
import type { DelegationOptions } from './options.ts';
import { splitText } from './split.ts';

export type AppendKind = 'instructions' | 'thinking' | 'commentary';

/** Longest instructions that a session starts with, characters: 16,384 tokens of four each. */
const instructionsLimit = 65_536;
/** Longer instructions in a call that runs begin a new session, characters: 2,000 tokens of four. */
const appendedInstructionsLimit = 8_000;
const appendHead = '{"type":"session.input_audio.append","audio":"';
const appendTail = '"}';
/** What makes it speak. */
export const answerNow = 'Answer the caller now.';

/** Caller audio as JSON text in bytes; what comes is only read. */
export function encodeAppend(bytes: Uint8Array): Buffer {
  const base64 = Base64Bytes.encode(bytes);
  const message = Buffer.allocUnsafe(appendHead.length + base64.length + appendTail.length);
  message.write(appendHead, 0, 'latin1');
  message.write(base64, appendHead.length, 'latin1');
  message.write(appendTail, appendHead.length + base64.length, 'latin1');
  return message;
}

/** What a session is started with: everything that cannot change later. */
export function encodeStart(
  settings: CallSettings,
  {
    model,
    delegation,
    input,
  }: {
    readonly model: string;
    readonly delegation: DelegationOptions;
    readonly input: readonly InitialItem[];
  },
): ClientEvent & { readonly type: 'session.start' } {
  const { voice } = settings;
  const instructions = settings.instructions.slice(0, instructionsLimit);
  const session: SessionConfig = {
    model,
    ...(instructions.trim() === '' ? {} : { instructions }),
    audio: {
      format: { type: 'audio/pcm', rate: 24_000 },
      ...(voice === null ? {} : { output: { voice } }),
    },
    delegation: delegationOf(settings, delegation),
    ...(input.length === 0 ? {} : { input: [...input] }),
  };
  return { type: 'session.start', event_id: 'start', session };
}

function delegationOf(settings: CallSettings, options: DelegationOptions): WireDelegation {
  if (options.type === 'client') return { type: 'client' };
  const { model, instructions } = options;
  return {
    type: 'responses',
    responses: {
      model,
      ...(instructions === undefined ? {} : { instructions }),
      ...toolsOf(settings),
    },
  };
}

/**
 * What a session that runs is told when settings change: nothing, some events, or `renew` where only
 * another session can have them.
 */
export function encodeChange(
  before: CallSettings,
  after: CallSettings,
  { type }: DelegationOptions,
): readonly ClientEvent[] | 'none' | 'renew' {
  const differs = (...keys: readonly (keyof CallSettings)[]): boolean =>
    keys.some((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  const { instructions } = after;
  const long = instructions.length > appendedInstructionsLimit;
  if (differs('voice') || (long && differs('instructions'))) return 'renew';
  if (!differs('instructions', 'tools', 'toolChoice')) return 'none';
  const events: ClientEvent[] = [];
  if (differs('instructions')) {
    const text = `From now on, in place of all guidance before: ${instructions}`;
    events.push(...encodeContext('instructions', text));
  }
  if (type === 'responses' && differs('tools', 'toolChoice')) {
    const delegation: WireDelegationUpdate = { type, responses: toolsOf(after) };
    events.push({ type: 'session.update', event_id: 'tools', session: { delegation } });
  }
  return events;
}

function toolsOf({ tools, toolChoice }: CallSettings) {
  return {
    tools: tools.map(({ name, description, parameters }: ToolDefinition) => ({
      type: 'function' as const,
      name,
      ...(description === null ? {} : { description }),
      parameters: { ...(parameters ?? { type: 'object', properties: {} }) },
    })),
    tool_choice: choiceOf(toolChoice),
  };
}

function choiceOf(
  choice: ToolChoice,
): 'auto' | 'none' | 'required' | { type: 'function'; name: string } {
  return choice.mode === 'tool' ? { type: 'function', name: choice.name } : choice.mode;
}

/** Context in as many pieces as it takes. */
export function encodeContext(
  kind: AppendKind,
  text: string,
  delegationId: string | null = null,
): readonly ClientEvent[] {
  return splitText(text).map((content) => ({
    type: `session.${kind}.append` as const,
    delegation_id: delegationId,
    content,
  }));
}

/** What a tool brought, as something to be told: what does not fit into one piece is told about first. */
export function encodeResult(output: string, delegationId: string | null): readonly ClientEvent[] {
  const pieces = splitText(output.trim() === '' ? 'It is done.' : output);
  if (pieces.length < 2) return encodeContext('commentary', pieces[0] ?? '', delegationId);
  const known = pieces.flatMap((piece) => encodeContext('thinking', piece, delegationId));
  return [
    ...known,
    ...encodeContext('commentary', 'Tell the caller what came of it.', delegationId),
  ];
}

export function encodeOutput(toolCallId: string, output: string): ClientEvent {
  return {
    type: 'response.item.create',
    item: { type: 'function_call_output', call_id: toolCallId, output },
  };
}

function encodeTyped(text: string): ClientEvent {
  const content = [{ type: 'input_text', text }];
  return { type: 'response.item.create', item: { type: 'message', role: 'user', content } };
}

const kinds = { rule: 'instructions', known: 'thinking', tell: 'commentary' } as const;

/** Something that was added to the conversation from outside, as context. */
export function encodeItem(
  item: Exclude<ConversationItem, { readonly kind: 'tool_output' }>,
  { type }: DelegationOptions,
  delegationOf: (toolCallId: string | null) => string | null,
): readonly ClientEvent[] {
  const text = wordsOf(item);
  if (text === '') return [];
  if (item.kind !== 'message') return encodeContext('thinking', text);
  if (item.note !== undefined) {
    return encodeContext(kinds[item.note.kind], text, delegationOf(item.note.toolCallId));
  }
  switch (item.role) {
    case 'system':
      return encodeContext('instructions', text);
    case 'assistant':
      return encodeContext('thinking', `You said: ${text}`);
    case 'user':
      return type === 'responses'
        ? [encodeTyped(text)]
        : encodeContext('thinking', `The caller typed: ${text}`);
  }
}
