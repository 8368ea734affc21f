import { describe, expect, test } from 'vitest';

import { createOnnxBackend, onnxOptions } from '../../../adapters/backends/onnx/index.ts';
import type { Chunk } from '../../../src/audio/chunk.ts';
import { pcm16k, pcm24k, type AudioFormat } from '../../../src/audio/format.ts';
import type { BackendContext, BackendEvent, BackendPort } from '../../../src/ports/backend.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { ManualLinks } from '../../support/inference-manual-link.ts';
import { parrotFolder } from '../../support/parrot-rig.ts';

const never = new AbortController().signal;

class Rig {
  readonly clock = new ManualClock();
  readonly links = new ManualLinks();
  readonly backend: BackendPort = createOnnxBackend({
    name: 'bird',
    options: onnxOptions.parse({ package: 'parrot' }),
    resolvePackage: (name) => (name === 'parrot' ? parrotFolder : name),
    clock: this.clock,
    openLink: this.links.open,
  });

  context(inputFormat: AudioFormat = pcm24k): BackendContext {
    return {
      callId: 'call_1',
      agent: 'parrot',
      authority: 'model',
      settings: {
        instructions: '',
        voice: null,
        modality: 'audio',
        inputFormat,
        outputFormat: pcm24k,
        turnDetection: null,
        callerTranscripts: false,
        tools: [],
        toolChoice: { mode: 'auto' },
        maxOutputTokens: 'inf',
      },
      inputFormat,
      outputFormat: pcm24k,
      seed: null,
      clock: this.clock,
      ids: countingIds(),
      log: silentLogger,
    };
  }

  async open(): ReturnType<BackendPort['open']> {
    const opening = this.backend.open(this.context(), never);
    this.links.say({ type: 'ready' });
    return opening;
  }
}

function chunk(frames: number, startSample = 0): Chunk {
  const samples = frames * 1920;
  return { ...pcm24k, startSample, samples, bytes: new Uint8Array(samples * 2), atMs: 0 };
}

async function all(events: AsyncIterable<BackendEvent>): Promise<BackendEvent[]> {
  const list: BackendEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

describe('the onnx backend', () => {
  test('says what it can do: it lives without turns, in the formats of its package', () => {
    const { backend } = new Rig();
    expect(backend).toMatchObject({ name: 'bird', type: 'onnx' });
    expect(backend.capabilities).toMatchObject({
      authorities: ['model'],
      cancel: false,
      tools: 'none',
      modalities: ['audio'],
      voices: null,
      inputFormats: [pcm24k],
      outputFormats: [pcm24k],
      sessionCapMs: null,
    });
  });

  test('refuses options without a package, and a package that is not there', () => {
    expect(onnxOptions.safeParse({}).success).toBe(false);
    expect(() =>
      createOnnxBackend({
        name: 'bird',
        options: { package: 'no-such-package' },
        resolvePackage: (name) => name,
        clock: new ManualClock(),
      }),
    ).toThrow('model package no-such-package: manifest.json cannot be read');
  });

  test('refuses a session in another format', async () => {
    const rig = new Rig();
    await expect(rig.backend.open(rig.context(pcm16k), never)).rejects.toMatchObject({
      code: 'unsupported_by_backend',
    });
  });

  test('turns audio into frames and ends with the call', async () => {
    const rig = new Rig();
    const session = await rig.open();
    expect(session.send({ type: 'audio', chunk: chunk(2, 100) })).toBe('ok');
    rig.links.answer();
    rig.links.answer();
    session.close();
    session.close();
    expect(session.send({ type: 'clear' })).toBe('closed');
    const frames = (await all(session.events)).map((event) =>
      event.type === 'stream.frame' ? [event.frame.startSample, event.frame.heardInputSample] : [],
    );
    expect(frames).toEqual([
      [0, 2020],
      [1920, 3940],
    ]);
    expect(rig.links.sent.at(-1)).toEqual({ type: 'leave', slot: 0 });
  });

  test('tells of input it dropped', async () => {
    const session = await new Rig().open();
    session.send({ type: 'audio', chunk: chunk(10) });
    session.close();
    expect(await all(session.events)).toEqual([
      { type: 'dropped', what: 'input', samples: 3 * 1920 },
    ]);
  });

  test('accepts settings without effect and fails a line that is asked for', async () => {
    const rig = new Rig();
    const session = await rig.open();
    expect(session.send({ type: 'configure', settings: rig.context().settings })).toBe('ok');
    session.send({
      type: 'respond',
      lineId: 'line_1',
      itemId: 'item_1',
      outOfBand: false,
      overrides: {},
      input: null,
    });
    session.close();
    expect(await all(session.events)).toMatchObject([
      { type: 'line.done', lineId: 'line_1', outcome: { status: 'failed' } },
    ]);
  });

  test('ends a session that nobody reads with a fault, and frees its row', async () => {
    const rig = new Rig();
    const session = await rig.open();
    for (let i = 0; i < 513; i += 1) {
      rig.clock.advance(80);
      session.send({ type: 'audio', chunk: chunk(1, i * 1920) });
      rig.links.answer();
    }
    expect(await all(session.events)).toMatchObject([
      { type: 'failed', error: { code: 'queue_overflow' } },
    ]);
    expect(rig.backend.figures()).toMatchObject({ rows: 0 });
  });

  test('fails every session when the model dies, and starts it again for the next', async () => {
    const rig = new Rig();
    const session = await rig.open();
    rig.links.die('out of memory');
    expect(await all(session.events)).toMatchObject([
      { type: 'failed', error: { code: 'model_unavailable' } },
    ]);
    const next = await rig.open();
    next.send({ type: 'audio', chunk: chunk(1) });
    rig.links.answer();
    next.close();
    expect(await all(next.events)).toMatchObject([{ type: 'stream.frame' }]);
  });

  test('opens nothing any more after close', async () => {
    const rig = new Rig();
    await rig.backend.close();
    await expect(rig.open).rejects.toThrow();
    await expect(rig.backend.open(rig.context(), never)).rejects.toMatchObject({
      code: 'model_unavailable',
    });
  });
});
