import type { z } from 'zod';
import type { ServerEventBody } from '../../../protocol/openai-realtime/server-events.ts';
import type { ClientCommand } from '../../../src/ports/client.ts';
import { CallError, errorTable, type ErrorCode } from '../../../src/ports/errors.ts';

type Issue = z.core.$ZodIssue;

/** Longest path or message that is given back, characters: both may hold a client's own words. */
const pathLimit = 200;
const messageLimit = 500;

/** The first problem that a schema found, with the path to it in `param`. */
export function issueError(issues: readonly Issue[]): CallError {
  const issue = issues[0];
  if (issue === undefined) return new CallError('invalid_value', 'The event is not valid.');
  const path = [...issue.path];
  if (issue.code === 'unrecognized_keys') path.push(issue.keys[0] ?? '');
  const param = wirePath(path);
  const problem = issue.code === 'unrecognized_keys' ? 'unknown parameter' : issue.message;
  const message = `Invalid value for '${param}': ${problem}.`.slice(0, messageLimit);
  return new CallError('invalid_value', message, { param });
}

/** Something that is fine on the wire and cannot be had here. */
export function unsupported(param: string, what: string, backend: string): CallError {
  return new CallError(
    'unsupported_by_backend',
    `${what} is not supported with backend '${backend}'.`,
    { param },
  );
}

/** An error as an event; `eventId` is the client's own, of the event that went wrong. */
export function errorEvent(
  error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly param?: string | undefined;
  },
  eventId: string | null,
): ServerEventBody & { readonly type: 'error' } {
  return {
    type: 'error',
    error: {
      type: errorTable[error.code].httpStatus >= 500 ? 'server_error' : 'invalid_request_error',
      code: error.code,
      message: error.message,
      param: error.param ?? null,
      event_id: eventId,
    },
  };
}

/** What the core says about a command, in the words and paths of this wire. */
export function commandError(
  command: ClientCommand,
  error: CallError,
  activeResponseId: string | null,
): CallError {
  const param = error.param === undefined ? {} : { param: wireParam(command.type, error.param) };
  return new CallError(error.code, wording(command, error, activeResponseId), {
    ...param,
    cause: error,
  });
}

function wording(
  command: ClientCommand,
  error: CallError,
  activeResponseId: string | null,
): string {
  if (error.code === 'conversation_already_has_active_response' && activeResponseId !== null) {
    return (
      `Conversation already has an active response in progress: ${activeResponseId}. ` +
      'Wait until the response is finished before creating a new one.'
    );
  }
  if (error.code === 'response_cancel_not_active') {
    return 'Cancellation failed: no active response found';
  }
  if (error.code === 'unsupported_content_type' && command.type === 'item.truncate') {
    return 'Only model output audio messages can be truncated';
  }
  return error.message;
}

/** Where a setting of the core stands below `session` or `response`. */
const settingPaths: Readonly<Record<string, string>> = {
  instructions: 'instructions',
  voice: 'audio.output.voice',
  modality: 'output_modalities',
  inputFormat: 'audio.input.format',
  outputFormat: 'audio.output.format',
  turnDetection: 'audio.input.turn_detection',
  callerTranscripts: 'audio.input.transcription',
  tools: 'tools',
  toolChoice: 'tool_choice',
  maxOutputTokens: 'max_output_tokens',
  outOfBand: 'conversation',
  input: 'input',
  metadata: 'metadata',
};

const fieldPaths: Readonly<Record<string, string>> = {
  itemId: 'item_id',
  after: 'previous_item_id',
  audioEndMs: 'audio_end_ms',
  playedMs: 'played_ms',
  lineId: 'response_id',
};

const newItemPaths: Readonly<Record<string, string>> = {
  itemId: 'item.id',
  after: 'previous_item_id',
  toolCallId: 'item.call_id',
  content: 'item.content',
};

const approvalPaths: Readonly<Record<string, string>> = {
  itemId: 'item.id',
  approvalId: 'item.approval_request_id',
};

/** A parameter of the core as a path of this wire; what is not known is passed on as it is. */
function wireParam(command: ClientCommand['type'], param: string): string {
  const [head = '', ...rest] = param.split('.');
  const tail = rest.map((key) => `.${snakeCase(key)}`).join('');
  const below = (prefix: string, paths: Readonly<Record<string, string>>): string => {
    const [name = '', index = ''] = head.split(/(?=\[)/u);
    const path = paths[name];
    return path === undefined ? param : prefix + path + index + tail;
  };
  switch (command) {
    case 'configure':
      return below('session.', settingPaths);
    case 'respond':
      return below('response.', settingPaths);
    case 'item.create':
      return below('', newItemPaths);
    case 'server_tool.approve':
      return below('', approvalPaths);
    case 'commit':
    case 'clear':
    case 'cancel':
    case 'item.delete':
    case 'item.truncate':
    case 'playback':
    case 'output.clear':
    case 'interrupt':
    case 'mute':
    case 'ptt':
    case 'dtmf':
    case 'aec':
      return below('', fieldPaths);
  }
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function wirePath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? String(key) : `.${String(key)}`;
  }
  return text.slice(0, pathLimit);
}
