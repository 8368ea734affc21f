import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CallError } from '../ports/errors.ts';
import type { ByteRange } from '../ports/recording.ts';
import type { CallQuery, StoredCall } from '../ports/store.ts';
import { inScope } from '../routing/agents.ts';
import type { Caller } from './auth.ts';
import type { CallBook } from './call-book.ts';
import type { CallRecordings } from './call-recordings.ts';
import type { EventStreams } from './event-streams.ts';

export interface CallApiOptions {
  readonly book: CallBook;
  readonly recordings: Pick<CallRecordings, 'read'>;
  readonly streams: EventStreams;
  /** @throws CallError when the request may not look */
  readonly callerOf: (request: FastifyRequest) => Caller;
}

/** Most calls in one list. */
const listLimit = 1_000;
/** Most words of a search (a count), and its longest text, characters. */
const wordLimit = 20;
const searchLimit = 500;
const json = 'application/json; charset=utf-8';

/** Files of a recording that can be asked for, by their names in the address. */
const files: Readonly<Record<string, { readonly name: string; readonly type: string }>> = {
  audio: { name: 'recording.flac', type: 'audio/flac' },
  transcript: { name: 'transcript.txt', type: 'text/plain; charset=utf-8' },
  events: { name: 'events.jsonl', type: 'application/jsonl' },
  call: { name: 'call.json', type: json },
  inputs: { name: 'inputs.jsonl', type: 'application/jsonl' },
  sounds: { name: 'sounds.bin', type: 'application/octet-stream' },
};

interface ById {
  readonly Params: { readonly id: string };
}

/** What there is to see of calls, running and finished. */
export function addCallApi(app: FastifyInstance, options: CallApiOptions): void {
  const { book, streams, recordings, callerOf } = options;
  const found = async (request: FastifyRequest<ById>): Promise<StoredCall> => {
    const caller = callerOf(request);
    const call = await book.get(request.params.id);
    if (call === undefined || !inScope(caller.agents, call.agent)) throw noSuchCall();
    return call;
  };

  app.get<{ Querystring: ListQuery }>('/api/calls', async (request, reply) => {
    const caller = callerOf(request);
    const calls = await book.list(queryOf(request.query, caller));
    await reply.type(json).send(`{"calls":[${calls.join(',')}]}`);
  });

  app.get<ById>('/api/calls/:id', async (request, reply) => {
    const call = await found(request);
    await reply.type(json).send(call.json);
  });

  app.get<ById>('/api/calls/:id/events', async (request, reply) => {
    await found(request);
    const after = Number(request.headers['last-event-id'] ?? -1);
    const { id } = request.params;
    await streams.serve(reply, id, Number.isSafeInteger(after) ? after : -1);
  });

  app.get<{ Params: { readonly id: string; readonly file: string } }>(
    '/api/calls/:id/recording/:file',
    async (request, reply) => {
      const call = await found(request);
      const file = Object.hasOwn(files, request.params.file) ? files[request.params.file] : null;
      if (file === null || file === undefined || call.out === null) throw noSuchRecording();
      const range = rangeOf(request.headers.range);
      const read = await recordings.read(call.out, file.name, range);
      if (read === null) throw noSuchRecording();
      const { fromByte, lengthBytes, totalBytes, stream } = read;
      const whole = range === null;
      const name = `${request.params.id}-${file.name}`;
      setRange(reply, whole ? null : `${fromByte}-${fromByte + lengthBytes - 1}/${totalBytes}`);
      await reply
        .code(whole ? 200 : 206)
        .type(file.type)
        .headers({
          'accept-ranges': 'bytes',
          'cache-control': 'private, no-store',
          'content-disposition': `attachment; filename="${name.replace(/[^\w.-]/g, '_')}"`,
          'content-length': lengthBytes,
          'x-content-type-options': 'nosniff',
        })
        .send(stream);
    },
  );
}

interface ListQuery {
  readonly limit?: string;
  /** Words, each of which is somewhere in the call. */
  readonly q?: string;
  /** Id of the call behind which the list begins. */
  readonly before?: string;
}

function queryOf({ limit, q = '', before }: ListQuery, { agents }: Caller): CallQuery {
  if (q.length > searchLimit) {
    const message = `A search has at most ${searchLimit} characters.`;
    throw new CallError('invalid_value', message, { param: 'q' });
  }
  return {
    limit: readLimit(limit),
    words: q
      .split(/\s+/)
      .filter((word) => word !== '')
      .slice(0, wordLimit),
    agents: agents.includes('*') ? null : agents,
    before: before ?? null,
  };
}

function setRange(reply: FastifyReply, range: string | null): void {
  if (range !== null) reply.header('content-range', `bytes ${range}`);
}

/** One range from a byte on; others are not served, and the whole file is an answer to them. */
function rangeOf(header: string | undefined): ByteRange | null {
  const [, from, to = ''] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === undefined) return null;
  return { fromByte: Number(from), toByte: to === '' ? null : Number(to) };
}

function noSuchCall(): CallError {
  return new CallError('not_found', 'No such call is known.');
}

function noSuchRecording(): CallError {
  return new CallError('not_found', 'There is no such file of a recording of this call.');
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return 100;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > listLimit) {
    const message = `limit must be a whole number from 1 to ${listLimit}.`;
    throw new CallError('invalid_value', message, { param: 'limit' });
  }
  return limit;
}
