import { beforeEach, expect, test } from 'vitest';
import type { BackendPort, BackendSession } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { silentLogger, type Logger } from '../../../src/ports/log.ts';
import { absentBackend } from '../../../src/server/absent-backend.ts';
import { guardedBackend } from '../../../src/server/guarded-backend.ts';
import { Readiness } from '../../../src/server/readiness.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

const secretive = new CallError(
  'model_unavailable',
  'the environment variable UPSTREAM_KEY is not set, see /etc/parley/keys',
);
const context = {} as Parameters<BackendPort['open']>[0];
const session: BackendSession = {
  send: () => 'ok',
  events: (async function* () {
    // Says nothing.
  })(),
  close: () => undefined,
};

let clock: ManualClock;
let readiness: Readiness;
let stop: AbortController;
let call: AbortController;
let logged: [string, unknown][];
/** What each further `prepare` does; the last one is repeated. */
let outcomes: (() => Promise<void>)[];
let attempts: number;
let guarded: BackendPort;

beforeEach(async () => {
  clock = new ManualClock();
  readiness = new Readiness();
  stop = new AbortController();
  call = new AbortController();
  logged = [];
  outcomes = [() => Promise.reject(secretive)];
  attempts = 0;
  const log: Logger = {
    ...silentLogger,
    info: (event, fields) => logged.push([event, fields]),
    warn: (event, fields) => logged.push([event, fields]),
  };
  const backend: BackendPort = {
    ...absentBackend('b', 'onnx', secretive),
    prepare: () => {
      attempts += 1;
      return (outcomes.length > 1 ? outcomes.shift() : outcomes[0])!();
    },
    open: () => Promise.resolve(session),
  };
  guarded = guardedBackend(backend, { readiness, clock, log, signal: stop.signal });
  await readiness.track('backend', 'b', () => guarded.prepare(stop.signal));
});

test('callers are told that it could not be prepared and not why; readiness knows why', async () => {
  const refusal = await guarded.open(context, call.signal).catch((thrown: unknown) => thrown);
  expect(refusal).toMatchObject({
    code: 'backend_refused',
    message: 'The backend b could not be prepared.',
    cause: secretive,
  });
  expect(readiness.failure('backend', 'b')).toBe(secretive);
  expect(readiness.reasons()[0]).toContain('UPSTREAM_KEY');
});

test('it is tried again by a call, but not within 5 s of the attempt before', async () => {
  const refused = { code: 'backend_refused' };
  clock.advance(4_999);
  await expect(guarded.open(context, call.signal)).rejects.toMatchObject(refused);
  expect(attempts).toBe(1);
  clock.advance(1);
  await expect(guarded.open(context, call.signal)).rejects.toMatchObject(refused);
  expect(attempts).toBe(2);
  expect(logged).toEqual([['backend.not_prepared', { backend: 'b', reason: secretive.message }]]);
  clock.advance(4_999);
  await expect(guarded.open(context, call.signal)).rejects.toMatchObject(refused);
  expect(attempts).toBe(2);
});

test('when an attempt succeeds the call gets its session and readiness is ready', async () => {
  outcomes = [() => Promise.resolve()];
  clock.advance(5_000);
  expect(await guarded.open(context, call.signal)).toBe(session);
  expect(readiness.of('backend', 'b')).toBe('ready');
  expect(readiness.reasons()).toEqual([]);
  expect(logged).toEqual([['backend.prepared', { backend: 'b' }]]);
  clock.advance(5_000);
  await guarded.open(context, call.signal);
  expect(attempts).toBe(2);
});

test('calls share an attempt, and one that ends meanwhile leaves it to the others', async () => {
  const work = Promise.withResolvers<undefined>();
  outcomes = [
    async () => {
      await work.promise;
    },
  ];
  clock.advance(5_000);
  const first = guarded.open(context, call.signal);
  const second = guarded.open(context, new AbortController().signal);
  call.abort(new CallError('backend_closed', 'the call is over'));
  work.resolve(undefined);
  await expect(first).rejects.toMatchObject({ code: 'backend_closed' });
  expect(await second).toBe(session);
  expect(attempts).toBe(2);
});
