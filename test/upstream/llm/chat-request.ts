import type { ChatMessage, ChatQuestion, ChatToolCall } from './options.ts';

/** A request that the real server turns down with 400. */
export class BadRequest extends Error {
  readonly param: string;
  readonly status: number;
  readonly code: string | null;

  constructor(param: string, message: string, status = 400, code: string | null = null) {
    super(message);
    this.param = param;
    this.status = status;
    this.code = code;
  }
}

type Json = Readonly<Record<string, unknown>>;

const known: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'stream', 'stream_options', 'tools', 'tool_choice', 'temperature'],
  ...['top_p', 'max_tokens', 'max_completion_tokens', 'stop', 'seed', 'user', 'prompt_cache_key'],
  ...['frequency_penalty', 'presence_penalty', 'parallel_tool_calls', 'reasoning_effort'],
  ...['response_format', 'chat_template_kwargs'],
]);

/** What was asked. @throws BadRequest in the words of the original */
export function questionOf(body: unknown, refusesMaxTokens: boolean): ChatQuestion {
  const request = record(body, 'body');
  for (const name of Object.keys(request)) {
    if (!known.has(name)) fail(name, `Unrecognized request argument supplied: ${name}`);
  }
  if (typeof request['model'] !== 'string') fail('model', 'you must provide a model parameter');
  if (request['stream'] !== true) fail('stream', 'this server streams');
  if (refusesMaxTokens && 'max_tokens' in request) {
    fail(
      'max_tokens',
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    );
  }
  for (const name of ['max_tokens', 'max_completion_tokens']) {
    const most = request[name];
    if (most !== undefined && !(Number.isInteger(most) && Number(most) >= 1)) {
      fail(name, `Invalid '${name}': integer below minimum value.`);
    }
  }
  const tools = toolNames(request);
  const most = request['max_completion_tokens'] ?? request['max_tokens'] ?? Infinity;
  return { messages: messagesOf(request['messages']), maxTokens: Number(most), ...tools };
}

function toolNames(request: Json): Pick<ChatQuestion, 'tools' | 'mustCall'> {
  const { tools, tool_choice: choice } = request;
  if (tools === undefined) {
    if (choice !== undefined) {
      fail('tool_choice', "'tool_choice' is only allowed when 'tools' are specified.");
    }
    return { tools: [], mustCall: false };
  }
  const names = array(tools, 'tools').map((tool, place) => toolName(tool, `tools[${place}]`));
  if (choice === undefined || choice === 'auto') return { tools: names, mustCall: false };
  if (choice === 'none') return { tools: [], mustCall: false };
  if (choice === 'required') return { tools: names, mustCall: true };
  const wanted = record(record(choice, 'tool_choice')['function'], 'tool_choice.function')['name'];
  if (typeof wanted !== 'string' || !names.includes(wanted)) {
    fail('tool_choice', `Tool choice '${String(wanted)}' not found in 'tools' parameter.`);
  }
  return { tools: [wanted], mustCall: true };
}

function toolName(tool: unknown, path: string): string {
  const { type, function: described } = record(tool, path);
  if (type !== 'function') fail(`${path}.type`, `Invalid value: '${String(type)}'.`);
  const { name, parameters } = record(described, `${path}.function`);
  if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name)) {
    fail(`${path}.function.name`, `Invalid '${path}.function.name'.`);
  }
  if (parameters !== undefined && record(parameters, path)['type'] !== 'object') {
    fail(`${path}.function.parameters`, `schema must be of type object in '${name}'.`);
  }
  return name;
}

function messagesOf(value: unknown): readonly ChatMessage[] {
  const given = array(value, 'messages');
  if (given.length === 0) fail('messages', "Invalid 'messages': empty array.");
  const messages: ChatMessage[] = [];
  let waiting: string[] = [];
  for (const [place, one] of given.entries()) {
    const path = `messages[${place}]`;
    const message = messageOf(one, path);
    if (message.role === 'tool') {
      const { tool_call_id: id = '' } = message;
      if (!waiting.includes(id)) {
        fail(
          path,
          "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
        );
      }
      waiting = waiting.filter((it) => it !== id);
    } else {
      requireAnswered(waiting, path);
      waiting = (message.tool_calls ?? []).map((call) => call.id);
    }
    messages.push(message);
  }
  requireAnswered(waiting, 'messages');
  return messages;
}

function requireAnswered(waiting: readonly string[], path: string): void {
  if (waiting.length === 0) return;
  fail(
    path,
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${waiting.join(', ')}`,
  );
}

function messageOf(value: unknown, path: string): ChatMessage {
  const { role, content, tool_calls: calls, tool_call_id: id, ...rest } = record(value, path);
  for (const name of Object.keys(rest)) {
    if (name !== 'name') fail(path, `Additional properties are not allowed ('${name}')`);
  }
  if (role === 'tool') {
    if (typeof id !== 'string') fail(path, `Missing parameter '${path}.tool_call_id'.`);
    return { role, content: textOf(content, path), tool_call_id: id };
  }
  if (role === 'assistant' && calls !== undefined) {
    const called = array(calls, path).map((call, place) =>
      callOf(call, `${path}.tool_calls[${place}]`),
    );
    if (called.length === 0) fail(path, `[] is too short - '${path}.tool_calls'`);
    return { role, content: content === null ? '' : textOf(content, path), tool_calls: called };
  }
  if (role === 'system' || role === 'developer' || role === 'user' || role === 'assistant') {
    return { role, content: textOf(content, path) };
  }
  return fail(
    `${path}.role`,
    `Invalid value: '${String(role)}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.`,
  );
}

function callOf(value: unknown, path: string): ChatToolCall {
  const { id, type, function: called } = record(value, path);
  const { name, arguments: written } = record(called, `${path}.function`);
  if (typeof id !== 'string' || type !== 'function') fail(path, `Missing parameter '${path}.id'.`);
  if (typeof name !== 'string' || typeof written !== 'string') {
    fail(path, `Invalid type for '${path}.function'.`);
  }
  // The original does not look; the chat templates of local servers fail here.
  try {
    record(JSON.parse(written), path);
  } catch {
    fail(path, `Failed to parse tool call arguments as JSON: ${written}`);
  }
  return { id, type, function: { name, arguments: written } };
}

function textOf(content: unknown, path: string): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) {
    fail(
      `${path}.content`,
      `Invalid value for 'content': expected a string, got ${content === null ? 'null' : typeof content}.`,
    );
  }
  return content
    .map((part: unknown) => {
      const { type, text } = record(part, path);
      return type === 'text' && typeof text === 'string' ? text : fail(path, 'not a text part');
    })
    .join('');
}

function record(value: unknown, path: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  return fail(path, `Invalid type for '${path}': expected an object.`);
}

function array(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return fail(path, `Invalid type for '${path}': expected an array.`);
}

function fail(param: string, message: string): never {
  throw new BadRequest(param, message);
}
