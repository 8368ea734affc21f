import { afterEach, describe, expect, it } from 'vitest';
import type { StandInFault, StandInOptions } from '../upstream/gemini/options.ts';
import { Caller, GeminiRig, geminiKey, wordsIn } from './gemini-rig.ts';
import type { SessionProbe } from './session-probe.ts';

let rig: GeminiRig;

afterEach(async () => {
  await rig.backend.close();
  for (let step = 0; step < 100 && rig.server.open > 0; step += 1) await rig.pass(20);
  expect(rig.clock.pending).toBe(0);
  expect(rig.logged.join('\n')).not.toContain(geminiKey);
  for (const { oddities } of rig.server.sessions) expect(oddities).toEqual([]);
  await rig.close();
});

interface Talk {
  readonly probe: SessionProbe;
  readonly caller: Caller;
}

async function started(options: StandInOptions = {}): Promise<Talk> {
  rig = await GeminiRig.start({ answers: [{ count: 5 }], callerText: 'counted', ...options });
  const probe = await rig.open();
  return { probe, caller: new Caller(probe) };
}

const numbers = (probe: SessionProbe, lineId: string): number[] =>
  wordsIn(probe.audio(lineId)).map(({ number }) => number);

/** What the caller said, as the model of the last connection knows it. */
function understood(): number[] {
  const user = rig.upstream.history.filter(({ role }) => role === 'user');
  return user.flatMap(({ text }) => text.match(/\b\d+\b/g)?.map(Number) ?? []);
}

/** Says words, with the floor from a little before them on. @returns where they begin */
async function speak({ probe, caller }: Talk, words: number): Promise<number> {
  await caller.silence(400);
  const fromSample = caller.sample - 3200;
  probe.session.send({ type: 'caller.floor', fromSample });
  await caller.words(words);
  return fromSample;
}

function commit({ probe, caller }: Talk, n: number, fromSample: number): void {
  probe.session.send({ type: 'commit', itemId: `item_${n}`, fromSample, toSample: caller.sample });
}

async function answer({ probe }: Talk, n: number): Promise<void> {
  probe.respond(`line_${n}`);
  await probe.until(() => probe.done(`line_${n}`) !== undefined, 30_000);
}

describe('gemini-live, a caller who has the floor', () => {
  it('is heard while the turn lasts: at its end nothing is left to send', async () => {
    const talk = await started();
    const fromSample = await speak(talk, 4);
    const sentBefore = rig.received('realtimeInput').length;
    commit(talk, 1, fromSample);
    await talk.probe.wait(40);
    const after = rig.received('realtimeInput').slice(sentBefore);
    expect(after).toEqual([{ activityEnd: {} }]);
    await answer(talk, 1);
    expect(rig.upstream.heard[0]?.samples.length).toBe(talk.caller.sample - fromSample);
    expect(numbers(talk.probe, 'line_1')).toEqual([1, 2, 3, 4, 5]);
    expect(understood()).toEqual(talk.caller.said);
  });

  it('is not heard before: a cough sends nothing', async () => {
    const talk = await started();
    await talk.caller.words(2);
    await talk.caller.silence(2000);
    expect(rig.received('realtimeInput')).toEqual([]);
  });

  it('is answered once, though the upstream answers whatever it hears', async () => {
    const talk = await started();
    await speak(talk, 3);
    talk.probe.session.send({ type: 'clear' });
    await talk.probe.wait(4000);
    expect(talk.probe.events.filter(({ type }) => type.startsWith('line.'))).toEqual([]);
    commit(talk, 1, await speak(talk, 4));
    await answer(talk, 1);
    expect(talk.probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(numbers(talk.probe, 'line_1')).toHaveLength(5);
  });

  it('does not stop an answer that may be said to its end', async () => {
    const talk = await started({ answers: [{ count: 30 }, { count: 3 }], realTimeFactor: 1 });
    commit(talk, 1, await speak(talk, 2));
    talk.probe.respond('line_1');
    await talk.probe.until(() => talk.probe.audio('line_1').byteLength > 0);
    const sentBefore = rig.received('realtimeInput').length;
    const fromSample = await speak(talk, 2);
    expect(rig.received('realtimeInput')).toHaveLength(sentBefore);
    talk.probe.session.send({ type: 'cancel', lineId: 'line_1' });
    commit(talk, 2, fromSample);
    await answer(talk, 2);
    expect(talk.probe.done('line_2')?.outcome).toEqual({ status: 'completed' });
  });

  it('stops the answer that was cancelled, with the first of the turn', async () => {
    const talk = await started({ answers: [{ count: 30 }, { count: 3 }], realTimeFactor: 1 });
    commit(talk, 1, await speak(talk, 2));
    talk.probe.respond('line_1');
    await talk.probe.until(() => talk.probe.audio('line_1').byteLength > 0);
    talk.probe.session.send({ type: 'cancel', lineId: 'line_1' });
    const fromSample = await speak(talk, 2);
    expect(rig.backend.figures()).toMatchObject({ interruptions: 1 });
    commit(talk, 2, fromSample);
    await answer(talk, 2);
    expect(numbers(talk.probe, 'line_2')).toHaveLength(3);
    expect(understood()).toEqual(talk.caller.said);
  });

  it('loses nothing when the connection is lost in the middle of a turn', async () => {
    const fault: StandInFault = { kind: 'drop', at: 'speech', connection: 1 };
    const talk = await started({ faults: [fault] });
    const fromSample = await speak(talk, 4);
    await talk.caller.silence(1000);
    expect(rig.server.sessions).toHaveLength(2);
    commit(talk, 1, fromSample);
    await answer(talk, 1);
    expect(talk.probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(understood()).toEqual(talk.caller.said);
  });

  it('is not cut by a planned change of the connection', async () => {
    const talk = await started();
    commit(talk, 1, await speak(talk, 3));
    await answer(talk, 1);
    await talk.caller.silence(2000);
    const fromSample = await speak(talk, 2);
    rig.upstream.goAway(20_000);
    await talk.caller.words(3);
    expect(rig.server.sessions).toHaveLength(1);
    commit(talk, 2, fromSample);
    await answer(talk, 2);
    await talk.caller.silence(3000);
    expect(rig.server.sessions).toHaveLength(2);
    expect(understood()).toEqual(talk.caller.said);
  });
});
