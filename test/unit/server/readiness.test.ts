import { expect, test } from 'vitest';
import { CallError } from '../../../src/ports/errors.ts';
import { Readiness } from '../../../src/server/readiness.ts';

test('says what is being prepared, and nothing when all is ready', async () => {
  const readiness = new Readiness();
  const work = Promise.withResolvers<undefined>();
  const tracked = readiness.track('backend', 'b', async () => {
    await work.promise;
  });
  expect(readiness.of('backend', 'b')).toBe('preparing');
  expect(readiness.reasons()).toEqual(['The backend b is being prepared.']);
  work.resolve(undefined);
  await tracked;
  expect(readiness.of('backend', 'b')).toBe('ready');
  expect(readiness.reasons()).toEqual([]);
});

test('a failure is shown with its reason', async () => {
  const readiness = new Readiness();
  await readiness.track('detector', 'd', () => Promise.reject(new Error('no weights')));
  expect(readiness.of('detector', 'd')).toBe('failed');
  expect(readiness.failure('detector', 'd')?.code).toBe('model_unavailable');
  expect(readiness.reasons()).toEqual(['The detector d could not be prepared: no weights']);
});

test('the end is a reason too', () => {
  const readiness = new Readiness();
  readiness.setDraining();
  expect(readiness.reasons()).toEqual(['The server is shutting down.']);
});

test('a part that is lost is not ready until an attempt succeeds, and is never preparing', async () => {
  const readiness = new Readiness();
  await readiness.track('detector', 'd', () => Promise.resolve());
  readiness.lost('detector', 'd', new CallError('detector_failed', 'the thread ended'));
  expect(readiness.reasons()).toEqual(['The detector d was lost: the thread ended']);

  await readiness.track('detector', 'd', () => Promise.reject(new Error('no memory')));
  expect(readiness.reasons()).toEqual(['The detector d could not be prepared: no memory']);

  const work = Promise.withResolvers<undefined>();
  const tracked = readiness.track('detector', 'd', async () => {
    await work.promise;
  });
  expect(readiness.of('detector', 'd')).toBe('failed');
  work.resolve(undefined);
  await tracked;
  expect(readiness.of('detector', 'd')).toBe('ready');
  expect(readiness.failure('detector', 'd')).toBeNull();
  expect(readiness.reasons()).toEqual([]);
});
