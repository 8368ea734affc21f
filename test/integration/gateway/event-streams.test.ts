import { connect } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { CallError } from '../../../src/ports/errors.ts';
import { CallBook } from '../../../src/server/call-book.ts';
import { EventStreams } from '../../../src/server/event-streams.ts';
import { MemoryStore } from '../../../src/server/memory-store.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

const call = { callId: 'c', agent: 'a', backend: 'b' };
let app: FastifyInstance;

afterEach(() => app.close());

async function serve(limits: { streamLimit?: number; unsentLimitBytes?: number } = {}): Promise<{
  url: string;
  book: CallBook;
  streams: EventStreams;
  clock: ManualClock;
  replies: FastifyReply[];
}> {
  const replies: FastifyReply[] = [];
  const clock = new ManualClock();
  const book = new CallBook({ store: new MemoryStore() });
  book.open({ callId: 'c', agent: 'a', startedAt: '2026-11-20T10:00:00.000Z' });
  const streams = new EventStreams({ book, clock, ...limits });
  app = Fastify({ forceCloseConnections: true });
  app.get('/:id', async (request, reply) => {
    replies.push(reply);
    await streams.serve(reply, (request.params as { id: string }).id, -1);
  });
  app.setErrorHandler((error, _request, reply) =>
    reply.code(error instanceof CallError ? error.httpStatus : 500).send(),
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, book, streams, clock, replies };
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

test('a reader that does not read the end is let go after 30 s, and written to no more', async () => {
  const { url, book, streams, clock } = await serve({ unsentLimitBytes: 64 * 1024 * 1024 });
  const reader = connect(Number(new URL(url).port), '127.0.0.1');
  reader.on('error', () => undefined);
  try {
    reader.write('GET /c HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await expect.poll(() => clock.pending).toBe(1);
    // More than the network takes without a reader.
    const delta = 'x'.repeat(32 * 1024 * 1024);
    book.entry(call, { type: 'line.text', lineId: 'l', delta, seq: 0, atMs: 0 });
    book.close('c');
    clock.advance(29_999);
    await new Promise(setImmediate);
    expect([streams.slow, clock.pending]).toEqual([0, 1]);
    clock.advance(1);
    expect(streams.slow).toBe(1);
    await expect.poll(() => clock.pending).toBe(0);
  } finally {
    reader.destroy();
  }
});

test('a stream that fails is let go and does not end the process', async () => {
  const { url, book, streams, clock, replies } = await serve();
  const answer = await fetch(`${url}/c`);
  replies[0]?.raw.emit('error', new Error('write failed'));
  book.entry(call, { type: 'input.cleared', seq: 0, atMs: 0 });
  await expect(answer.text()).rejects.toThrow();
  await expect.poll(() => clock.pending).toBe(0);
  expect(streams.slow).toBe(0);
});

test('an unknown call is 404', async () => {
  const { url } = await serve();
  expect((await fetch(`${url}/x`)).status).toBe(404);
});
