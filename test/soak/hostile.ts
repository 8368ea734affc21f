/**
 * What good calls feel of bad ones: their frame delay without them, and with each kind of them.
 *
 *     npx node test/soak/hostile.ts [--calls 100] [--seconds 20]
 *
 * Frame delay is the gateway's own figure and leaves out what waits for its main thread, so the
 * event loop's delay stands beside it. Both are bucketed: the figure is a bucket's upper edge.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { fuzz, emptyOutcome } from '../fuzz/fuzzed-socket.ts';
import { fuzzMessages } from '../fuzz/generator.ts';
import { SoakCaller, toneFrame } from './caller.ts';
import { bucketsOf, quantileBetween, totalOf, type Buckets } from './histogram.ts';
import { HouseChild } from './house-child.ts';
import { numbersFrom } from './options.ts';

/** What a bad client keeps unsent before it waits, bytes. */
const unsentLimitBytes = 1024 * 1024;

const given = numbersFrom({ calls: 100, seconds: 20 });
const house = await HouseChild.start();
const callers: SoakCaller[] = [];

/** Kinds of bad clients. Each goes on until it is told to stop. */
const hostiles: Readonly<Record<string, (stopped: () => boolean) => Promise<void>>> = {
  'nobody else': () => Promise.resolve(),
  'one that does not read': slowReader,
  'one that floods': flood,
  'one that sends 15 MiB at a time': heavy,
  'one that sends nonsense': nonsense,
  'nobody else, again': () => Promise.resolve(),
};

try {
  for (let call = 0; call < given.calls; call += 1) {
    const caller = await SoakCaller.open(house.callUrl('talkative'), toneFrame());
    caller.talk();
    callers.push(caller);
    await sleep(23);
  }
  // The rehearsal makes up its words once.
  await sleep(10_000);
  for (const [name, hostile] of Object.entries(hostiles)) await measure(name, hostile);
  const lost = callers.filter(({ closed }) => closed !== null).length;
  const silent = callers.filter(({ deltas }) => deltas === 0).length;
  process.stdout.write(`good calls lost: ${lost}, good calls that heard nothing: ${silent}\n`);
  process.exitCode = lost + silent === 0 ? 0 : 1;
} finally {
  for (const caller of callers) caller.hangUp();
  await house.end();
}

async function measure(
  name: string,
  hostile: (stopped: () => boolean) => Promise<void>,
): Promise<void> {
  let stopped = false;
  const before = await house.metrics();
  const bad = hostile(() => stopped);
  await sleep(given.seconds * 1_000);
  const after = await house.metrics();
  stopped = true;
  await bad;
  const up = p99(before, after, 'parley_frame_delay_seconds', 'direction="up"');
  const down = p99(before, after, 'parley_frame_delay_seconds', 'direction="down"');
  const loop = p99(before, after, 'parley_event_loop_delay_seconds');
  const errors = totalOf(after, 'parley_errors_total') - totalOf(before, 'parley_errors_total');
  process.stdout.write(
    `${name}: frame delay p99 up ≤ ${up} ms, down ≤ ${down} ms, event loop p99 ≤ ${loop} ms, ` +
      `errors counted ${errors}\n`,
  );
}

function p99(before: string, after: string, name: string, labels = ''): string {
  const read = (page: string): Buckets => bucketsOf(page, name, labels);
  return (quantileBetween(read(before), read(after), 0.99) * 1000).toFixed(2);
}

/** Opens a call, again and again, and hands it to whoever misuses it until it is closed. */
async function again(
  stopped: () => boolean,
  misuse: (socket: WebSocket) => Promise<void>,
): Promise<void> {
  while (!stopped()) {
    const socket = new WebSocket(house.callUrl('quick'));
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('message', resolve));
    while (!stopped() && socket.readyState === WebSocket.OPEN) {
      // What the other side does not read must not cost this side its own memory and time.
      if (socket.bufferedAmount < unsentLimitBytes) await misuse(socket);
      else await sleep(5);
    }
    socket.terminate();
    await closed;
  }
}

function slowReader(stopped: () => boolean): Promise<void> {
  const big = update({ instructions: 'x'.repeat(500_000) });
  return again(stopped, async (socket) => {
    socket.pause();
    socket.send(big);
    await sleep(50);
    // A paused socket does not see its end.
    if (socket.bufferedAmount > 0) socket.terminate();
  });
}

function flood(stopped: () => boolean): Promise<void> {
  const empty = JSON.stringify({ type: 'input_audio_buffer.append', audio: '' });
  return again(stopped, async (socket) => {
    for (let message = 0; message < 1_000; message += 1) socket.send(empty);
    await sleep(1);
  });
}

function heavy(stopped: () => boolean): Promise<void> {
  const audio = Buffer.alloc(15 * 1024 * 1024).toString('base64');
  const append = JSON.stringify({ type: 'input_audio_buffer.append', audio });
  return again(stopped, async (socket) => {
    socket.send(append);
    await sleep(100);
  });
}

async function nonsense(stopped: () => boolean): Promise<void> {
  for (let seed = 1; !stopped(); seed += 1) {
    await fuzz(house.callUrl('quick'), fuzzMessages(seed, 1_000), emptyOutcome());
  }
}

function update(session: object): string {
  return JSON.stringify({ type: 'session.update', session: { type: 'realtime', ...session } });
}
