import type { z } from 'zod';
import type { ServerEventBody } from '../../../protocol/openai-live/server-events.ts';
import { CallError } from '../../../src/ports/errors.ts';

type Issue = z.core.$ZodIssue;

/** Longest path or message that is given back, characters: both may hold a client's own words. */
const pathLimit = 200;
const messageLimit = 500;

/** A no in this wire's own codes. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly param?: string;
  /** The fault is ours or upstream's. */
  readonly server?: boolean;
}

/** Carries a problem to whoever answers the event. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(code: string, message: string, param?: string) {
    super(message);
    this.problem = { code, message, ...(param === undefined ? {} : { param }) };
  }
}

/** Something that is fine on the wire and cannot be had here. */
export function unsupported(param: string, what: string): Refused {
  return new Refused('unsupported_by_backend', `${what} is not supported here.`, param);
}

/** The first problem that a schema found. */
export function issueProblem(issues: readonly Issue[]): Refused {
  const issue = issues[0];
  if (issue === undefined) return new Refused('invalid_value', 'The event is not valid.');
  const path = [...issue.path];
  if (issue.code === 'unrecognized_keys') path.push(issue.keys[0] ?? '');
  const param = wirePath(path);
  if (issue.code === 'unrecognized_keys') {
    return new Refused('unknown_parameter', `Unknown parameter: '${param}'.`, param);
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    const message = `Missing required parameter: '${param}'.`;
    return new Refused('missing_required_parameter', message, param);
  }
  const message = `Invalid value for '${param}': ${issue.message}.`.slice(0, messageLimit);
  return new Refused('invalid_value', message, param);
}

/** Settings and parts of requests of the core, as paths of this wire. */
const paths: Readonly<Record<string, string>> = {
  instructions: 'session.instructions',
  voice: 'session.audio.output.voice',
  inputFormat: 'session.audio.format',
  outputFormat: 'session.audio.format',
  tools: 'session.delegation.responses.tools',
  toolChoice: 'session.delegation.responses.tool_choice',
  maxOutputTokens: 'session.delegation.responses.max_output_tokens',
  item: 'content',
  'item.content': 'content',
  'item.call_id': 'item.call_id',
};

/** Anything that was thrown, in this wire's words. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Refused) return thrown.problem;
  if (!(thrown instanceof CallError)) {
    return { code: 'internal_error', message: 'Something broke.', server: true };
  }
  const { code, message, param, httpStatus } = thrown;
  return {
    code: code === 'agent_not_found' ? 'model_not_found' : code,
    message,
    ...(param === undefined ? {} : { param: paths[param] ?? param }),
    ...(httpStatus >= 500 ? { server: true } : {}),
  };
}

/** A problem as an event; `eventId` is the client's own, of the event that went wrong. */
export function errorEvent(
  { code, message, param, server = false }: Problem,
  eventId: string | null,
): ServerEventBody & { readonly type: 'error' } {
  return {
    type: 'error',
    error: {
      type: server ? 'server_error' : 'invalid_request_error',
      code,
      message,
      ...(param === undefined ? {} : { param }),
      ...(eventId === null ? {} : { client_event_id: eventId }),
    },
  };
}

function wirePath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? String(key) : `.${String(key)}`;
  }
  return text.slice(0, pathLimit);
}
