import { afterEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/ports/errors.ts';
import type { SttFault, SttStandInOptions } from '../upstream/stt/options.ts';
import { sttKey, type SttRig } from '../upstream/stt/rig.ts';
import type { SttProbe } from './stt-probe.ts';
import { deepgramRig, pulseRig, transcriptionRig } from './stt-rigs.ts';

type Start = (standIn?: SttStandInOptions, options?: object) => Promise<SttRig>;
const nova: Start = (standIn, options) => deepgramRig(standIn, { model: 'nova-3', ...options });
const flux: Start = (standIn, options) => deepgramRig(standIn, options);
const transcription: Start = (standIn, options) => transcriptionRig(standIn, options);
const pulse: Start = (standIn, options) => pulseRig(standIn, options);

const adapters: [string, Start][] = [
  ['deepgram, Nova', nova],
  ['deepgram, Flux', flux],
  ['openai-transcription', transcription],
  ['smallest-pulse', pulse],
];

let rig: SttRig;
afterEach(async () => {
  // Whatever went wrong: no socket and no timer stays, and no key in any log line.
  await rig.port.close();
  for (const session of rig.server.sessions) session.thaw();
  for (let step = 0; step < 200 && rig.server.open > 0; step += 1) await rig.pass(20);
  expect(rig.server.open).toBe(0);
  expect(rig.clock.pending).toBe(0);
  expect(rig.port.figures()['sessionsOpen']).toBe(0);
  for (const spelling of [sttKey, encodeURIComponent(sttKey)]) {
    expect(rig.logged.join('\n')).not.toContain(spelling);
    expect(rig.server.requests.join('\n')).not.toContain(spelling);
  }
  await rig.close();
});

/** Why a session could not be had. */
async function refusal(start: Start, standIn: SttStandInOptions): Promise<CallError> {
  rig = await start(standIn, { connectTimeoutMs: 1000 });
  const thrown: unknown = await rig.open().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(CallError);
  expect((thrown as CallError).message).not.toContain(sttKey);
  return thrown as CallError;
}

/** Eight words, a finish, and what came of it. */
async function eightWords(probe: SttProbe): Promise<{ text: string; complete: boolean }> {
  const said = await probe.count(200, 8);
  await probe.silence(300);
  probe.session.finish(1);
  const { text, complete } = await probe.final(1);
  expect(said.split(' ')).toHaveLength(8);
  return { text, complete };
}
const allEight = '200 201 202 203 204 205 206 207';

async function failure(probe: SttProbe): Promise<CallError> {
  await probe.until(() => probe.ended, 30_000);
  const last = probe.events.at(-1);
  if (last?.type !== 'failed') throw new Error(`it ended with ${last?.type ?? 'nothing'}`);
  expect(probe.of('failed')).toHaveLength(1);
  return last.error;
}

describe.each(adapters)('%s, an upstream that cannot be had', (_name, start) => {
  it('refuses the key: it is not repeated, though the upstream repeats it, nor tried again', async () => {
    const error = await refusal(start, { apiKey: 'another' });
    expect(error.code).toBe('backend_refused');
    expect(error.message).toContain('HTTP 401 (stand_in: Invalid credentials [key]');
    expect(rig.server.requests).toHaveLength(1);
  });

  it.each([
    [400, 'backend_refused'],
    [403, 'backend_refused'],
    [429, 'backend_overloaded'],
    [500, 'backend_refused'],
    [503, 'backend_overloaded'],
  ])('refuses with HTTP %i', async (status, code) => {
    const error = await refusal(start, { fault: { kind: 'refuse', status } });
    expect(error.code).toBe(code);
    expect(error.message).toContain(`HTTP ${status} (stand_in: As told.)`);
  });

  it('is gone', async () => {
    const error = await refusal(start, { fault: { kind: 'drop', at: 'handshake' } });
    expect(error.message).toContain('ECONNRESET');
  });

  it('never answers', async () => {
    const error = await refusal(start, { fault: { kind: 'stall', at: 'handshake' } });
    expect(error).toMatchObject({ code: 'backend_stalled' });
    expect(error.message).toContain('not ready within 1000 ms');
  });

  it('is given up while it opens, by the caller or by the closing of it all', async () => {
    rig = await start({ fault: { kind: 'stall', at: 'handshake', sessions: 2 } });
    const giveUp = new AbortController();
    const opening = rig.port.open(rig.context(), giveUp.signal);
    const other = rig.port.open(rig.context(), new AbortController().signal);
    const refused = Promise.allSettled([opening, other]);
    await rig.pass(100);
    giveUp.abort(new CallError('backend_closed', 'the call is over'));
    await rig.port.close();
    for (const one of await refused) {
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'backend_closed' } });
    }
  });
});

describe.each(adapters)('%s, an upstream that is lost', (_name, start) => {
  it.each<[string, SttFault]>([
    ['dropped in the middle of a word', { kind: 'drop', at: 'audio', afterMs: 900 }],
    ['closed with 1011', { kind: 'close', at: 'audio', afterMs: 700, code: 1011, reason: 'NET' }],
    ['closed with 1000', { kind: 'close', at: 'audio', afterMs: 1500, code: 1000, reason: '' }],
    ['dropped when asked for the rest', { kind: 'drop', at: 'flush' }],
    ['dropped twice', { kind: 'drop', at: 'audio', afterMs: 500, sessions: 2 }],
  ])('%s: the open stretch is heard again, no word is lost or doubled', async (_what, fault) => {
    // Sockets are slower than the clock of a test on a busy machine.
    rig = await start({ fault }, { finalTimeoutMs: 10_000 });
    const probe = await rig.open();
    expect(await eightWords(probe)).toEqual({ text: allEight, complete: true });
    const flushOnly = 'at' in fault && fault.at === 'flush';
    // Flux may have ended the turn by itself: then it is not asked.
    if (!flushOnly) expect(rig.server.stats.connections).toBeGreaterThan(1);
    await probe.count(300, 2);
    await probe.silence(200);
    probe.session.finish(2);
    expect((await probe.final(2)).text).toBe('300 301');
  });

  it('closes with 1008: no second try, its words in the error and no key', async () => {
    rig = await start({
      fault: { kind: 'close', at: 'audio', afterMs: 300, code: 1008, reason: `no ${sttKey}` },
    });
    const probe = await rig.open();
    await probe.count(1, 4);
    const error = await failure(probe);
    expect(error.message).toBe('the upstream closed with 1008: no [key]');
    expect(rig.server.requests).toHaveLength(1);
  });

  it('closes with 1013 for good: overloaded, after a bounded number of tries', async () => {
    const fault = { kind: 'close', at: 'audio', afterMs: 20, code: 1013, reason: 'busy' } as const;
    rig = await start({ fault: { ...fault, sessions: 100 } });
    const probe = await rig.open();
    await probe.count(1, 2);
    expect(await failure(probe)).toMatchObject({ code: 'backend_overloaded' });
    expect(rig.server.requests.length).toBeLessThanOrEqual(7);
  });

  it('sends nonsense: the session ends by it', async () => {
    rig = await start({ fault: { kind: 'send', at: 'audio', afterMs: 300, text: '{"type":' } });
    const probe = await rig.open();
    await probe.count(1, 4);
    const error = await failure(probe);
    expect(error).toMatchObject({ code: 'backend_protocol' });
    expect(error.message).toContain('not JSON');
  });

  it('falls silent: finals come by their deadline, incomplete, and then another is had', async () => {
    rig = await start({ fault: { kind: 'stall', at: 'audio', afterMs: 1300 } });
    const probe = await rig.open();
    await probe.count(200, 8);
    const askedMs = rig.clock.nowMs();
    probe.session.finish(1);
    probe.session.finish(2);
    await probe.count(300, 2);
    probe.session.finish(3);
    const first = await probe.final(1);
    expect(rig.clock.nowMs() - askedMs).toBeLessThan(1700);
    expect(first.complete).toBe(false);
    expect(allEight.startsWith(first.text)).toBe(true);
    await probe.final(3, 20_000);
    await probe.until(() => rig.server.stats.connections === 2, 20_000);
    await probe.count(400, 2);
    await probe.silence(200);
    probe.session.finish(4);
    expect(await probe.final(4)).toMatchObject({ text: '400 401', complete: true });
    expect(probe.finals.map((one) => one.finishId)).toEqual([1, 2, 3, 4]);
  });

  it('gives its finals twice: they count once', async () => {
    rig = await start({ fault: { kind: 'duplicate_final' } });
    const probe = await rig.open();
    expect(await eightWords(probe)).toEqual({ text: allEight, complete: true });
    await probe.count(300, 3);
    await probe.silence(300);
    probe.session.finish(2);
    expect((await probe.final(2)).text).toBe('300 301 302');
    expect(probe.finals).toHaveLength(2);
  });

  it('gives its final after the deadline: the next stretch is not spoilt by it', async () => {
    rig = await start({ fault: { kind: 'late', byMs: 2500 } }, { finalTimeoutMs: 600 });
    const probe = await rig.open();
    await probe.count(200, 3);
    probe.session.finish(1);
    expect((await probe.final(1)).complete).toBe(false);
    await probe.silence(1000);
    await probe.count(300, 3);
    await probe.silence(3000);
    probe.session.finish(2);
    const { text } = await probe.final(2);
    expect(text).not.toContain('20');
    expect(
      probe.partials.every((one) => !/ 20\d/.test(` ${one.text}`) || one.text.length < 12),
    ).toBe(true);
  });

  it('sends its messages in several frames', async () => {
    rig = await start({ fault: { kind: 'fragments' } });
    expect(await eightWords(await rig.open())).toEqual({ text: allEight, complete: true });
  });

  it('is exchanged before its time: nothing is lost, nothing doubled', async () => {
    rig = await start({ sessionLimitMs: 3000 }, { connectionLimitMs: 2500 });
    const probe = await rig.open();
    const said: string[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      said.push(await probe.count(100 * turn, 6));
      await probe.silence(400);
      probe.session.finish(turn);
    }
    await probe.final(4);
    expect(probe.finals.map((one) => one.text)).toEqual(said);
    expect(probe.finals.every((one) => one.complete)).toBe(true);
    expect(rig.port.figures()['connectionsExchanged']).toBeGreaterThan(2);
    expect(rig.port.figures()['connectionsLost']).toBe(0);
  });

  it('is out of reach for longer than audio is kept: the final says that it is not whole', async () => {
    rig = await start(
      { fault: { kind: 'drop', at: 'audio', afterMs: 100 } },
      { replayMs: 1000, finalTimeoutMs: 5000 },
    );
    const probe = await rig.open();
    await probe.silence(120);
    for (const session of rig.server.sessions) session.close(1011, 'gone');
    probe.push(new Float32Array((probe.format.rateHz * 3000) / 1000));
    await probe.count(200, 2);
    await probe.silence(200);
    probe.session.finish(1);
    const { text, complete } = await probe.final(1);
    expect(text).toBe('200 201');
    expect(complete).toBe(false);
    expect(rig.port.figures()['audioLostMs']).toBeGreaterThan(1500);
  });
});

describe.each(adapters)('%s, a client that sends nothing', (_name, start) => {
  it('is kept alive, and words still lie where they were said', async () => {
    rig = await start();
    const probe = await rig.open();
    await probe.count(100, 2);
    await probe.wait(30_000);
    const fromMs = probe.pushedMs;
    await probe.count(200, 3);
    await probe.silence(200);
    probe.session.finish(1);
    const { text, words } = await probe.final(1);
    expect(text).toBe('100 101 200 201 202');
    expect(rig.server.stats.connections).toBe(1);
    expect(rig.server.stats.violations).toEqual([]);
    const third = words?.[2];
    if (third !== undefined) expect(Math.abs(third.startMs - fromMs)).toBeLessThan(80);
  });
});
