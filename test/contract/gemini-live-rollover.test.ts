import { afterEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/ports/errors.ts';
import type { StandInOptions } from '../upstream/gemini/options.ts';
import { Caller, GeminiRig, geminiKey, wordsIn, type Differing } from './gemini-rig.ts';
import type { SessionProbe } from './session-probe.ts';

let rig: GeminiRig;

afterEach(async () => {
  await rig.backend.close();
  for (let step = 0; step < 100 && rig.server.open > 0; step += 1) await rig.pass(20);
  expect(rig.server.open).toBe(0);
  expect(rig.clock.pending).toBe(0);
  expect(rig.logged.join('\n')).not.toContain(geminiKey);
  await rig.close();
});

/** Turns of counted speech until so many connections were used; returns the numbers heard. */
async function talk(
  connections: number,
  options: StandInOptions,
  differing: Differing = {},
  hasFloor = false,
): Promise<{ probe: SessionProbe; caller: Caller; heard: number[]; lines: number }> {
  rig = await GeminiRig.start(
    { answers: [{ count: 8 }], callerText: 'counted', ...options },
    differing,
  );
  const probe = await rig.open();
  const caller = new Caller(probe);
  let lines = 0;
  while (rig.server.sessions.length < connections && lines < 100) {
    lines += 1;
    // Told who has the floor, it sends the turn while it lasts.
    if (hasFloor) probe.session.send({ type: 'caller.floor', fromSample: caller.sample });
    const from = await caller.words(6);
    await caller.silence(300);
    probe.session.send({
      type: 'commit',
      itemId: `item_${lines}`,
      fromSample: from,
      toSample: caller.sample,
    });
    probe.respond(`line_${lines}`);
    const line = `line_${lines}`;
    await probe.until(() => probe.done(line) !== undefined || probe.ended, 30_000);
    expect(probe.done(line)?.outcome).toEqual({ status: 'completed' });
    // The caller listens before going on.
    await caller.silence(lines % 3 === 0 ? 3000 : 200);
  }
  const heard = Array.from({ length: lines }, (_, i) =>
    wordsIn(probe.audio(`line_${i + 1}`)).map(({ number }) => number),
  ).flat();
  return { probe, caller, heard, lines };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('gemini-live, connections that end', () => {
  it.each([
    { connectionCapMs: 20_000, goAwayBeforeMs: 5000, hasFloor: false },
    { connectionCapMs: 9000, goAwayBeforeMs: 3000, hasFloor: false },
    { connectionCapMs: 13_000, goAwayBeforeMs: 1500, hasFloor: false },
    { connectionCapMs: 9000, goAwayBeforeMs: 3000, hasFloor: true },
    { connectionCapMs: 13_000, goAwayBeforeMs: 1500, hasFloor: true },
  ])('crosses five of them without losing or repeating a word: %j', async (of) => {
    const { hasFloor, ...caps } = of;
    const { caller, heard, lines } = await talk(6, caps, {}, hasFloor);
    expect(heard).toEqual(upTo(lines * 8));
    const understood = rig.server.sessions.flatMap(({ heard: turns }) => turns).length;
    expect(understood).toBe(lines);
    const figures = rig.backend.figures();
    expect(figures['goAways']).toBe(5);
    expect(figures['resumptions']).toBe(5);
    expect(figures['linesFailed']).toBe(0);
    expect(rig.server.conversations).toBe(1);
    // What the caller said is all there, once, in the history that the last connection has.
    const user = rig.upstream.history.filter(({ role }) => role === 'user');
    expect(user.flatMap(({ text }) => text.match(/\d+/g)?.map(Number) ?? [])).toEqual(caller.said);
  });

  it('looks for a quiet moment before its own limit where the upstream says nothing', async () => {
    const { heard, lines } = await talk(4, {}, { connectionLimitMs: 15_000 });
    expect(heard).toEqual(upTo(lines * 8));
    expect(rig.backend.figures()['goAways']).toBe(0);
    expect(rig.backend.figures()['resumptions']).toBe(3);
  });

  it('answers a turn that the cut left unanswered, once', async () => {
    rig = await GeminiRig.start({
      answers: [{ count: 5 }],
      callerText: 'counted',
      faults: [{ kind: 'close', at: 'turn', code: 1011, reason: 'Internal error.', connection: 1 }],
    });
    const probe = await rig.open();
    const caller = new Caller(probe);
    const fromSample = await caller.words(4);
    probe.session.send({ type: 'commit', itemId: 'item_1', fromSample, toSample: caller.sample });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(wordsIn(probe.audio('line_1')).map(({ number }) => number)).toEqual(upTo(5));
    expect(rig.server.sessions).toHaveLength(2);
    expect(rig.upstream.history.map(({ text }) => text.trim())).toEqual(['1 2 3 4', '1 2 3 4 5']);
    expect(rig.backend.figures()['connectionsLost']).toBe(1);
  });

  it('fails the line that a cut broke off, and goes on with the next', async () => {
    rig = await GeminiRig.start({
      answers: [{ count: 8 }],
      callerText: 'counted',
      faults: [
        {
          kind: 'close',
          at: 'audio',
          afterMs: 600,
          code: 1011,
          reason: `Key ${geminiKey} broke.`,
          connection: 1,
        },
      ],
    });
    const probe = await rig.open();
    const caller = new Caller(probe);
    for (const n of [1, 2]) {
      const fromSample = await caller.words(4);
      const toSample = caller.sample;
      probe.session.send({ type: 'commit', itemId: `item_${n}`, fromSample, toSample });
      probe.respond(`line_${n}`);
      await probe.until(() => probe.done(`line_${n}`) !== undefined);
    }
    const broken = probe.done('line_1')?.outcome;
    expect(broken).toMatchObject({ status: 'failed', error: { code: 'backend_closed' } });
    const message = broken?.status === 'failed' ? broken.error.message : '';
    expect(message).toBe('the upstream closed with 1011: Key [key] broke.');
    expect(probe.done('line_2')?.outcome).toEqual({ status: 'completed' });
    expect(wordsIn(probe.audio('line_2'))).toHaveLength(8);
  });

  it('begins anew and tells what was said where the handle is not taken any more', async () => {
    rig = await GeminiRig.start({
      answers: [{ count: 5 }],
      callerText: 'counted',
      handleTtlMs: 1,
    });
    const probe = await rig.open();
    const caller = new Caller(probe);
    for (const n of [1, 2]) {
      const fromSample = await caller.words(4);
      const toSample = caller.sample;
      probe.session.send({ type: 'commit', itemId: `item_${n}`, fromSample, toSample });
      probe.respond(`line_${n}`);
      await probe.until(() => probe.done(`line_${n}`) !== undefined);
      if (n === 1) rig.upstream.goAway(10_000);
      await caller.silence(3000);
    }
    expect(wordsIn(probe.audio('line_2')).map(({ number }) => number)).toEqual([6, 7, 8, 9, 10]);
    expect(rig.server.conversations).toBe(2);
    expect(rig.backend.figures()['reseedings']).toBe(1);
    expect(rig.upstream.history.map(({ text }) => text.trim())).toEqual([
      '1 2 3 4',
      '1 2 3 4 5',
      '5 6 7 8',
      '6 7 8 9 10',
    ]);
  });

  it.each([
    [1007, 'Request contains an invalid argument.'],
    [1008, 'Operation is not implemented, or supported, or enabled.'],
  ])('does not try again after a close with %i', async (code, reason) => {
    rig = await GeminiRig.start({ faults: [{ kind: 'close', at: 'turn', code, reason }] });
    const probe = await rig.open();
    probe.respond('line_1');
    await probe.until(() => probe.ended);
    const last = probe.events.at(-1);
    expect(last).toMatchObject({
      type: 'failed',
      error: { code: 'backend_closed', message: `the upstream closed with ${code}: ${reason}` },
    });
    expect(rig.server.requests).toHaveLength(1);
  });

  it('gives up when every connection goes the same way', async () => {
    rig = await GeminiRig.start({
      faults: [{ kind: 'close', at: 'turn', code: 1011, reason: 'Internal error.' }],
    });
    const probe = await rig.open();
    probe.respond('line_1');
    await probe.until(() => probe.ended, 20_000);
    expect(probe.events.at(-1)).toMatchObject({ type: 'failed' });
    expect(probe.events.filter(({ type }) => type === 'failed')).toHaveLength(1);
    expect(rig.server.requests.length).toBeLessThanOrEqual(5);
  });

  it('takes what happens between two connections', async () => {
    rig = await GeminiRig.start({ answers: [{ count: 4 }], callerText: 'counted' });
    const probe = await rig.open();
    const caller = new Caller(probe);
    rig.upstream.drop();
    await probe.wait(0);
    const fromSample = await caller.words(4);
    probe.session.send({ type: 'commit', itemId: 'item_1', fromSample, toSample: caller.sample });
    probe.respond('line_1');
    probe.session.send({ type: 'cancel', lineId: 'line_1' });
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'cancelled' });
    expect(wordsIn(probe.audio('line_2'))).toHaveLength(4);
  });

  it('puts up with pongs that take half a minute', async () => {
    rig = await GeminiRig.start({ pongDelayMs: 30_000 });
    const probe = await rig.open();
    await probe.wait(300_000);
    expect(probe.ended).toBe(false);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(rig.server.requests).toHaveLength(1);
  });
});

describe('gemini-live, settings that change', () => {
  const settings = () => rig.context().settings;

  it('tells instructions and tools to an open connection', async () => {
    rig = await GeminiRig.start({ answers: [{ count: 4 }] });
    const probe = await rig.open();
    const tools = [{ name: 'find_room', description: null, parameters: null }];
    probe.session.send({ type: 'configure', settings: { ...settings(), instructions: 'Sing.' } });
    probe.session.send({
      type: 'configure',
      settings: { ...settings(), instructions: 'Hum.', tools },
    });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(rig.server.requests).toHaveLength(1);
    expect(rig.received('contextUpdate')).toHaveLength(1);
    expect(rig.upstream.context?.instructions).toBe('Hum.');
    expect([...(rig.upstream.context?.functions.keys() ?? [])]).toEqual(['find_room']);
  });

  it('takes another connection for what cannot be told, and keeps the conversation', async () => {
    rig = await GeminiRig.start({ answers: [{ count: 4 }], callerText: 'counted' });
    const probe = await rig.open();
    const caller = new Caller(probe);
    for (const n of [1, 2, 3]) {
      const fromSample = await caller.words(4);
      const toSample = caller.sample;
      const voice = n === 2 ? 'Kore' : n === 3 ? 'Zephyr' : 'Puck';
      probe.session.send({ type: 'configure', settings: { ...settings(), voice } });
      probe.session.send({ type: 'commit', itemId: `item_${n}`, fromSample, toSample });
      probe.respond(`line_${n}`);
      await probe.until(() => probe.done(`line_${n}`) !== undefined);
      expect(rig.upstream.setup?.voice).toBe(voice);
      const numbers = wordsIn(probe.audio(`line_${n}`)).map(({ number }) => number);
      expect(numbers).toEqual([4 * n - 3, 4 * n - 2, 4 * n - 1, 4 * n]);
    }
    expect(rig.server.requests).toHaveLength(3);
    expect(rig.server.conversations).toBe(1);
  });

  it('sets up anew, without a history, what nobody has used', async () => {
    rig = await GeminiRig.start(
      { answers: [{ count: 4 }] },
      { model: 'gemini-3.1-flash-live-preview' },
    );
    const probe = await rig.open();
    probe.session.send({ type: 'configure', settings: { ...settings(), instructions: 'Sing.' } });
    await probe.wait(200);
    expect(rig.server.requests).toHaveLength(2);
    expect(rig.upstream.context?.instructions).toBe('Sing.');
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(rig.received('clientContent')).toEqual([]);
  });

  it('sets up a connection with what was wanted while it was being opened', async () => {
    rig = await GeminiRig.start({ answers: [{ count: 4 }] });
    const probe = await rig.open();
    probe.session.send({ type: 'configure', settings: { ...settings(), voice: 'Kore' } });
    await probe.wait(60);
    probe.session.send({ type: 'configure', settings: { ...settings(), voice: 'Zephyr' } });
    await probe.wait(1000);
    expect(rig.upstream.setup?.voice).toBe('Zephyr');
  });

  it('does not wait for ever for a setup to be taken', async () => {
    rig = await GeminiRig.start({ faults: [{ kind: 'stall', at: 'setup' }] });
    const thrown: unknown = await rig.open().catch((error: unknown) => error);
    expect(thrown).toMatchObject({
      code: 'backend_stalled',
      message: 'the upstream gave no session within 8000 ms',
    });
  });

  it('does not wait for ever for the next connection’s setup, and tries again', async () => {
    rig = await GeminiRig.start({
      answers: [{ count: 4 }],
      faults: [{ kind: 'stall', at: 'setup', connection: 2 }],
    });
    const probe = await rig.open();
    rig.upstream.drop();
    await probe.wait(20);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined, 30_000);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(rig.server.requests).toHaveLength(3);
  });

  it('does not try again where the key is not taken any more', async () => {
    rig = await GeminiRig.start({
      faults: [{ kind: 'refuse', status: 401, connection: 2 }],
    });
    const probe = await rig.open();
    rig.upstream.drop();
    await probe.until(() => probe.ended);
    expect(probe.events).toMatchObject([{ type: 'failed', error: { code: 'backend_refused' } }]);
    expect(rig.server.requests).toHaveLength(2);
  });

  it('is refused with the upstream’s words', async () => {
    rig = await GeminiRig.start({ apiKey: 'another key' });
    const thrown: unknown = await rig.open().catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(CallError);
    expect((thrown as CallError).message).toContain('closed with 1007: API key not valid');
  });
});
