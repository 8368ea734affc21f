import { describe, expect, it } from 'vitest';
import { answer, durationMs, silence } from '../../support/call-harness.ts';
import { setUp, type DownlinkRig, type DownlinkRigOptions } from './downlink-rig.ts';
import { viewInt16 } from '../../../src/audio/pcm16.ts';

/** A line of which `ms` wait and 200 are given, at 0. */
function speaking(ms: number, options: DownlinkRigOptions = {}) {
  const rig = setUp(options);
  const line = rig.track('a');
  rig.downlink.pushAudio(line, answer(ms));
  return { ...rig, line };
}

const types = ({ logged }: Pick<DownlinkRig, 'logged'>): readonly string[] =>
  logged.map(({ type }) => type);

/** Whether both are the same but for the samples in which a fade may be. */
function sameBut(given: Uint8Array, said: Uint8Array, fades: readonly [number, number][]): boolean {
  const [a, b] = [viewInt16(new Uint8Array(given)), viewInt16(said)];
  return (
    a.length === b.length &&
    a.every((value, at) => value === b[at] || fades.some(([from, to]) => at >= from && at < to))
  );
}

describe('where a hold stops', () => {
  it('is at the end of the word that is being said, with a fade before it', () => {
    const { clock, downlink, line, logged, bytesOf } = speaking(2000);
    line.text.append('one two three', [
      { text: 'one', startMs: 0, endMs: 150 },
      { text: 'two', startMs: 150, endMs: 420 },
      { text: 'three', startMs: 420, endMs: 900 },
    ]);
    clock.advance(100);
    downlink.hold(line);
    expect(logged).toEqual([]);
    clock.advance(5000);
    expect(logged).toEqual([{ type: 'agent.held', lineId: 'a', lineMs: 420, atMs: 220 }]);
    expect(sameBut(bytesOf('a'), answer(420), [[9600, 10_080]])).toBe(true);
    expect(viewInt16(bytesOf('a')).at(-1)).toBe(0);
  });

  it('is just behind a word that something follows later, and at once between words', () => {
    const words = [
      { text: 'one', startMs: 0, endMs: 250 },
      { text: 'two', startMs: 600, endMs: 900 },
    ];
    const first = speaking(2000);
    first.line.text.append('one two', words);
    first.downlink.hold(first.line);
    first.clock.advance(1000);
    expect(first.logged).toMatchObject([{ lineMs: 270 }]);
    const second = speaking(2000);
    second.line.text.append('one two', words);
    second.clock.advance(200);
    second.downlink.hold(second.line);
    second.clock.advance(1000);
    expect(second.logged).toMatchObject([{ lineMs: 420 }]);
  });

  it('is in a dip of what waits when nobody gave word times', () => {
    const { clock, downlink, track, logged } = setUp();
    const line = track('a');
    line.text.append('no times', null);
    downlink.pushAudio(line, answer(350));
    downlink.pushAudio(line, silence(60));
    downlink.pushAudio(line, answer(1000));
    clock.advance(20);
    downlink.hold(line);
    clock.advance(1000);
    expect(logged).toMatchObject([{ type: 'agent.held', lineMs: 360 }]);
  });

  it('is in a dip, not at the end of a word that is 500 ms away', () => {
    const { clock, downlink, track, logged } = setUp();
    const line = track('a');
    line.text.append('long', [{ text: 'long', startMs: 0, endMs: 800 }]);
    downlink.pushAudio(line, answer(300));
    downlink.pushAudio(line, silence(60));
    downlink.pushAudio(line, answer(1000));
    downlink.hold(line);
    clock.advance(1000);
    expect(logged).toMatchObject([{ lineMs: 310 }]);
  });

  it('is at once, but for a fade of 20 ms, in sound without a dip', () => {
    const { clock, downlink, line, logged, bytesOf } = speaking(2000);
    clock.advance(100);
    downlink.hold(line);
    clock.advance(1000);
    expect(logged).toEqual([{ type: 'agent.held', lineId: 'a', lineMs: 320, atMs: 120 }]);
    expect(sameBut(bytesOf('a'), answer(320), [[7200, 7680]])).toBe(true);
  });

  it('is where it stands when nothing waits', () => {
    const { clock, downlink, line, logged, audioMs } = speaking(100);
    downlink.hold(line);
    expect(logged).toMatchObject([{ type: 'agent.held', lineId: 'a', lineMs: 100 }]);
    downlink.pushAudio(line, answer(500, 2400));
    clock.advance(1000);
    expect(audioMs()).toBe(100);
  });

  it('is before the first sample of a line that has not begun', () => {
    const { clock, downlink, track, given, logged, audioMs } = setUp();
    const line = track('a');
    downlink.hold(line);
    downlink.pushText(line, 'words', null);
    downlink.pushAudio(line, answer(500));
    downlink.pushEnd(line);
    clock.advance(5000);
    expect(given).toEqual([]);
    expect(logged).toMatchObject([{ type: 'agent.held', lineId: 'a', lineMs: 0 }]);
    downlink.resume();
    expect(audioMs()).toBe(200);
    expect(logged.at(-1)).toMatchObject({ type: 'agent.resumed', lineId: 'a', lineMs: 0 });
  });

  it('is nowhere in a stream', () => {
    const { clock, downlink, track, bytesOf } = setUp();
    const line = track('a', { cause: 'stream' });
    downlink.pushAudio(line, answer(300));
    downlink.hold(null);
    downlink.pushAudio(line, answer(300, 7200));
    clock.advance(1000);
    expect(bytesOf('a')).toEqual(Buffer.from(answer(600)));
  });
});

describe('a resume', () => {
  it('repeats nothing and skips nothing', () => {
    const { clock, downlink, line, logged, bytesOf, given } = speaking(2000);
    downlink.pushEnd(line);
    clock.advance(100);
    downlink.hold(line);
    clock.advance(700);
    downlink.resume();
    clock.advance(5000);
    const fades: [number, number][] = [[7200, 7680 + 480]];
    expect(sameBut(bytesOf('a'), answer(2000), fades)).toBe(true);
    expect(logged).toMatchObject([
      { type: 'agent.held', lineMs: 320 },
      { type: 'agent.resumed', lineId: 'a', lineMs: 320, cause: 'asked', atMs: 800 },
    ]);
    expect(given.slice(-2)).toMatchObject([{ what: 'ended' }, { what: 'heardOut' }]);
    expect(clock.pending).toBe(0);
  });

  it('leaves a line untouched that had been held before its first sample', () => {
    const { clock, downlink, track, bytesOf } = setUp();
    const line = track('a');
    downlink.hold(line);
    downlink.pushAudio(line, answer(500));
    clock.advance(300);
    downlink.resume();
    clock.advance(1000);
    expect(bytesOf('a')).toEqual(Buffer.from(answer(500)));
  });

  it('before the stop was reached takes the stop back', () => {
    const { clock, downlink, line, logged, bytesOf } = speaking(2000);
    line.text.append('word', [{ text: 'word', startMs: 0, endMs: 500 }]);
    downlink.hold(line);
    clock.advance(50);
    downlink.resume();
    clock.advance(5000);
    expect(logged).toEqual([]);
    expect(bytesOf('a')).toEqual(Buffer.from(answer(2000)));
  });

  it('goes from silence to full gain, though the agent had been ducked', () => {
    const { clock, downlink, line, bytesOf } = speaking(2000);
    downlink.duck(-20, null);
    clock.advance(100);
    downlink.hold(line);
    clock.advance(500);
    downlink.duck(-20, null);
    downlink.resume();
    clock.advance(5000);
    const said = viewInt16(answer(2000));
    const given = viewInt16(bytesOf('a'));
    expect(given).toHaveLength(said.length);
    expect(given.slice(8160)).toEqual(said.slice(8160));
    expect(Math.abs(given[7680]!)).toBeLessThan(10);
  });

  it('comes by itself after 10 s', () => {
    const { clock, downlink, line, logged, bytesOf } = speaking(2000);
    downlink.hold(line);
    clock.advance(9_999);
    expect(types({ logged })).toEqual(['agent.held']);
    clock.advance(1);
    expect(logged.at(-1)).toMatchObject({ type: 'agent.resumed', cause: 'limit' });
    clock.advance(5000);
    expect(durationMs(bytesOf('a'))).toBe(2000);
  });

  it('does nothing when nothing is held', () => {
    const { downlink, logged } = speaking(500);
    downlink.resume();
    expect(logged).toEqual([]);
  });
});

describe('held time', () => {
  it('does not count as playing', () => {
    const { clock, downlink, line, nowMs, playout } = speaking(1000);
    clock.advance(100);
    downlink.hold(line);
    clock.advance(5000);
    // 320 ms were given; the player is through them and waits.
    expect(line.heardMs(nowMs(), 0)).toBe(320);
    expect(playout.leadMs(nowMs())).toBe(0);
    downlink.resume();
    expect(line.sentMs).toBe(520);
    expect(line.heardMs(nowMs(), 0)).toBe(320);
    clock.advance(160);
    expect(line.heardMs(nowMs(), 0)).toBe(420);
    expect(playout.leadMs(nowMs())).toBeLessThanOrEqual(200);
  });

  it('is no delay of the frames that it held', () => {
    const { clock, downlink, line, delaysMs } = speaking(1000);
    downlink.hold(line);
    clock.advance(5000);
    downlink.resume();
    clock.advance(5000);
    expect(Math.max(...delaysMs)).toBe(0);
  });

  it('has no forecast of the end, which else is the time at which all will have been heard', () => {
    const { clock, downlink, line, given, nowMs } = speaking(1000, { roundTripMs: 40 });
    downlink.pushEnd(line);
    expect(downlink.heardOutAtMs).toBe(1080);
    clock.advance(100);
    expect(downlink.heardOutAtMs).toBe(1080);
    downlink.hold(line);
    expect(downlink.heardOutAtMs).toBeNull();
    clock.advance(2000);
    expect(downlink.heardOutAtMs).toBeNull();
    downlink.resume();
    expect(downlink.heardOutAtMs).toBe(nowMs() + 680 + 80);
    const { heardOutAtMs } = downlink;
    clock.advance(5000);
    expect(given.at(-1)).toEqual({ what: 'heardOut', lineId: 'a', atMs: heardOutAtMs });
    expect(downlink.heardOutAtMs).toBe(heardOutAtMs);
  });
});

describe('while held', () => {
  it('a line whose samples are all given ends and is heard out', () => {
    const { clock, downlink, line, given, logged } = speaking(100);
    downlink.hold(line);
    downlink.pushEnd(line);
    clock.advance(1000);
    expect(given.slice(1)).toMatchObject([{ what: 'ended' }, { what: 'heardOut', atMs: 160 }]);
    expect(types({ logged })).toEqual(['agent.held']);
  });

  it('a line that ends before its stop is the place to stop: the next one does not begin', () => {
    const { clock, downlink, line, track, given, logged, bytesOf } = speaking(300);
    line.text.append('word', [{ text: 'word', startMs: 0, endMs: 450 }]);
    downlink.hold(line);
    downlink.pushEnd(line);
    const next = track('b');
    downlink.pushAudio(next, answer(200));
    clock.advance(3000);
    expect(logged).toMatchObject([{ type: 'agent.held', lineId: 'a', lineMs: 300 }]);
    expect(given.filter((each) => 'lineId' in each && each.lineId === 'b')).toEqual([]);
    expect(given.at(-1)).toMatchObject({ what: 'heardOut', lineId: 'a' });
    downlink.resume();
    expect(bytesOf('b')).toEqual(Buffer.from(answer(200)));
  });

  it('a line that has more to say does not end, nor does one behind it', () => {
    const { clock, downlink, line, track, given } = speaking(1000);
    downlink.hold(line);
    downlink.pushEnd(line);
    downlink.pushEnd(track('b'));
    downlink.hurry();
    clock.advance(9000);
    expect(given.some(({ what }) => what === 'ended')).toBe(false);
    downlink.resume();
    clock.advance(9000);
    expect(given.filter(({ what }) => what === 'ended')).toMatchObject([
      { lineId: 'a' },
      { lineId: 'b' },
    ]);
  });

  it('a flush throws away what waits, and the next line begins at once, as it is', () => {
    const { clock, downlink, line, track, bytesOf, logged } = speaking(1000);
    downlink.duck(-18, null);
    clock.advance(100);
    downlink.hold(line);
    clock.advance(400);
    expect(downlink.flush()).toEqual({ droppedMs: 680, cutShort: [] });
    expect(line.heardMs(9000, 0)).toBe(320);
    downlink.pushAudio(track('b'), answer(100));
    expect(bytesOf('b')).toEqual(Buffer.from(answer(100)));
    expect(types({ logged })).toEqual(['agent.ducked', 'agent.held']);
    clock.advance(20_000);
    expect(types({ logged })).toEqual(['agent.ducked', 'agent.held']);
    expect(clock.pending).toBe(0);
  });

  it('another hold changes nothing', () => {
    const { clock, downlink, line, logged } = speaking(1000);
    downlink.hold(line);
    clock.advance(9_000);
    downlink.hold(line);
    clock.advance(1_000);
    expect(types({ logged })).toEqual(['agent.held', 'agent.resumed']);
  });

  it('nothing is left after the close', () => {
    const { clock, downlink, line } = speaking(1000);
    downlink.hold(line);
    downlink.close();
    downlink.resume();
    downlink.hold(line);
    expect(clock.pending).toBe(0);
  });
});
