import type { IncomingMessage } from 'node:http';
import {
  ToolError,
  type HttpToolDeclaration,
  type ToolInvocation,
  type ToolPort,
} from '../../../src/ports/tool.ts';
import { guardedRequest, HttpFault, type ResolveName } from '../../shared/guarded-http.ts';
import { withoutSecrets } from '../../shared/secrets.ts';
import { resolveHeaders, type ResolvedHeaders } from '../../shared/tool-headers.ts';
import { readText } from './response-text.ts';
import { requestOf, type ToolRequest } from './template.ts';

export interface HttpToolSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The system's resolver where nothing else is given. */
  readonly resolve?: ResolveName;
  /** What counts as public; the registries' word for it where nothing else is given. */
  readonly isPublic?: (address: string) => boolean;
}

/** Redirects that a request without a body follows (a count). */
const redirectLimit = 3;
/** Statuses after which the same request may succeed a moment later. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

/** A tool that is an HTTP request. Its arguments have been validated before. */
export function httpTool(
  declaration: HttpToolDeclaration,
  surroundings: HttpToolSurroundings,
): ToolPort {
  const { definition, deadlineMs, manner, method } = declaration;
  return {
    definition,
    deadlineMs,
    manner,
    run: async (invocation, signal) => {
      const request = requestOf(declaration, argumentsOf(invocation));
      const resolved = resolveHeaders(declaration, surroundings.env);
      const limited = AbortSignal.any([signal, AbortSignal.timeout(declaration.timeoutMs)]);
      try {
        const response = await sent(declaration, surroundings, {
          request,
          resolved,
          signal: limited,
          // Safe methods need none; anything else may come twice.
          idempotencyKey: method === 'GET' ? null : invocation.idempotencyKey,
        });
        return await answerOf(response, manner.maxResultChars, resolved);
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        throw asToolError(thrown, limited.aborted, declaration.timeoutMs);
      }
    },
  };
}

interface Sending {
  readonly request: ToolRequest;
  readonly resolved: ResolvedHeaders;
  readonly signal: AbortSignal;
  readonly idempotencyKey: string | null;
}

async function sent(
  { method, allowPrivateAddresses }: HttpToolDeclaration,
  { resolve, isPublic }: HttpToolSurroundings,
  { request: { url: first, body }, resolved, signal, idempotencyKey }: Sending,
): Promise<IncomingMessage> {
  let url = first;
  for (let redirects = 0; ; redirects += 1) {
    const response = await guardedRequest({
      url,
      method,
      headers: {
        accept: 'application/json, text/*;q=0.9',
        'accept-encoding': 'identity',
        'user-agent': 'parley',
        ...(body === null ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
        // Credentials are for the server they were given for.
        ...(url.origin === first.origin ? resolved.headers : {}),
      },
      body,
      allowPrivateAddresses,
      signal,
      resolve,
      isPublic,
    });
    const { statusCode = 0, headers } = response;
    if (statusCode < 300 || statusCode >= 400 || statusCode === 304) return response;
    response.destroy();
    const next = URL.parse(headers.location ?? '', url.href);
    if (method !== 'GET' || next === null || redirects >= redirectLimit) {
      throw new ToolError('its server answered with a redirect that is not followed');
    }
    if (url.protocol === 'https:' && next.protocol !== 'https:') {
      throw new ToolError('its server redirects to an address that is not secure');
    }
    url = next;
  }
}

async function answerOf(
  response: IncomingMessage,
  limitChars: number,
  { secrets }: ResolvedHeaders,
): Promise<string> {
  const { statusCode = 0 } = response;
  const good = statusCode >= 200 && statusCode < 300;
  const text = scrubbed(await readText(response, good ? limitChars : 2_000, good), secrets);
  if (good) return text === '' ? 'done' : text;
  const detail = text === '' ? '' : `: ${withoutSecrets(text, null)}`;
  throw new ToolError(`its server answered with status ${statusCode}${detail}`, {
    retryable: passing.has(statusCode),
  });
}

/** A server that repeats what it was sent must not tell the model a credential. */
function scrubbed(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) clean = clean.replaceAll(secret, '[key]');
  return clean;
}

function argumentsOf({ arguments: text }: ToolInvocation): Readonly<Record<string, unknown>> {
  // A check of the arguments comes first; this is for tools that are used without one.
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch {
    // Said below.
  }
  throw new ToolError('its arguments must be a JSON object', { refused: true });
}

function asToolError(thrown: unknown, timedOut: boolean, timeoutMs: number): ToolError {
  if (thrown instanceof ToolError) return thrown;
  if (timedOut) {
    const seconds = Math.round(timeoutMs / 100) / 10;
    return new ToolError(`its server did not answer within ${seconds} s`, {
      retryable: true,
      cause: thrown,
    });
  }
  if (thrown instanceof HttpFault) {
    const blocked = thrown.kind === 'blocked';
    return new ToolError(thrown.message, { retryable: !blocked, refused: blocked, cause: thrown });
  }
  return new ToolError('its server broke off', { retryable: true, cause: thrown });
}
