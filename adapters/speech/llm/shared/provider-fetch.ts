import { CallError } from '../../../../src/ports/errors.ts';
import type { HttpAnswer } from '../../../shared/http-answer.ts';
import type { HttpClient } from '../../../shared/http-client.ts';
import { EndMark } from './end-mark.ts';

/** What one request takes along besides what the provider library writes. */
export interface FetchContext {
  readonly client: HttpClient;
  /** The key's header among them: the library never holds the key. */
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string | null;
  /** Bytes of the answer have come. */
  readonly onBytes: () => void;
}

/**
 * Contexts by the signal of their request, which the library hands on as it is. It makes a schema for
 * every model it is asked for, 4 ms of work: one model serves all requests, and this tells them apart.
 */
export type FetchContexts = WeakMap<AbortSignal, FetchContext>;

/** Longest answer, bytes: an endless one is no answer. */
const answerLimitBytes = 32 * 1024 * 1024;

/** Headers of the library that are left out: its own name, and the key that it does not have. */
const unsent: ReadonlySet<string> = new Set([
  ...['user-agent', 'authorization', 'x-api-key', 'x-goog-api-key'],
]);

/**
 * A `fetch` for a provider library: its requests over our connections, refusals as `CallError`s
 * before the library sees them.
 */
export function providerFetch(contexts: FetchContexts): typeof fetch {
  return async (target, init) => {
    const signal = init?.signal ?? null;
    const context = signal === null ? undefined : contexts.get(signal);
    if (signal === null || context === undefined) throw new TypeError('a request of nobody');
    if (typeof init?.body !== 'string') throw new TypeError('the body must be text');
    const given = Object.fromEntries(new Headers(init.headers));
    const kept = Object.entries(given).filter(([name]) => !unsent.has(name));
    const answer = await context.client.send({
      method: 'POST',
      url: target instanceof Request ? target.url : String(target),
      headers: { ...Object.fromEntries(kept), accept: 'text/event-stream', ...context.headers },
      body: init.body,
      secret: context.secret,
      signal,
    });
    requireEvents(answer);
    return new Response(bodyStream(answer, context.onBytes), {
      status: answer.status,
      headers: answer.headers,
    });
  };
}

/** A server that does not stream answers in one piece of JSON, or sends a page of a proxy. */
function requireEvents(answer: HttpAnswer): void {
  const type = answer.header('content-type') ?? '';
  if (type === '' || type.startsWith('text/event-stream')) return;
  answer.discard();
  throw new CallError('backend_protocol', `the upstream answers in ${type}, not in events`);
}

function bodyStream(answer: HttpAnswer, onBytes: () => void): ReadableStream<Uint8Array> {
  const pieces = answer.body;
  const end = new EndMark();
  let lengthBytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done === true) {
          controller.close();
          return;
        }
        onBytes();
        lengthBytes += value.byteLength;
        if (lengthBytes > answerLimitBytes) {
          answer.discard();
          throw new CallError('backend_protocol', `an answer of over ${answerLimitBytes} bytes`);
        }
        controller.enqueue(value);
        if (!end.seen(value)) return;
        controller.close();
        answer.release();
        await pieces.return();
      },
      async cancel() {
        await pieces.return();
      },
    },
    { highWaterMark: 0 },
  );
}
