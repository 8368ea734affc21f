import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Socket } from '../../../src/ports/socket.ts';
import { WebSocketAcceptor } from '../../../src/server/websocket.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

let server: Server;
let clock: ManualClock;
let acceptor: WebSocketAcceptor;
let accepted: PromiseWithResolvers<Socket>;

beforeEach(async () => {
  clock = new ManualClock();
  acceptor = new WebSocketAcceptor({ clock, maxMessageBytes: 1024 });
  accepted = Promise.withResolvers<Socket>();
  server = createServer();
  server.on('upgrade', (request, connection, head) => {
    accepted.resolve(
      acceptor.accept(request, connection, head, { subprotocol: 'secret', headers: {} }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await acceptor.end(1001, 'test over');
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

interface Heard {
  readonly texts: string[];
  readonly binaries: Uint8Array[];
  readonly pongsMs: number[];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

function listen(socket: Socket): Heard {
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  const heard: Heard = { texts: [], binaries: [], pongsMs: [], closed: closed.promise };
  socket.listen({
    text: (message) => heard.texts.push(message.toString('utf8')),
    binary: (message) => heard.binaries.push(message),
    pong: (roundTripMs) => heard.pongsMs.push(roundTripMs),
    closed: (code, reason) => closed.resolve({ code, reason }),
  });
  return heard;
}

async function connectPair(
  options: ConstructorParameters<typeof WebSocket>[2] = {},
): Promise<{ client: WebSocket; socket: Socket; pings: { count: number } }> {
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, [], options);
  const pings = { count: 0 };
  client.on('ping', () => (pings.count += 1));
  await new Promise((resolve, reject) => {
    client.on('open', resolve);
    client.on('error', reject);
  });
  return { client, socket: await accepted.promise, pings };
}

function ended(client: WebSocket): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) => {
    client.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
}

test('messages that came before anyone listened are delivered, in order', async () => {
  const { client, socket } = await connectPair();
  client.send('one');
  client.send(Buffer.from([1, 2, 3]));
  const flushed = new Promise((resolve) => client.send('two', resolve));
  await flushed;
  const heard = listen(socket);
  await expect.poll(() => heard.texts).toEqual(['one', 'two']);
  expect(heard.binaries.map((bytes) => [...bytes])).toEqual([[1, 2, 3]]);
});

test('an end that came before anyone listened is told', async () => {
  const { client, socket } = await connectPair();
  client.terminate();
  expect(await listen(socket).closed).toMatchObject({ code: 1006 });
  expect(acceptor.open).toBe(0);
});

test('so is one that we made before anyone listened', async () => {
  const { client, socket } = await connectPair();
  const clientEnd = ended(client);
  await acceptor.end(1012, 'shutting down');
  expect(await clientEnd).toMatchObject({ code: 1012 });
  expect(await listen(socket).closed).toEqual({ code: 1012, reason: 'shutting down' });
});

test('a peer that answers pings stays, and its round trip is measured', async () => {
  const { socket, pings } = await connectPair();
  const heard = listen(socket);
  for (let round = 1; round <= 5; round += 1) {
    await expect.poll(() => heard.pongsMs.length).toBe(round);
    clock.advance(20_000);
  }
  expect(pings.count).toBeGreaterThanOrEqual(5);
  expect(acceptor.open).toBe(1);
});

test('a peer that leaves two pings unanswered is gone, without waiting for it', async () => {
  const { client, socket, pings } = await connectPair({ autoPong: false });
  const heard = listen(socket);
  clock.advance(20_000);
  await expect.poll(() => pings.count).toBe(2);
  clock.advance(19_999);
  expect(acceptor.open).toBe(1);
  const clientEnd = ended(client);
  clock.advance(1);
  expect(await heard.closed).toEqual({ code: 1006, reason: 'no answer to pings' });
  expect(await clientEnd).toMatchObject({ code: 1006 });
  expect(clock.pending).toBe(0);
});

test('anything that comes counts as a sign of life', async () => {
  const { client, socket } = await connectPair({ autoPong: false });
  const heard = listen(socket);
  for (let round = 1; round <= 5; round += 1) {
    client.send('still here');
    await expect.poll(() => heard.texts.length).toBe(round);
    clock.advance(20_000);
  }
  expect(acceptor.open).toBe(1);
});

test('a message over the limit closes with 1009 on both sides', async () => {
  const { client, socket } = await connectPair();
  const heard = listen(socket);
  const clientEnd = ended(client);
  client.send('x'.repeat(1024));
  await expect.poll(() => heard.texts.length).toBe(1);
  client.send('x'.repeat(1025));
  expect(await clientEnd).toMatchObject({ code: 1009 });
  expect(await heard.closed).toEqual({ code: 1009, reason: 'message too large' });
});

test('closing tells the peer code and reason, cut to what a close frame holds', async () => {
  const { client, socket } = await connectPair();
  const heard = listen(socket);
  const clientEnd = ended(client);
  socket.close(1012, 'ü'.repeat(100));
  expect(await clientEnd).toEqual({ code: 1012, reason: 'ü'.repeat(61) });
  expect(await heard.closed).toMatchObject({ code: 1012 });
  socket.sendText('too late');
  socket.close(1000, 'again');
  expect(clock.pending).toBe(0);
});

test('a peer that does not answer the closing handshake is cut off', async () => {
  const { client, socket } = await connectPair();
  const heard = listen(socket);
  // A peer that reads nothing any more never sees the close frame.
  client.pause();
  socket.close(1011, 'enough');
  clock.advance(4_999);
  expect(acceptor.open).toBe(1);
  clock.advance(1);
  expect(await heard.closed).toEqual({ code: 1011, reason: 'enough' });
  expect(acceptor.open).toBe(0);
});

test('a held peer is read no more, until the hold is over, and loses nothing', async () => {
  const { client, socket } = await connectPair();
  const heard = listen(socket);
  socket.hold(500);
  socket.hold(100);
  client.send('one');
  const flushed = new Promise((resolve) => client.send('two', resolve));
  await flushed;
  clock.advance(499);
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard.texts).toEqual([]);
  clock.advance(1);
  await expect.poll(() => heard.texts).toEqual(['one', 'two']);
});

test('a peer that sends very much is read no faster than a limit, in whole messages or not', async () => {
  const { port } = server.address() as AddressInfo;
  await acceptor.end(1001, 'another one');
  acceptor = new WebSocketAcceptor({ clock, readBytesPerSecond: 1024 * 1024 });
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  client.on('error', () => undefined);
  const socket = await accepted.promise;
  const heard = listen(socket);
  await new Promise((resolve) => client.once('open', resolve));
  const message = Buffer.alloc(4 * 1024 * 1024);
  client.send(message);
  client.send('after it');
  // The burst is 1 MiB: the rest needs 3 s, and nobody advances the clock.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(heard.binaries).toHaveLength(0);
  const fromMs = clock.nowMs();
  while (heard.texts.length === 0) {
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(heard.binaries).toHaveLength(1);
  expect(clock.nowMs() - fromMs).toBeGreaterThan(2_900);
  expect(clock.nowMs() - fromMs).toBeLessThan(4_500);
});

test('a held peer that is closed leaves no timer and sees the close', async () => {
  const { client, socket } = await connectPair();
  const heard = listen(socket);
  const clientEnd = ended(client);
  socket.hold(60_000);
  socket.close(1008, 'enough');
  expect(await clientEnd).toMatchObject({ code: 1008 });
  await heard.closed;
  expect(clock.pending).toBe(0);
});

test('the owner is told of a message over the limit while it can still say something', async () => {
  const { client, socket } = await connectPair();
  const said = new Promise((resolve) =>
    client.on('message', (data) => resolve((data as Buffer).toString('utf8'))),
  );
  const clientEnd = ended(client);
  socket.listen({
    text: () => undefined,
    binary: () => undefined,
    pong: () => undefined,
    closed: () => undefined,
    tooLarge: (limitBytes) => socket.sendText(`at most ${limitBytes}`),
  });
  client.send('x'.repeat(1025));
  expect(await said).toBe('at most 1024');
  expect(await clientEnd).toMatchObject({ code: 1009 });
});

test('a subprotocol that was not offered is never selected', async () => {
  const { client } = await connectPair();
  expect(client.protocol).toBe('');
});

test('a socket has one owner', async () => {
  const { socket } = await connectPair();
  listen(socket);
  expect(() => listen(socket)).toThrow(TypeError);
});
