import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { CallError } from '../../../src/ports/errors.ts';
import { CallBook } from '../../../src/server/call-book.ts';
import { EventStreams } from '../../../src/server/event-streams.ts';
import { MemoryStore } from '../../../src/server/memory-store.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

const call = { callId: 'c', agent: 'a', backend: 'b' };
let app: FastifyInstance;

afterEach(() => app.close());

async function serve(
  limits: { streamLimit?: number; unsentLimitBytes?: number } = {},
): Promise<{ url: string; book: CallBook; streams: EventStreams; clock: ManualClock }> {
  const clock = new ManualClock();
  const book = new CallBook({ store: new MemoryStore() });
  book.open({ callId: 'c', agent: 'a', startedAt: '2026-11-20T10:00:00.000Z' });
  const streams = new EventStreams({ book, clock, ...limits });
  app = Fastify({ forceCloseConnections: true });
  app.get('/:id', (request, reply) =>
    streams.serve(reply, (request.params as { id: string }).id, -1),
  );
  app.setErrorHandler((error, _request, reply) =>
    reply.code(error instanceof CallError ? error.httpStatus : 500).send(),
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, book, streams, clock };
}

test('an idle stream is kept alive with comments and leaves no timer behind', async () => {
  const { url, book, clock } = await serve();
  const answer = await fetch(`${url}/c`);
  clock.advance(30_000);
  book.close('c');
  expect(await answer.text()).toBe(': still here\n\n: still here\n\n');
  await expect.poll(() => clock.pending).toBe(0);
});

test('there are only so many streams; one that ends makes room', async () => {
  const { url } = await serve({ streamLimit: 1 });
  const reader = new AbortController();
  await fetch(`${url}/c`, { signal: reader.signal });
  expect((await fetch(`${url}/c`)).status).toBe(503);
  reader.abort();
  await expect
    .poll(async () => {
      const again = new AbortController();
      const { status } = await fetch(`${url}/c`, { signal: again.signal });
      again.abort();
      return status;
    })
    .toBe(200);
});

test('a reader that lets too much gather is let go, and counted', async () => {
  const { url, book, streams } = await serve({ unsentLimitBytes: -1 });
  const answer = await fetch(`${url}/c`);
  book.entry(call, { type: 'input.cleared', seq: 0, atMs: 0 });
  await expect(answer.text()).rejects.toThrow();
  expect(streams.slow).toBe(1);
});

test('an unknown call is 404', async () => {
  const { url } = await serve();
  expect((await fetch(`${url}/x`)).status).toBe(404);
});
