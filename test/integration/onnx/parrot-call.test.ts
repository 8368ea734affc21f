import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createOnnxBackend } from '../../../adapters/backends/onnx/index.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import type {
  BackendContext,
  BackendPort,
  BackendSession,
  StreamFrame,
} from '../../../src/ports/backend.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { arrivals } from '../../support/inference-arrivals.ts';
import { joined, parrotFolder, speechFixture } from '../../support/parrot-rig.ts';

const rateHz = 24_000;
const never = new AbortController().signal;
const clock = new ManualClock();
const context: BackendContext = {
  callId: 'call_1',
  agent: 'parrot',
  authority: 'model',
  settings: {
    instructions: '',
    voice: null,
    modality: 'audio',
    inputFormat: pcm24k,
    outputFormat: pcm24k,
    turnDetection: null,
    callerTranscripts: false,
    tools: [],
    toolChoice: { mode: 'auto' },
    maxOutputTokens: 'inf',
  },
  inputFormat: pcm24k,
  outputFormat: pcm24k,
  seed: null,
  clock,
  ids: countingIds(),
  log: silentLogger,
};

let backend: BackendPort;
beforeAll(async () => {
  backend = createOnnxBackend({
    name: 'parrot',
    options: { package: 'parrot' },
    resolvePackage: () => parrotFolder,
    clock,
  });
  await backend.prepare(never);
});
afterAll(() => backend.close());

/** A call whose frames are collected as they come. */
class Call {
  readonly frames: StreamFrame[] = [];
  readonly session: BackendSession;
  dropped = 0;

  constructor(session: BackendSession) {
    this.session = session;
    void this.#collect();
  }

  static async open(): Promise<Call> {
    return new Call(await backend.open(context, never));
  }

  /** What it said from its n-th beginning to its n-th end. */
  answer(n = 0): Int16Array {
    const starts = this.frames.flatMap(({ mark }, i) => (mark === 'speech_started' ? [i] : []));
    const ends = this.frames.flatMap(({ mark }, i) =>
      mark === 'speech_ended' || mark === 'yielded' ? [i] : [],
    );
    return joined(
      this.frames
        .slice(starts[n], ends[n])
        .map(({ bytes }) => new Int16Array(bytes.slice().buffer)),
    );
  }

  async #collect(): Promise<void> {
    for await (const event of this.session.events) {
      if (event.type === 'dropped') this.dropped += event.samples;
      if (event.type !== 'stream.frame') continue;
      this.frames.push(event.frame);
    }
  }
}

/** Correlation of what was said with what was heard, aligned at the first full match. */
function correlation(said: Int16Array, heard: Int16Array): number {
  const probes = [0.2, 0.4, 0.6, 0.8].map((part) => Math.floor(said.length * part));
  for (let shift = 0; shift + said.length <= heard.length; shift += 1) {
    if (!probes.every((at) => said[at] === heard[shift + at])) continue;
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = 0; i < said.length; i += 1) {
      ab += said[i]! * heard[shift + i]!;
      aa += said[i]! ** 2;
      bb += heard[shift + i]! ** 2;
    }
    return ab / Math.sqrt(aa * bb);
  }
  return 0;
}

/** Waits until the model's thread has answered everything it was sent. */
async function idle(): Promise<void> {
  while (backend.figures()['busy'] === 1) await setImmediate();
}

/** Lets time pass; the model's thread gets all of it that it wants. */
async function pass(ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 20) {
    clock.advance(20);
    await idle();
  }
}

/** Sends a line to a call as it would arrive, on the manual clock. */
async function speak(
  call: Call,
  line: Int16Array,
  network: { chunkMs: readonly number[]; driftPpm: number; lateMs: readonly number[] },
): Promise<void> {
  const beganMs = clock.nowMs();
  const list = arrivals({ ...network, samples: line.length, rateHz });
  for (const { atMs, fromSample, toSample } of list) {
    clock.advance(beganMs + atMs - clock.nowMs());
    send(call, line, fromSample, toSample);
    await idle();
  }
  await pass(240);
}

function send(call: Call, line: Int16Array, fromSample: number, toSample: number): void {
  const bytes = new Uint8Array(line.slice(fromSample, toSample).buffer);
  const samples = bytes.byteLength / 2;
  const chunk = { ...pcm24k, startSample: fromSample, samples, bytes, atMs: clock.nowMs() };
  call.session.send({ type: 'audio', chunk });
}

const clean = { chunkMs: [20], driftPpm: 0, lateMs: [0] };
const silence = (ms: number): Int16Array => new Int16Array((ms * rateHz) / 1000);

describe('a call with parrot, through its thread', () => {
  test('hears its own words, every sample of them', async () => {
    const call = await Call.open();
    const clip = speechFixture('thanks');
    await speak(call, joined([silence(400), clip, silence(2600)]), clean);
    expect(correlation(clip.subarray(3600, clip.length - 3600), call.answer())).toBeGreaterThan(
      0.999,
    );
    const positions = call.frames.map(({ startSample }) => startSample);
    expect(positions).toEqual(positions.map((_, i) => i * 1920));
    call.session.close();
  });

  test.each([
    ['20 ms, +200 ppm', [20], 200],
    ['250 ms, −200 ppm', [250], -200],
    ['all lengths, +200 ppm', [250, 20, 130, 47, 200, 33], 200],
  ])('loses no words on a jittery line (chunks: %s)', async (_, chunkMs, driftPpm) => {
    const call = await Call.open();
    // One chunk in 33 is 150 ms late, the others up to 7 ms.
    const lateMs = Array.from({ length: 33 }, (_, i) => (i === 5 ? 150 : (i * 3) % 8));
    const clip = speechFixture('table');
    const line = joined([silence(700), clip, silence(5500)]);
    await speak(call, line, { chunkMs, driftPpm, lateMs });
    expect(call.dropped).toBe(0);
    expect(correlation(clip.subarray(3600, clip.length - 3600), call.answer())).toBeGreaterThan(
      0.999,
    );
    call.session.close();
  });

  test('a caller who mutes gets the answer all the same: the model runs on silence', async () => {
    const call = await Call.open();
    const clip = speechFixture('thanks');
    await speak(call, clip, clean);
    await pass(4000);
    expect(correlation(clip.subarray(3600, clip.length - 3600), call.answer())).toBeGreaterThan(
      0.999,
    );
    // Positions on the uplink stand still while nothing comes.
    expect(call.frames.at(-1)?.heardInputSample).toBe(clip.length);
    call.session.close();
  });

  test('calls in one batch, joining and leaving, get what each would get alone', async () => {
    const lines = ['thanks', 'cake', 'uh-huh'].map((name) =>
      joined([speechFixture(name), silence(3500)]),
    );
    const alone: StreamFrame[][] = [];
    for (const line of lines) {
      const call = await Call.open();
      await speak(call, line, clean);
      alone.push(call.frames);
      call.session.close();
    }
    const batchesBefore = backend.figures()['batches']!;
    const calls = await Promise.all(lines.map(() => Call.open()));
    const passer = await Call.open();
    const longest = Math.max(...lines.map(({ length }) => Math.floor(length / 1920)));
    for (let at = 0; at < longest; at += 1) {
      if (at === 5) send(passer, lines[1]!, 0, 1920);
      if (at === 20) passer.session.close();
      for (const [i, call] of calls.entries()) {
        send(call, lines[i]!, at * 1920, (at + 1) * 1920);
        clock.advance(1);
      }
      clock.advance(79 - calls.length);
      await idle();
    }
    const frames = calls.reduce((sum, call) => sum + call.frames.length, 0);
    expect(backend.figures()['batches']! - batchesBefore).toBeLessThan(frames / 2);
    for (const [i, call] of calls.entries()) {
      const count = Math.floor(lines[i]!.length / 1920);
      expect(count).toBeGreaterThan(40);
      for (let at = 0; at < count; at += 1) {
        expect(call.frames[at]?.mark).toBe(alone[i]![at]?.mark);
        expect(Buffer.compare(call.frames[at]!.bytes, alone[i]![at]!.bytes)).toBe(0);
      }
      call.session.close();
    }
  });
});

describe('loading', () => {
  test('refuses a package whose graph was changed, from the thread, before any call', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'package-'));
    try {
      cpSync(join(parrotFolder, 'manifest.json'), join(folder, 'manifest.json'));
      writeFileSync(join(folder, 'parrot.onnx'), 'other');
      const broken = createOnnxBackend({
        name: 'broken',
        options: { package: folder },
        resolvePackage: (path) => path,
        clock,
      });
      await expect(broken.prepare(never)).rejects.toMatchObject({
        code: 'model_unavailable',
        message: expect.stringContaining('the manifest says') as string,
      });
      await broken.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
