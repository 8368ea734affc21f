import { expect, test } from 'vitest';
import { CallError } from '../../../src/ports/errors.ts';
import { absentBackend } from '../../../src/server/absent-backend.ts';
import { guardedBackend } from '../../../src/server/guarded-backend.ts';
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

test('a failure stays, with its reason', async () => {
  const readiness = new Readiness();
  await readiness.track('detector', 'd', () => Promise.reject(new Error('no weights')));
  expect(readiness.of('detector', 'd')).toBe('failed');
  expect(readiness.failure('detector', 'd')?.code).toBe('model_unavailable');
  expect(readiness.reasons()).toEqual(['The detector d could not be prepared: no weights']);
});

test('problems of a configuration and the end are reasons too', () => {
  const readiness = new Readiness();
  readiness.setConfigProblems(['parley.yaml:1:1 wrong']);
  readiness.setDraining();
  expect(readiness.reasons()).toEqual([
    'The server is shutting down.',
    'Configuration: parley.yaml:1:1 wrong',
  ]);
});

test('a backend that could not be prepared refuses its calls with the reason', async () => {
  const readiness = new Readiness();
  const error = new CallError('model_unavailable', 'the package is broken');
  const backend = absentBackend('b', 'onnx', error);
  const guarded = guardedBackend(backend, readiness);
  const { signal } = new AbortController();
  const context = {} as Parameters<typeof backend.open>[0];
  await readiness.track('backend', 'b', () => guarded.prepare(signal));
  await expect(guarded.open(context, signal)).rejects.toMatchObject({
    code: 'backend_refused',
    message: 'The backend b could not be prepared: the package is broken',
  });
});
