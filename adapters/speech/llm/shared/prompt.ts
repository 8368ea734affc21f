import type { LanguageModel } from 'ai';
import type { ModelMessage, ModelRequest } from '../../../../src/ports/language-model.ts';
import type { ToolChoice, ToolDefinition } from '../../../../src/ports/settings.ts';

/** A model of the provider library, in the interface that all its providers keep. */
export type ProviderModel = Extract<LanguageModel, { readonly specificationVersion: 'v4' }>;

type CallOptions = Parameters<ProviderModel['doStream']>[0];
type Prompt = CallOptions['prompt'];
type FunctionTool = Extract<
  NonNullable<CallOptions['tools']>[number],
  { readonly type: 'function' }
>;

/** In what a vendor's conversation differs. */
export interface PromptStyle {
  /** Whether a system message may stand later than in front. */
  readonly laterSystem: boolean;
  /** Whether the conversation may begin with the assistant, which greets a caller. */
  readonly assistantFirst: boolean;
  /** Arguments of earlier calls as the text they were written in, or as a value. */
  readonly toolInput: 'text' | 'value';
}

/** Stands in front of a greeting where the user must speak first. */
const opening = 'The caller is on the line.';

/** A request in the words of the provider library. Messages without any text are left out. */
export function callOptions(
  { messages, tools, toolChoice, maxOutputTokens }: ModelRequest,
  style: PromptStyle,
): Pick<CallOptions, 'prompt' | 'tools' | 'toolChoice' | 'maxOutputTokens'> {
  const prompt: Prompt = [];
  for (const message of messages) {
    const isFront = prompt.every(({ role }) => role === 'system');
    const one = promptMessage(message, style, isFront);
    if (one === null) continue;
    const greets = one.role === 'assistant' && isFront && !style.assistantFirst;
    if (greets) prompt.push({ role: 'user', content: [{ type: 'text', text: opening }] });
    prompt.push(one);
  }
  return {
    prompt,
    ...(tools.length === 0
      ? {}
      : { tools: tools.map(functionTool), toolChoice: choiceOf(toolChoice) }),
    ...(maxOutputTokens === null ? {} : { maxOutputTokens }),
  };
}

function promptMessage(
  message: ModelMessage,
  style: PromptStyle,
  isFront: boolean,
): Prompt[number] | null {
  if (message.role === 'tool') return toolMessage(message);
  if (message.role === 'assistant.tools') return callsMessage(message, style);
  const { role, text } = message;
  if (text === '') return null;
  if (role === 'system' && (isFront || style.laterSystem)) return { role, content: text };
  const content: [{ type: 'text'; text: string }] = [{ type: 'text', text }];
  return role === 'assistant' ? { role, content } : { role: 'user', content };
}

function callsMessage(
  { text, calls }: Extract<ModelMessage, { role: 'assistant.tools' }>,
  { toolInput }: PromptStyle,
): Prompt[number] {
  const said = text === '' ? [] : [{ type: 'text' as const, text }];
  const called = calls.map(({ toolCallId, name, arguments: written }) => {
    const value = objectOf(written);
    const input = toolInput === 'value' ? (value ?? {}) : value === null ? '{}' : written;
    return { type: 'tool-call' as const, toolCallId, toolName: name, input };
  });
  return { role: 'assistant', content: [...said, ...called] };
}

function toolMessage({
  toolCallId,
  name,
  output,
}: Extract<ModelMessage, { role: 'tool' }>): Prompt[number] {
  const result = { type: 'text' as const, value: output };
  return {
    role: 'tool',
    content: [{ type: 'tool-result', toolCallId, toolName: name, output: result }],
  };
}

/** `null` for what is no JSON object: with that, a server's chat template fails the whole request. */
function objectOf(written: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(written);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function functionTool({ name, description, parameters }: ToolDefinition): FunctionTool {
  return {
    type: 'function',
    name,
    ...(description === null ? {} : { description }),
    inputSchema: parameters ?? { type: 'object', properties: {} },
  };
}

function choiceOf(choice: ToolChoice): NonNullable<CallOptions['toolChoice']> {
  return choice.mode === 'tool' ? { type: 'tool', toolName: choice.name } : { type: choice.mode };
}
