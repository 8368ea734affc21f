import { beforeEach, expect, test } from 'vitest';
import type { DetectorPort } from '../../../src/ports/detector.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { GuardedDetector } from '../../../src/server/guarded-detector.ts';
import { Readiness } from '../../../src/server/readiness.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { EnergyDetector } from '../../support/energy-detector.ts';

/** Can refuse to be prepared and to be opened, as one without its thread does. */
class FrailDetector extends EnergyDetector {
  attempts = 0;
  broken = false;

  override async prepare(signal: AbortSignal): Promise<void> {
    this.attempts += 1;
    if (this.broken) throw new CallError('detector_failed', 'no memory');
    await super.prepare(signal);
  }

  override open(...handlers: Parameters<DetectorPort['open']>): ReturnType<DetectorPort['open']> {
    if (this.broken) throw new CallError('detector_failed', 'the detector is idle');
    return super.open(...handlers);
  }
}

const gone = new CallError('detector_failed', 'the thread ended');

let clock: ManualClock;
let readiness: Readiness;
let stop: AbortController;
let detector: FrailDetector;
let guarded: GuardedDetector;

beforeEach(() => {
  clock = new ManualClock();
  readiness = new Readiness();
  stop = new AbortController();
  detector = new FrailDetector();
  guarded = new GuardedDetector({
    detector,
    readiness,
    clock,
    log: silentLogger,
    signal: stop.signal,
  });
});

function start(): Promise<void> {
  return readiness.track('detector', guarded.name, () => guarded.prepare(stop.signal));
}

/** Until what has been started without waiting is over. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settle();
}

function open(failures: Error[] = []): ReturnType<DetectorPort['open']> {
  return guarded.open(
    () => undefined,
    (error) => failures.push(error),
  );
}

test('its loss is told to every call, makes it not ready, and is mended after a second', async () => {
  await start();
  const failures: Error[] = [];
  open(failures);
  open(failures);
  detector.fail(gone);
  expect(failures).toEqual([gone, gone]);
  expect(readiness.reasons()).toEqual(['The detector energy was lost: the thread ended']);
  expect(clock.pending).toBe(1);
  expect(() => open()).toThrow('the detector is lost');

  await pass(999);
  expect(detector.attempts).toBe(1);
  await pass(1);
  expect(detector.attempts).toBe(2);
  expect(readiness.of('detector', 'energy')).toBe('ready');
  open();
  expect(detector.figures()).toMatchObject({ streams: 1 });
  expect(clock.pending).toBe(0);
});

test('a detector that refuses to be opened is lost too', async () => {
  await start();
  detector.broken = true;
  expect(() => open()).toThrow('the detector is idle');
  expect(readiness.reasons()).toEqual(['The detector energy was lost: the detector is idle']);
  detector.broken = false;
  await pass(1_000);
  expect(readiness.of('detector', 'energy')).toBe('ready');
});

test('attempts that fail wait twice as long each time, up to 30 s; success starts over', async () => {
  detector.broken = true;
  await start();
  for (const [index, waitMs] of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000].entries()) {
    await pass(waitMs - 1);
    expect(detector.attempts).toBe(index + 1);
    await pass(1);
    expect(detector.attempts).toBe(index + 2);
    expect(readiness.of('detector', 'energy')).toBe('failed');
  }
  detector.broken = false;
  await pass(30_000);
  expect(readiness.of('detector', 'energy')).toBe('ready');

  open();
  detector.fail(gone);
  await pass(1_000);
  expect(readiness.of('detector', 'energy')).toBe('ready');
});

test('nothing is tried after the end, be an attempt waited for or under way', async () => {
  await start();
  open();
  detector.fail(gone);
  stop.abort();
  expect(clock.pending).toBe(0);

  // One that begins to fail when it is all over.
  detector.broken = true;
  await expect(guarded.prepare(stop.signal)).rejects.toThrow('no memory');
  expect(clock.pending).toBe(0);
  await guarded.close();
});
