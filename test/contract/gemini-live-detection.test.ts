import { afterEach, describe, expect, it } from 'vitest';
import type { BackendEvent } from '../../src/ports/backend.ts';
import type { CallSettings } from '../../src/ports/settings.ts';
import type { StandInOptions } from '../upstream/gemini/options.ts';
import { Caller, GeminiRig, wordsIn } from './gemini-rig.ts';
import type { SessionProbe } from './session-probe.ts';

let rig: GeminiRig;

afterEach(async () => {
  await rig.backend.close();
  for (let step = 0; step < 100 && rig.server.open > 0; step += 1) await rig.pass(20);
  expect(rig.server.open).toBe(0);
  expect(rig.clock.pending).toBe(0);
  await rig.close();
});

const turnDetection = {
  kind: 'server_vad',
  threshold: 0.5,
  prefixPaddingMs: 300,
  silenceDurationMs: 600,
  createResponse: true,
  interruptResponse: true,
  idleTimeoutMs: null,
} as const satisfies CallSettings['turnDetection'];

async function open(
  options: StandInOptions,
  detection: Partial<Record<keyof typeof turnDetection, unknown>> = {},
): Promise<SessionProbe> {
  rig = await GeminiRig.start({ callerText: 'counted', ...options });
  const settings = {
    ...rig.context().settings,
    turnDetection: { ...turnDetection, ...detection } as CallSettings['turnDetection'],
  };
  return await rig.open({ authority: 'backend', settings });
}

function lines(probe: SessionProbe): string[] {
  return probe.events.flatMap((event) => (event.type === 'line.started' ? [event.lineId] : []));
}

function order(probe: SessionProbe): string[] {
  const shown = probe.events.filter(
    ({ type }) => type === 'caller.speech' || type === 'line.started' || type === 'line.done',
  );
  return shown.map((event) =>
    event.type === 'caller.speech' ? (event.speaking ? 'speaks' : 'stops') : event.type.slice(5),
  );
}

const numbers = (probe: SessionProbe, line: string): number[] =>
  wordsIn(probe.audio(line)).map(({ number }) => number);

describe.each([true, false])(
  'gemini-live, turns that the upstream decides (voice activity told: %s)',
  (voiceActivity) => {
    it('hands over audio as it comes and opens a line of its own', async () => {
      const probe = await open({ answers: [{ count: 5 }], voiceActivity });
      const caller = new Caller(probe);
      await caller.silence(500);
      await caller.words(4);
      await caller.silence(4000);
      const [line] = lines(probe);
      expect(numbers(probe, line ?? '')).toEqual([1, 2, 3, 4, 5]);
      expect(order(probe)).toEqual(['speaks', 'stops', 'started', 'done']);
      const transcripts = probe.events.filter(
        (event): event is BackendEvent & { type: 'caller.transcript' } =>
          event.type === 'caller.transcript' && event.final,
      );
      expect(transcripts.map(({ text }) => text)).toEqual(['1 2 3 4']);
      expect(rig.upstream.setup?.activity).toMatchObject({
        automatic: true,
        silenceDurationMs: 600,
        prefixPaddingMs: null,
      });
    });

    it('tells that the caller speaks before the line ends that this stops', async () => {
      const probe = await open({ answers: [{ count: 30 }], voiceActivity, realTimeFactor: 1 });
      const caller = new Caller(probe);
      await caller.words(4);
      await caller.silence(2000);
      await caller.words(4);
      await caller.silence(1500);
      const [first, second] = lines(probe);
      expect(order(probe).slice(0, 7)).toEqual([
        'speaks',
        'stops',
        'started',
        'speaks',
        'done',
        'stops',
        'started',
      ]);
      expect(probe.done(first!)?.outcome).toEqual({ status: 'cancelled' });
      const [last] = numbers(probe, first!).slice(-1);
      expect(numbers(probe, second!)[0]).toBeGreaterThan(last!);
    });
  },
);

describe('gemini-live, turns that the upstream decides', () => {
  it('tells the upstream that the microphone is off', async () => {
    const probe = await open({ answers: [{ count: 3 }] });
    const caller = new Caller(probe);
    await caller.words(4);
    await probe.wait(4000);
    expect(rig.received('realtimeInput')).toContainEqual({ audioStreamEnd: true });
    expect(numbers(probe, lines(probe)[0]!)).toEqual([1, 2, 3]);
  });

  it('keeps answers that nobody wants by themselves', async () => {
    const probe = await open({ answers: [{ count: 3 }] }, { createResponse: false });
    const caller = new Caller(probe);
    await caller.words(4);
    await caller.silence(4000);
    expect(lines(probe)).toEqual([]);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined, 1000);
    expect(numbers(probe, 'line_1')).toEqual([1, 2, 3]);
  });

  it('asks the upstream not to be stopped', async () => {
    const probe = await open({}, { interruptResponse: false });
    await probe.wait(100);
    expect(rig.upstream.setup?.activity.interrupts).toBe(false);
  });

  it('crosses connections in the middle of what the caller says', async () => {
    const probe = await open({
      answers: [{ count: 4 }],
      connectionCapMs: 7000,
      goAwayBeforeMs: 2000,
    });
    const caller = new Caller(probe);
    while (rig.server.sessions.length < 6) {
      await caller.words(5);
      await caller.silence(3500);
    }
    const heard = lines(probe).flatMap((line) => numbers(probe, line));
    expect(heard).toEqual(heard.map((_, i) => i + 1));
    const user = rig.upstream.history.filter(({ role }) => role === 'user');
    const understood = user.flatMap(({ text }) => text.match(/\d+/g)?.map(Number) ?? []);
    expect(understood).toEqual(caller.said.slice(0, understood.length));
    expect(understood.length).toBeGreaterThanOrEqual(caller.said.length - 5);
    expect(rig.backend.figures()['linesFailed']).toBe(0);
  });

  it('sends again what was said when a connection is lost', async () => {
    const probe = await open({ answers: [{ count: 4 }] });
    const caller = new Caller(probe);
    await caller.words(3);
    rig.upstream.drop();
    await caller.words(3);
    await caller.silence(3500);
    expect(rig.server.requests).toHaveLength(2);
    expect(numbers(probe, lines(probe)[0]!)).toEqual([1, 2, 3, 4]);
    expect(rig.upstream.history[0]?.text).toBe('1 2 3 4 5 6');
  });
});
