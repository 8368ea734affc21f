import { beforeAll, describe, expect, it } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { answer, audio, done, silence, speech, text } from '../../support/call-harness.ts';
import { turnCapabilities as able } from '../../support/scripted-backend.ts';
import { LiveRoom } from './rooms.ts';

beforeAll(prepareResampler);

const responds = (room: LiveRoom) =>
  room.harness.session.leftovers.filter((command) => command.type === 'respond');
const fixture = (ms: number): object => ({
  type: 'session.output_audio.fixture.play',
  audio: Buffer.from(answer(ms)).toString('base64'),
});

describe('the track', () => {
  it.each([
    ['without gaps in the input', () => 0, 100],
    // Within what is made up for at once, and far beyond it; in pieces of no round length.
    ['with gaps', (minute: number) => (minute % 2 === 0 ? 700 : 9_000), 370],
  ])('is as long as the timeline after ten minutes, %s', async (_how, gapMs, pieceMs) => {
    const room = await LiveRoom.open({}, able);
    for (let minute = 0; minute < 10; minute += 1) {
      if (minute % 3 === 0) {
        await room.hear(speech(600), pieceMs);
        await room.hear(silence(800), pieceMs);
        const { lineId } = responds(room).at(-1)!;
        room.harness.session.emit(text(lineId, 'One.'), audio(lineId, answer(2_000)), done(lineId));
      } else {
        await room.hear(silence(1_400), pieceMs);
      }
      await room.hear(silence(7_600), pieceMs);
      // The clock stands still, and goes on.
      const before = room.trackMs;
      await room.harness.pass(gapMs(minute));
      expect(room.trackMs - before).toBeLessThanOrEqual(100);
      await room.hear(silence(51_000), 1_000);
    }
    await room.harness.pass(2_000);
    expect(room.sentMs).toBeGreaterThanOrEqual(600_000);
    expect(Math.abs(room.trackMs - room.sentMs)).toBeLessThanOrEqual(100);
    const played = room.harness.call.entries.filter(({ type }) => type === 'playback.acknowledged');
    expect(played.at(-1)).toMatchObject({ playedMs: 2_000 });
    expect(responds(room)).toHaveLength(4);
    const told = room
      .of('session.usage.updated')
      .map(({ usage }) => (usage as { seconds: number }).seconds);
    expect(told.at(-1)).toBe(600);
    await room.end();
  });

  it('holds nothing of what was cut, and what it holds is what was played', async () => {
    const room = await LiveRoom.open({}, able);
    await room.hear(speech(600));
    await room.hear(silence(800));
    const { lineId } = responds(room)[0]!;
    room.harness.session.emit(text(lineId, 'One two.'), audio(lineId, answer(3_000)), done(lineId));
    await room.hear(silence(1_000));
    await room.send(fixture(100));
    await room.hear(silence(2_000));
    const cut = room.harness.call.entries.find(({ type }) => type === 'agent.cut');
    const heardMs = cut?.type === 'agent.cut' ? cut.extent.heardMs : 0;
    const fixtureFrom = room.of('session.output_audio.fixture.playing').length;
    expect(fixtureFrom).toBe(1);
    // Everything that is not silence: what was heard of the line, and the fixture.
    const loudMs =
      room.track
        .filter((_, i) => i % 2 === 1)
        .reduce((sum, byte) => sum + (byte === 0 ? 0 : 1), 0) / 24;
    expect(loudMs).toBeLessThanOrEqual(heardMs + 100 + 20);
    expect(heardMs).toBeGreaterThan(500);
    expect(heardMs).toBeLessThan(1_500);
    await room.end();
  });
});
