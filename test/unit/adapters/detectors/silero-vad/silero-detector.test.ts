import { expect, test } from 'vitest';

import {
  SileroDetector,
  type SileroDetectorOptions,
} from '../../../../../adapters/detectors/silero-vad/silero-detector.ts';
import type { DetectorScore, DetectorStream } from '../../../../../src/ports/detector.ts';
import { ManualClock } from '../../../../../src/time/manual-clock.ts';
import { ManualLink } from '../../../../support/silero-manual-link.ts';

interface Rig {
  readonly clock: ManualClock;
  readonly link: ManualLink;
  readonly detector: SileroDetector;
}

async function rig(limits: SileroDetectorOptions['limits'] = {}): Promise<Rig> {
  const clock = new ManualClock();
  const link = new ManualLink();
  const detector = new SileroDetector({ clock, limits, openLink: link.open });
  const prepared = detector.prepare(new AbortController().signal);
  link.ready();
  await prepared;
  return { clock, link, detector };
}

interface Listener {
  readonly stream: DetectorStream;
  readonly scores: DetectorScore[];
  readonly failures: Error[];
}

function listen(detector: SileroDetector): Listener {
  const scores: DetectorScore[] = [];
  const failures: Error[] = [];
  const stream = detector.open(
    (score) => scores.push(score),
    (error) => failures.push(error),
  );
  return { stream, scores, failures };
}

/** Whole frames whose samples all have one value each. */
function frames(...values: number[]): Float32Array {
  return Float32Array.from(
    { length: values.length * 512 },
    (_, at) => values[Math.floor(at / 512)]!,
  );
}

const ends = ({ scores }: Listener): number[] => scores.map((score) => score.endSample / 512);
const values = ({ scores }: Listener): number[] => scores.map((score) => score.probability);

test('frames of all streams within the gathering time go out as one request', async () => {
  const { clock, link, detector } = await rig({ gatherMs: 5 });
  const [a, b] = [listen(detector), listen(detector)];
  a.stream.push(frames(0.25));
  clock.advance(3);
  b.stream.push(frames(0.5));
  expect(link.requests.length).toBe(0);
  clock.advance(2);
  expect(link.requests.map((request) => request.streamIds.length)).toEqual([2]);
  link.answer();
  expect([values(a), values(b)]).toEqual([[0.25], [0.5]]);
});

test('while the thread works frames gather, and go out with its answer', async () => {
  const { clock, link, detector } = await rig({ gatherMs: 5 });
  const a = listen(detector);
  a.stream.push(frames(0.25));
  clock.advance(5);
  for (const value of [0.5, 0.75]) {
    a.stream.push(frames(value));
    clock.advance(32);
  }
  expect(link.requests.length).toBe(1);
  link.answer();
  expect(link.requests.map((request) => request.streamIds.length)).toEqual([2]);
  link.answer();
  expect(values(a)).toEqual([0.25, 0.5, 0.75]);
  expect(ends(a)).toEqual([1, 2, 3]);
});

test('a burst of one stream is served in parts, others with each of them', async () => {
  const { clock, link, detector } = await rig({ framesPerStream: 2, framesPerRequest: 3 });
  const [a, b, c] = [listen(detector), listen(detector), listen(detector)];
  a.stream.push(frames(0.125, 0.25, 0.375, 0.5, 0.625));
  b.stream.push(frames(0.75));
  c.stream.push(frames(0.875));
  clock.advance(5);
  const sizes: number[] = [];
  while (link.requests.length > 0) sizes.push(link.answer().streamIds.length);
  expect(sizes).toEqual([3, 3, 1]);
  expect(values(a)).toEqual([0.125, 0.25, 0.375, 0.5, 0.625]);
  expect([values(b), values(c)]).toEqual([[0.75], [0.875]]);
});

test('a full queue drops its oldest frames, counts them, and keeps positions true', async () => {
  const { clock, link, detector } = await rig({ queueLimitFrames: 3 });
  const [a, b] = [listen(detector), listen(detector)];
  a.stream.push(frames(0.125, 0.25, 0.375, 0.5, 0.625));
  b.stream.push(frames(0.75));
  expect(detector.figures()['queueFrames']).toBe(4);
  clock.advance(5);
  link.answer();
  expect(ends(a)).toEqual([3, 4, 5]);
  expect(values(a)).toEqual([0.375, 0.5, 0.625]);
  expect(values(b)).toEqual([0.75]);
  expect(detector.figures()['droppedFrames']).toBe(2);
});

test('frames that waited too long behind a slow thread are dropped and counted', async () => {
  const { clock, link, detector } = await rig({ maxWaitMs: 100, answerTimeoutMs: 10_000 });
  const a = listen(detector);
  a.stream.push(frames(0.125));
  clock.advance(5);
  a.stream.push(frames(0.25, 0.375));
  clock.advance(90);
  a.stream.push(frames(0.5));
  clock.advance(11);
  link.answer();
  link.answer();
  expect(ends(a)).toEqual([1, 4]);
  expect(detector.figures()).toMatchObject({ droppedFrames: 2, frames: 2, queueFrames: 0 });
});

test('scores of before a reset or a close are not reported', async () => {
  const { clock, link, detector } = await rig();
  const [a, b, c] = [listen(detector), listen(detector), listen(detector)];
  for (const one of [a, b, c]) one.stream.push(frames(0.5));
  clock.advance(5);
  a.stream.reset();
  b.stream.close();
  a.stream.push(frames(0.25));
  link.answer();
  expect([values(a), values(b), values(c)]).toEqual([[], [], [0.5]]);
  clock.advance(5);
  link.answer();
  expect(a.scores).toEqual([{ probability: 0.25, endSample: 1024 }]);
});

test('the thread is told which streams are over, also when nothing is to be scored', async () => {
  const { clock, link, detector } = await rig();
  const [a, b, unheard] = [listen(detector), listen(detector), listen(detector)];
  a.stream.push(frames(0.5));
  b.stream.push(frames(0.5));
  clock.advance(5);
  const first = link.answer();
  a.stream.reset();
  b.stream.close();
  unheard.stream.close();
  clock.advance(5);
  const second = link.answer();
  expect(second.ended).toEqual([...first.streamIds]);
  expect(second.streamIds.length).toBe(0);
  expect(detector.figures()['streams']).toBe(1);
});

test('a listener may close any stream and the detector from inside a score', async () => {
  const { clock, link, detector } = await rig();
  const others: Listener[] = [];
  const first = detector.open(
    () => {
      others[0]!.stream.close();
      void detector.close();
    },
    () => expect.unreachable('an orderly close is no failure'),
  );
  others.push(listen(detector), listen(detector));
  first.push(frames(0.5));
  for (const other of others) other.stream.push(frames(0.5));
  clock.advance(5);
  link.answer();
  expect(others.map(({ scores, failures }) => [scores.length, failures.length])).toEqual([
    [0, 0],
    [0, 0],
  ]);
  expect([clock.pending, link.ends]).toEqual([0, 1]);
});

test('a listener that throws loses its own stream only', async () => {
  const { clock, link, detector } = await rig();
  const failures: Error[] = [];
  const thrower = detector.open(
    () => {
      throw new TypeError('a mistake of its own');
    },
    (error) => failures.push(error),
  );
  const other = listen(detector);
  thrower.push(frames(0.5, 0.5));
  other.stream.push(frames(0.25));
  clock.advance(5);
  link.answer();
  expect(failures).toMatchObject([{ code: 'detector_failed', message: 'a mistake of its own' }]);
  expect(values(other)).toEqual([0.25]);
});

test('when the thread is lost every stream fails once, and the detector can be prepared again', async () => {
  const { clock, link, detector } = await rig();
  const [a, b] = [listen(detector), listen(detector)];
  a.stream.push(frames(0.5));
  clock.advance(5);
  link.lost('the thread ended with code 1');
  link.lost('again');
  for (const one of [a, b]) {
    expect(one.failures).toMatchObject([{ code: 'detector_failed' }]);
    one.stream.push(frames(0.5));
    one.stream.close();
  }
  expect(clock.pending).toBe(0);
  expect(() => listen(detector)).toThrow('the detector is idle');
  expect(detector.figures()).toMatchObject({ ready: 0, failures: 1, streams: 0 });

  const prepared = detector.prepare(new AbortController().signal);
  link.ready();
  await prepared;
  link.requests.length = 0;
  const c = listen(detector);
  c.stream.push(frames(0.5));
  clock.advance(5);
  link.answer();
  expect([values(c), values(a)]).toEqual([[0.5], []]);
  expect(link.starts).toBe(2);
});

test('a thread that does not answer, or answers something else, counts as lost', async () => {
  for (const happens of [
    ({ clock }: Rig) => clock.advance(5000),
    ({ link }: Rig) => link.answerWith([0.5, 0.5]),
    ({ link }: Rig) => link.failed('out of memory'),
  ]) {
    const one = await rig();
    const a = listen(one.detector);
    a.stream.push(frames(0.5));
    one.clock.advance(5);
    happens(one);
    expect(a.failures).toMatchObject([{ code: 'detector_failed' }]);
    expect(one.link.ends).toBe(1);
  }
});

test('preparing fails with the reason of the thread, an abort, or a close', async () => {
  for (const [happens, message] of [
    [(link: ManualLink) => link.failed('not the expected file'), 'not the expected file'],
    [(_: ManualLink, abort: AbortController) => abort.abort(), 'aborted'],
    [(_: ManualLink, __: AbortController, it: SileroDetector) => void it.close(), 'closed'],
  ] as const) {
    const link = new ManualLink();
    const abort = new AbortController();
    const detector = new SileroDetector({ clock: new ManualClock(), openLink: link.open });
    const prepared = detector.prepare(abort.signal);
    happens(link, abort, detector);
    await expect(prepared).rejects.toMatchObject({
      code: 'detector_failed',
      message: expect.stringContaining(message) as string,
    });
    expect(link.ends).toBe(1);
  }
});

test('preparing twice starts one thread', async () => {
  const link = new ManualLink();
  const detector = new SileroDetector({ clock: new ManualClock(), openLink: link.open });
  const { signal } = new AbortController();
  const both = Promise.all([detector.prepare(signal), detector.prepare(signal)]);
  link.ready();
  await both;
  await detector.prepare(signal);
  expect(link.starts).toBe(1);
});

test('figures say how long frames waited and how long the thread took', async () => {
  const { clock, link, detector } = await rig({ gatherMs: 5 });
  const a = listen(detector);
  a.stream.push(frames(0.5, 0.5));
  clock.advance(5);
  clock.advance(3);
  expect(detector.figures()['inFlightFrames']).toBe(2);
  link.answer();
  expect(detector.figures()).toMatchObject({
    streams: 1,
    frames: 2,
    batches: 1,
    requests: 1,
    runMsTotal: 2,
    runMsLast: 2,
    queueMsTotal: 10,
    queueMsLast: 5,
    delayMsTotal: 16,
    delayMsLast: 8,
  });
});

test('silence is scored without the thread, in order, and heard again before what follows', async () => {
  const { clock, link, detector } = await rig({ gatherMs: 5 });
  const a = listen(detector);
  const say = (...values: number[]): void => {
    a.stream.push(frames(...values));
    clock.advance(5);
  };
  for (let frame = 0; frame < 16; frame += 1) {
    say(0);
    link.answer();
  }
  say(0);
  say(0);
  expect(link.requests).toEqual([]);
  expect(a.scores.length).toBe(18);
  say(0, 0.5, 0.75);
  // The silent frame before the sound, and the sound.
  expect([...link.answer().pcm].filter((_, at) => at % 512 === 0)).toEqual([0, 0.5, 0.75]);
  expect(values(a).slice(16)).toEqual([0, 0, 0, 0.5, 0.75]);
  expect(ends(a)).toEqual(Array.from({ length: 21 }, (_, frame) => frame + 1));
  expect(detector.figures()).toMatchObject({ silentFrames: 3, frames: 19, inFlightFrames: 0 });
});

test('more silence than fits one request is scored all the same', async () => {
  const { clock, link, detector } = await rig({ gatherMs: 5, framesPerStream: 4 });
  const a = listen(detector);
  for (let frame = 0; frame < 16; frame += 1) {
    a.stream.push(frames(0));
    clock.advance(5);
    link.answer();
  }
  a.stream.push(frames(...new Array<number>(50).fill(0)));
  clock.advance(5);
  expect(link.requests).toEqual([]);
  expect(a.scores.length).toBe(66);
});
