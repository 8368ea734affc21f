import { randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { createOpenAiRealtimeClient } from '../../../adapters/clients/openai-realtime/index.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { createCall } from '../../../src/call/call.ts';
import { backendSchemas } from '../../../src/composition/backend-types.ts';
import type { DetectorPort } from '../../../src/ports/detector.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { readConfig } from '../../../src/server/config.ts';
import { startGateway } from '../../../src/server/gateway.ts';
import { randomIds } from '../../../src/time/ids.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { EnergyDetector } from '../../support/energy-detector.ts';
import { open } from '../../support/raw-socket.ts';
import { ScriptedBackend } from '../../support/scripted-backend.ts';

test('a detector that was lost comes back, and the calls after that have it', async () => {
  const result = readConfig('agents: { a: { backends: [rehearsal] } }', {
    env: {},
    backendSchemas,
    readFile: () => '',
    overrides: { host: '127.0.0.1', port: 0 },
  });
  if (!result.ok) throw new RangeError('the configuration is wrong');
  await prepareResampler();
  const clock = new ManualClock();
  const ids = randomIds(randomBytes);
  const log = silentLogger;
  const detector = new EnergyDetector();
  const given: (DetectorPort | null)[] = [];
  const gateway = await startGateway({
    config: result.config,
    clients: [createOpenAiRealtimeClient({ clock, ids, log })],
    createBackend: ({ name }) => new ScriptedBackend({ name }),
    detector,
    tools: [],
    createCall: (options) => {
      given.push(options.detector);
      return createCall(options);
    },
    clock,
    ids,
    log,
  });
  const readyz = async (): Promise<unknown> => (await fetch(`${gateway.url}/readyz`)).json();
  const metric = async (): Promise<string | undefined> => {
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    return /^parley_detector_ready\{.*\} (\d)$/m.exec(text)?.[1];
  };
  const call = async (): ReturnType<typeof open> => {
    const opened = await open(`${gateway.url.replace('http', 'ws')}/v1/realtime?model=a`);
    await opened.socket.next(({ type }) => type === 'session.created');
    return opened;
  };
  try {
    expect(await gateway.prepared).toEqual([]);
    const { socket } = await call();
    expect(detector.figures()).toMatchObject({ streams: 1 });
    expect(await metric()).toBe('1');

    detector.fail(new CallError('detector_failed', 'the thread ended'));
    const error = await socket.next(({ type }) => type === 'error');
    expect(error).toMatchObject({ error: { code: 'detector_failed' } });
    expect(await readyz()).toEqual({
      status: 'not_ready',
      reasons: ['The detector energy was lost: the thread ended'],
    });
    expect(await metric()).toBe('0');
    await call();

    clock.advance(1_000);
    await vi.waitFor(async () => expect(await readyz()).toMatchObject({ status: 'ready' }));
    expect(await metric()).toBe('1');
    await call();
    expect(given.map((it) => it?.name ?? null)).toEqual(['energy', null, 'energy']);
    expect(detector.figures()).toMatchObject({ streams: 1 });
  } finally {
    await gateway.closeNow();
  }
});
