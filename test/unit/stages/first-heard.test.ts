import { beforeAll, describe, expect, it } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { answer, ask, audio, CallHarness, done, silence } from '../../support/call-harness.ts';

beforeAll(prepareResampler);

async function asked(roundTripMs = 0): Promise<{ harness: CallHarness; lineId: string }> {
  const harness = await CallHarness.open();
  harness.view.roundTripMs = roundTripMs;
  await harness.pass(1000);
  harness.ok(ask);
  return { harness, lineId: harness.last('line.opened').line.lineId };
}

/** The client's player has come so far. */
function played(harness: CallHarness, lineId: string, playedMs: number): void {
  const { itemId } = harness.entries('line.opened').find((it) => it.line.lineId === lineId)!.line;
  harness.ok({ type: 'playback', itemId, playedMs });
}

describe('the first audible sample in the ear', () => {
  it('is where the playout clock has it when the client says nothing', async () => {
    const { harness, lineId } = await asked(30);
    harness.session.emit(audio(lineId, Buffer.concat([silence(70), answer(500)])));
    await harness.pass(2000);
    // 70 ms of silence, half of the round trip, 60 ms of a player.
    const expected = { lineId, heardAtMs: 1000 + 70 + 15 + 60, by: 'clock' };
    expect(harness.last('line.first_heard')).toMatchObject(expected);
    await harness.end();
  });

  it('is where the client says that it played it', async () => {
    const { harness, lineId } = await asked();
    harness.session.emit(audio(lineId, Buffer.concat([silence(40), answer(500)])));
    await harness.pass(130);
    played(harness, lineId, 20);
    expect(harness.entries('line.first_heard')).toEqual([]);
    await harness.pass(50);
    // Now, at 1180, 70 ms were played: the first audible sample 30 ms ago.
    played(harness, lineId, 70);
    // Words on their way for longer, or after a dry player, put it later: they are not believed.
    await harness.pass(120);
    played(harness, lineId, 150);
    await harness.pass(500);
    const expected = { lineId, heardAtMs: 1150, by: 'acknowledgement' };
    expect(harness.last('line.first_heard')).toMatchObject(expected);
    await harness.pass(2000);
    expect(harness.entries('line.first_heard')).toHaveLength(1);
    await harness.end();
  });

  it('never was there when the line was cut before', async () => {
    const { harness, lineId } = await asked();
    harness.session.emit(audio(lineId, answer(500)));
    await harness.pass(40);
    expect(harness.entries('line.first_audio')).toHaveLength(1);
    harness.ok({ type: 'cancel', lineId: null });
    await harness.pass(2000);
    expect(harness.entries('line.first_heard')).toEqual([]);
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('was there when the line was cut after', async () => {
    const { harness, lineId } = await asked();
    harness.session.emit(audio(lineId, answer(500)));
    await harness.pass(100);
    harness.ok({ type: 'cancel', lineId: null });
    const story = harness.story;
    expect(story.indexOf('line.first_heard')).toBe(story.indexOf('agent.cut') - 1);
    expect(harness.last('line.first_heard')).toMatchObject({ heardAtMs: 1060 });
    await harness.end();
  });

  it('comes once a line, and lines that never sound have none', async () => {
    const { harness, lineId } = await asked();
    harness.session.emit(audio(lineId, silence(200)), done(lineId));
    await harness.pass(1500);
    expect(harness.entries('line.first_heard')).toEqual([]);
    harness.ok(ask);
    const second = harness.last('line.opened').line.lineId;
    harness.session.emit(audio(second, answer(1000)), done(second));
    await harness.pass(3000);
    expect(harness.entries('line.first_heard')).toMatchObject([{ lineId: second }]);
    await harness.end();
  });

  it('leaves no timer behind when the call ends first', async () => {
    const { harness, lineId } = await asked();
    harness.session.emit(audio(lineId, answer(500)));
    await harness.pass(10);
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });
});
