import { describe, expect, test } from 'vitest';

import { readModelPackage } from '../../../adapters/inference/model-package.ts';
import {
  ModelWorker,
  type ModelFrame,
  type ModelRow,
} from '../../../adapters/inference/model-worker.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { ManualLinks } from '../../support/inference-manual-link.ts';
import { parrotFolder } from '../../support/parrot-rig.ts';

const never = new AbortController().signal;

interface OpenedRow extends ModelRow {
  readonly frames: ModelFrame[];
  readonly dropped: number[];
  readonly failures: CallError[];
  /** Sends `count` frames of sound at once. */
  readonly say: (count?: number) => void;
}

class Rig {
  readonly clock = new ManualClock(1000);
  readonly links = new ManualLinks();
  readonly worker = new ModelWorker({
    model: readModelPackage(parrotFolder),
    clock: this.clock,
    openLink: this.links.open,
  });

  async prepared(): Promise<this> {
    const loading = this.worker.prepare(never);
    this.links.say({ type: 'ready' });
    await loading;
    return this;
  }

  row(): OpenedRow {
    const frames: ModelFrame[] = [];
    const dropped: number[] = [];
    const failures: CallError[] = [];
    const row = this.worker.openRow({
      frame: (frame) => void frames.push(frame),
      dropped: (samples) => void dropped.push(samples),
      failed: (error) => void failures.push(error),
    });
    let at = 0;
    const say = (count = 1): void => {
      row.push(new Uint8Array(count * 3840), at);
      at += count * 1920;
    };
    return { ...row, frames, dropped, failures, say };
  }
}

describe('the tick', () => {
  test('sends a frame at once when no other call could join it', async () => {
    const rig = await new Rig().prepared();
    const { links } = rig;
    const row = rig.row();
    row.say();
    expect(links.steps).toEqual([[0]]);
    links.answer();
    row.say();
    links.answer();
    expect(
      row.frames.map(({ startSample, bytes, heardInputSample }) => ({
        startSample,
        length: bytes.byteLength,
        heardInputSample,
      })),
    ).toEqual([
      { startSample: 0, length: 3840, heardInputSample: 1920 },
      { startSample: 1920, length: 3840, heardInputSample: 3840 },
    ]);
  });

  test('waits 4 ms for the frames of other calls, and runs them as one batch', async () => {
    const rig = await new Rig().prepared();
    const [a, b, c] = [rig.row(), rig.row(), rig.row()];
    a.say();
    rig.clock.advance(3);
    c.say();
    expect(rig.links.steps).toEqual([]);
    rig.clock.advance(1);
    expect(rig.links.steps).toEqual([[0, 2]]);
    rig.links.answer();
    expect([a, b, c].map(({ frames }) => frames[0]?.bytes[0])).toEqual([1, undefined, 2]);
  });

  test('has one batch under way; what comes meanwhile goes together into the next', async () => {
    const rig = await new Rig().prepared();
    const [a, b] = [rig.row(), rig.row()];
    a.say();
    b.say();
    a.say();
    rig.clock.advance(10);
    b.say();
    expect(rig.links.steps).toEqual([[0, 1]]);
    expect(rig.worker.figures()).toMatchObject({ queueFrames: 2 });
    rig.links.answer();
    expect(rig.links.steps).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  test('runs several frames of one call one after the other', async () => {
    const rig = await new Rig().prepared();
    const row = rig.row();
    row.say(3);
    for (let i = 0; i < 3; i += 1) rig.links.answer();
    expect(rig.links.steps).toEqual([[0], [0], [0]]);
    expect(row.frames.map(({ heardInputSample }) => heardInputSample)).toEqual([1920, 3840, 5760]);
  });

  test('feeds silence in real time to a call that sends nothing', async () => {
    const rig = await new Rig().prepared();
    rig.row();
    for (let i = 0; i < 20; i += 1) {
      rig.clock.advance(80);
      while (rig.links.steps.length > (rig.worker.figures()['batches'] ?? 0)) rig.links.answer();
    }
    // 1600 ms, of which the first 460 are waited for.
    expect(rig.links.steps).toHaveLength(14);
    expect(rig.worker.figures()).toMatchObject({ silenceSamples: 1140 * 24 });
  });

  test('counts a batch that was later than a frame lasts', async () => {
    const rig = await new Rig().prepared();
    const row = rig.row();
    row.say();
    rig.clock.advance(80);
    rig.links.answer({ runMs: 79 });
    expect(rig.worker.figures()).toMatchObject({ deadlineMisses: 0, batchMsLast: 79 });
    row.say();
    rig.clock.advance(81);
    rig.links.answer({ runMs: 80 });
    expect(rig.worker.figures()).toMatchObject({
      deadlineMisses: 1,
      batches: 2,
      frames: 2,
      batchMsTotal: 159,
      frameDelayMsMax: 81,
    });
  });

  test('says how much input was dropped', async () => {
    const rig = await new Rig().prepared();
    const row = rig.row();
    row.say(9);
    expect(row.dropped).toEqual([2 * 1920]);
    expect(rig.worker.figures()).toMatchObject({ droppedSamples: 2 * 1920 });
  });

  test('leaves no timer behind when the last call is gone', async () => {
    const rig = await new Rig().prepared();
    const [a, b] = [rig.row(), rig.row()];
    a.say();
    a.close();
    b.close();
    expect(rig.clock.pending).toBe(0);
  });
});

describe('rows', () => {
  test('are taken lowest first, freed on close, and refused beyond the package maximum', async () => {
    const rig = await new Rig().prepared();
    const rows = Array.from({ length: 32 }, () => rig.row());
    expect(() => rig.row()).toThrow(
      expect.objectContaining({ code: 'backend_overloaded' }) as CallError,
    );
    rows[5]!.close();
    rows[5]!.close();
    expect(rig.links.sent).toEqual([{ type: 'leave', slot: 5 }]);
    rig.row().say();
    rig.clock.advance(4);
    expect(rig.links.steps).toEqual([[5]]);
    expect(rig.worker.figures()).toMatchObject({ rows: 32, rowsMax: 32, refusedRows: 1 });
  });

  test('do not get the frames of the call that had the row before', async () => {
    const rig = await new Rig().prepared();
    const first = rig.row();
    first.say();
    first.close();
    const second = rig.row();
    rig.links.answer();
    expect(first.frames).toEqual([]);
    expect(second.frames).toEqual([]);
  });

  test('are over when their state is full', async () => {
    const rig = await new Rig().prepared();
    const row = rig.row();
    row.say();
    rig.links.answer({ full: [true] });
    expect(row.failures.map(({ code }) => code)).toEqual(['session_expired']);
    expect(rig.worker.figures()).toMatchObject({ rows: 0 });
  });

  test('cannot be had before the package is loaded', () => {
    expect(() => new Rig().row()).toThrow('model parrot is not loaded');
  });
});

describe('a thread', () => {
  test.each([
    ['dies', (rig: Rig) => rig.links.die('out of memory'), 'out of memory'],
    [
      'fails in a run',
      (rig: Rig) => rig.links.say({ type: 'fault', message: 'bad tensor' }),
      'bad tensor',
    ],
    ['never answers', (rig: Rig) => rig.clock.advance(10_100), 'within 10000 ms'],
  ])('that %s fails every call, and the next prepare starts another', async (_, break_, words) => {
    const rig = await new Rig().prepared();
    const [a, b] = [rig.row(), rig.row()];
    a.say();
    b.say();
    break_(rig);
    for (const { failures } of [a, b]) {
      expect(failures).toHaveLength(1);
      expect(failures[0]).toMatchObject({ code: 'model_unavailable' });
      expect(failures[0]!.message).toContain(words);
    }
    expect(rig.links.threads[0]!.ended).toBe(true);
    expect(rig.clock.pending).toBe(0);
    a.say();
    a.close();
    await rig.prepared();
    const again = rig.row();
    again.say();
    rig.links.answer();
    expect(again.frames).toHaveLength(1);
    expect(rig.worker.figures()).toMatchObject({ starts: 2, ready: 1 });
  });

  test('that refuses its package rejects prepare with its words, and can be tried again', async () => {
    const rig = new Rig();
    const loading = rig.worker.prepare(never);
    rig.links.say({ type: 'refused', message: 'model package parrot: parrot.onnx is odd' });
    await expect(loading).rejects.toMatchObject({
      code: 'model_unavailable',
      message: 'model package parrot: parrot.onnx is odd',
    });
    await expect(rig.prepared()).resolves.toBe(rig);
  });

  test('is loaded once for all who ask, whoever gives up waiting', async () => {
    const rig = new Rig();
    const impatient = new AbortController();
    const first = rig.worker.prepare(impatient.signal);
    const second = rig.worker.prepare(never);
    impatient.abort();
    await expect(first).rejects.toMatchObject({ code: 'model_unavailable' });
    rig.links.say({ type: 'ready' });
    await second;
    expect(rig.links.threads).toHaveLength(1);
  });
});
