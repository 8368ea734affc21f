import { beforeEach, expect, test } from 'vitest';

import { zeroRecogniserCounters } from '../../../adapters/speech/local/sherpa-stt/counters.ts';
import { SherpaSession } from '../../../adapters/speech/local/sherpa-stt/session.ts';
import { ChunkTimeline } from '../../../src/audio/chunk.ts';
import { pcm16k } from '../../../src/audio/format.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

let clock: ManualClock;
let counters = zeroRecogniserCounters();
let soon: boolean[];
let closed: number;
let session: SherpaSession;
let timeline: ChunkTimeline;
beforeEach(() => {
  clock = new ManualClock();
  counters = zeroRecogniserCounters();
  soon = [];
  closed = 0;
  timeline = new ChunkTimeline(pcm16k);
  session = new SherpaSession(3, {
    clock,
    counters,
    queueLimitSamples: 1000,
    finalTimeoutMs: 500,
    waiting: (_, is) => soon.push(is),
    closed: () => (closed += 1),
  });
});
const push = (samples: number): void =>
  session.push(timeline.append(new Uint8Array(2 * samples), 0));

test('audio keeps its place on the session, and a finish is urgent', () => {
  push(320);
  push(160);
  session.finish(1);
  expect(soon).toEqual([false, false, true]);
  expect(session.take().map(({ step }) => step)).toEqual([
    { type: 'audio', streamId: 3, samples: 320, atMs: 0 },
    { type: 'audio', streamId: 3, samples: 160, atMs: 20 },
    { type: 'finish', streamId: 3, finishId: 1 },
  ]);
  expect(session.take()).toEqual([]);
});

test('of audio that nobody takes the newest is kept', () => {
  for (let index = 0; index < 5; index += 1) push(320);
  expect(counters.droppedSamples).toBe(640);
  expect(session.take().map(({ step }) => step.type === 'audio' && step.atMs)).toEqual([
    40, 60, 80,
  ]);
});

test('partials of a stretch that was finished or cleared are old', () => {
  push(320);
  session.take();
  session.partial('one');
  session.finish(1);
  session.partial('one two');
  session.take();
  session.final(1, 'one two', []);
  session.partial('three');
  session.clear();
  session.partial('three four');
  session.take();
  session.partial('five');
  expect(
    session.events.drain().map((event) => ('text' in event ? event.text : event.type)),
  ).toEqual([
    'speech.started',
    'one',
    'one two',
    'speech.started',
    'three',
    'speech.started',
    'five',
  ]);
});

test('a final that does not come in time is told from what was known, once', () => {
  push(320);
  session.take();
  session.partial('so far');
  session.finish(1);
  session.finish(2);
  session.take();
  clock.advance(500);
  session.final(1, 'so far away', []);
  session.final(2, '', []);
  expect(session.events.drain().filter(({ type }) => type === 'final')).toEqual([
    { type: 'final', finishId: 1, text: 'so far', words: null, complete: false },
    { type: 'final', finishId: 2, text: '', words: null, complete: false },
  ]);
  expect(counters).toMatchObject({ finishes: 2, finals: 0, lateFinals: 2 });
  expect(clock.pending).toBe(0);
});

test('a clear takes back audio that has not gone out', () => {
  push(320);
  session.finish(1);
  push(320);
  session.clear();
  expect(session.take().map(({ step }) => step.type)).toEqual(['audio', 'finish', 'clear']);
});

test('a fault is the last event, and frees everything', async () => {
  push(320);
  session.finish(1);
  session.fail(new CallError('backend_closed', 'gone'));
  session.fail(new CallError('backend_closed', 'gone'));
  const events: string[] = [];
  for await (const { type } of session.events) events.push(type);
  expect(events).toEqual(['failed']);
  expect([closed, clock.pending, session.take().length]).toEqual([1, 0, 0]);
});

test('a reader that is too far behind loses the session, not the memory', () => {
  for (let index = 0; index < 600; index += 1) session.partial(`word ${index}`);
  expect(closed).toBe(1);
  expect(session.events.drain()).toMatchObject([
    { type: 'failed', error: { code: 'queue_overflow' } },
  ]);
  expect(counters.droppedEvents).toBe(512);
});
