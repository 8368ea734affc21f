import { describe, expect, test } from 'vitest';

import type { DispatcherLimits } from '../../../../adapters/detectors/smart-turn/dispatcher.ts';
import { SmartTurnDetector } from '../../../../adapters/detectors/smart-turn/smart-turn-detector.ts';
import type { EndOfTurnScore, EndOfTurnStream } from '../../../../src/ports/end-of-turn.ts';
import { ManualClock } from '../../../../src/time/manual-clock.ts';
import { ManualTurnLink } from '../../../support/turn-manual-link.ts';

const identity = [
  { raw: 0, probability: 0 },
  { raw: 1, probability: 1 },
];

interface Listened {
  readonly stream: EndOfTurnStream;
  readonly scores: EndOfTurnScore[];
  readonly failures: Error[];
}

interface Rig {
  readonly clock: ManualClock;
  readonly link: ManualTurnLink;
  readonly detector: SmartTurnDetector;
  open(): Listened;
  figure(name: string): number;
}

function rig(limits: Partial<DispatcherLimits> = {}, ready = true): Rig {
  const clock = new ManualClock();
  const link = new ManualTurnLink();
  const detector = new SmartTurnDetector({
    clock,
    weights: { path: 'none', sha256: '' },
    calibration: identity,
    limits,
    openLink: link.open,
  });
  if (ready) {
    void detector.prepare(new AbortController().signal);
    link.ready();
  }
  return {
    clock,
    link,
    detector,
    figure: (name) => detector.figures()[name]!,
    open: () => {
      const scores: EndOfTurnScore[] = [];
      const failures: Error[] = [];
      const stream = detector.open(
        (score) => scores.push(score),
        (error) => failures.push(error),
      );
      return { stream, scores, failures };
    },
  };
}

/** Samples whose values are their positions from `from` on. */
const counting = (from: number, samples: number): Float32Array =>
  Float32Array.from({ length: samples }, (_, i) => from + i);

describe('audio on its way', () => {
  test('of all streams goes together, after the gathering time', () => {
    const { clock, link, open } = rig({ gatherMs: 60 });
    const [one, other] = [open(), open()];
    one.stream.push(counting(0, 320));
    clock.advance(30);
    other.stream.push(counting(500, 100));
    one.stream.push(counting(320, 320));
    clock.advance(29);
    expect(link.requests).toEqual([]);
    clock.advance(1);
    const { pieces, pcm, question } = link.answer();
    expect(question).toBeNull();
    expect(pieces).toEqual([
      { streamId: 1, startSample: 0, samples: 640 },
      { streamId: 2, startSample: 0, samples: 100 },
    ]);
    expect([...pcm]).toEqual([...counting(0, 640), ...counting(500, 100)]);
    clock.advance(1_000);
    expect(link.requests).toEqual([]);
  });

  test('waits while the thread works, up to a limit: the oldest is dropped and counted', () => {
    const { clock, link, open, figure } = rig({ queueLimitSamples: 1_000 });
    const { stream } = open();
    stream.push(counting(0, 100));
    clock.advance(60);
    for (let at = 100; at < 1_700; at += 400) stream.push(counting(at, 400));
    link.answer();
    clock.advance(60);
    const { pieces, pcm } = link.answer();
    expect(pieces).toEqual([{ streamId: 1, startSample: 700, samples: 1_000 }]);
    expect([...pcm]).toEqual([...counting(700, 1_000)]);
    expect(figure('droppedSamples')).toBe(600);
  });

  test('of many streams does not make one request too long', () => {
    const { clock, link, open } = rig({ samplesPerRequest: 1_000 });
    const streams = [open(), open(), open()];
    for (const { stream } of streams) stream.push(new Float32Array(600));
    clock.advance(60);
    expect(link.answer().pieces.map(({ samples }) => samples)).toEqual([600, 400]);
    clock.advance(60);
    expect(link.answer().pieces).toEqual([
      { streamId: 3, startSample: 0, samples: 600 },
      { streamId: 2, startSample: 400, samples: 200 },
    ]);
  });
});

describe('questions', () => {
  test('go at once, with all audio before them and none after, and are answered', () => {
    const { clock, link, open, figure } = rig();
    const [busy, one] = [open(), open()];
    busy.stream.push(new Float32Array(10));
    busy.stream.ask(0);
    one.stream.push(counting(0, 500));
    one.stream.ask(100);
    one.stream.push(counting(500, 300));
    link.answer(0.25);
    expect(busy.scores).toEqual([{ probability: 0.25, raw: 0.25, askedAtSample: 10 }]);
    clock.advance(12);
    const { pieces, question } = link.answer(0.75);
    expect(pieces).toEqual([{ streamId: 2, startSample: 0, samples: 500 }]);
    expect(question).toEqual({ streamId: 2, fromSample: 100 });
    expect(one.scores).toEqual([{ probability: 0.75, raw: 0.75, askedAtSample: 500 }]);
    clock.advance(60);
    expect(link.answer().pieces).toEqual([{ streamId: 2, startSample: 500, samples: 300 }]);
    expect(figure('answers')).toBe(2);
    expect(figure('delayMsMax')).toBe(12);
  });

  test('are overtaken by a newer one of the same stream', () => {
    const { link, open, figure } = rig();
    const [busy, one] = [open(), open()];
    busy.stream.ask(0);
    one.stream.push(new Float32Array(160));
    one.stream.ask(0);
    one.stream.push(new Float32Array(160));
    one.stream.ask(5);
    link.answer(0.1);
    expect(link.answer(0.2).question).toEqual({ streamId: 2, fromSample: 5 });
    expect(one.scores).toEqual([{ probability: 0.2, raw: 0.2, askedAtSample: 320 }]);
    expect(link.requests).toEqual([]);
    expect(figure('supersededAsks')).toBe(1);
  });

  test('more than can be answered: the newest first, and none that would come too late', () => {
    const { clock, link, open, figure } = rig({ askTimeoutMs: 300 });
    const streams = Array.from({ length: 6 }, open);
    for (const { stream } of streams) {
      stream.ask(0);
      clock.advance(10);
    }
    // Each takes 20 ms by the thread's own account, and 80 here.
    for (const expected of [1, 6, 5, 4]) {
      clock.advance(70);
      expect(link.answer(0.5).question?.streamId).toBe(expected);
    }
    expect(link.requests).toEqual([]);
    expect([figure('answers'), figure('lateAsks'), figure('openAsks')]).toEqual([3, 3, 0]);
  });

  test('that wait too long are not even sent, and one answered too late is dropped', () => {
    const { clock, link, open, figure } = rig({ askTimeoutMs: 300 });
    const [busy, one] = [open(), open()];
    busy.stream.ask(0);
    one.stream.ask(0);
    clock.advance(301);
    link.answer(0.9);
    expect(link.requests).toEqual([]);
    expect([...busy.scores, ...one.scores]).toEqual([]);
    expect(figure('lateAsks')).toBe(2);
    one.stream.ask(0);
    clock.advance(300);
    link.answer(0.9);
    expect(one.scores).toHaveLength(1);
  });

  test('without audio, or with an answer that is no probability, get none', () => {
    const { link, open, figure } = rig();
    const { stream, scores } = open();
    for (const raw of [null, NaN, 1.5, -0.1, 0]) {
      stream.ask(0);
      link.answer(raw);
    }
    expect(scores).toEqual([{ probability: 0, raw: 0, askedAtSample: 0 }]);
    expect([figure('emptyAsks'), figure('invalidScores'), figure('answers')]).toEqual([1, 3, 1]);
  });

  test('of before a reset are not answered, and positions run on', () => {
    const { clock, link, open, figure } = rig();
    const { stream, scores } = open();
    stream.push(new Float32Array(400));
    stream.ask(0);
    stream.push(new Float32Array(100));
    stream.ask(0);
    stream.reset();
    link.answer(0.5);
    stream.push(new Float32Array(160));
    clock.advance(60);
    expect(link.answer()).toMatchObject({
      ended: [1],
      pieces: [{ streamId: 2, startSample: 500, samples: 160 }],
    });
    stream.ask(500);
    link.answer(0.6);
    expect(scores).toEqual([{ probability: 0.6, raw: 0.6, askedAtSample: 660 }]);
    expect(figure('abandonedAsks')).toBe(2);
  });

  test('that wait when their stream is reset are over at once', () => {
    const { link, open, figure } = rig();
    const [busy, one] = [open(), open()];
    busy.stream.ask(0);
    one.stream.ask(0);
    one.stream.reset();
    expect([figure('asks'), figure('abandonedAsks'), figure('openAsks')]).toEqual([2, 1, 1]);
    link.answer(0.5);
    expect(link.requests).toEqual([]);
    expect([figure('answers'), figure('lateAsks'), figure('openAsks')]).toEqual([1, 0, 0]);
  });

  test('of a closed stream are not answered', () => {
    const { link, open, figure } = rig();
    const { stream, scores } = open();
    stream.ask(0);
    stream.close();
    stream.close();
    stream.ask(0);
    stream.push(new Float32Array(10));
    link.answer(0.5);
    expect(scores).toEqual([]);
    expect([figure('asks'), figure('abandonedAsks'), figure('streams')]).toEqual([1, 1, 0]);
  });

  test('about no whole sample are a mistake', () => {
    expect(() => rig().open().stream.ask(0.5)).toThrow(/fromSample/);
  });

  test('a listener that throws loses its stream alone', () => {
    const { link, detector, open } = rig();
    const failures: Error[] = [];
    const bad = detector.open(
      () => {
        throw new TypeError('no');
      },
      (error) => failures.push(error),
    );
    const good = open();
    bad.ask(0);
    good.stream.ask(0);
    link.answer(0.5);
    link.answer(0.5);
    expect(failures).toMatchObject([{ code: 'detector_failed', message: 'no' }]);
    expect(good.scores).toHaveLength(1);
  });
});

describe('the thread', () => {
  test('that does not answer is lost: every stream is told, and prepare starts another', async () => {
    const { clock, link, detector, open, figure } = rig({ answerTimeoutMs: 5_000 });
    const [one, other] = [open(), open()];
    one.stream.ask(0);
    clock.advance(5_000);
    for (const { failures } of [one, other]) {
      expect(failures).toMatchObject([{ code: 'detector_failed' }]);
    }
    expect(() => open()).toThrow(/idle/);
    expect([figure('failures'), figure('abandonedAsks'), link.ends]).toEqual([1, 1, 1]);
    const again = detector.prepare(new AbortController().signal);
    link.ready();
    await again;
    open();
    expect(link.starts).toBe(2);
    expect(clock.pending).toBe(0);
  });

  test('that fails or ends while it starts makes prepare reject', async () => {
    for (const end of ['failed', 'lost'] as const) {
      const { link, detector } = rig({}, false);
      const prepared = detector.prepare(new AbortController().signal);
      link[end]('out of memory');
      await expect(prepared).rejects.toMatchObject({
        code: 'detector_failed',
        message: 'out of memory',
      });
    }
  });

  test('is ended by an abort, and by closing', async () => {
    const { link, detector } = rig({}, false);
    const controller = new AbortController();
    const prepared = detector.prepare(controller.signal);
    controller.abort();
    await expect(prepared).rejects.toMatchObject({ code: 'detector_failed' });
    const again = detector.prepare(new AbortController().signal);
    const closed = detector.close();
    await expect(again).rejects.toThrow(/closed/);
    await closed;
    await detector.close();
    expect(link.ends).toBe(2);
    await expect(detector.prepare(new AbortController().signal)).rejects.toThrow(/closed/);
    await expect(detector.prepare(controller.signal)).rejects.toThrow(/aborted/);
  });

  test('closing leaves no timer and no voice', async () => {
    const { clock, link, detector, open } = rig();
    const { stream, scores, failures } = open();
    stream.push(new Float32Array(100));
    await detector.close();
    stream.ask(0);
    expect([scores, failures, link.requests]).toEqual([[], [], []]);
    expect(clock.pending).toBe(0);
  });
});
