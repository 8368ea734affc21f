import { describe, expect, it } from 'vitest';
import { answer } from '../../support/call-harness.ts';
import { setUp } from './downlink-rig.ts';

describe('pacing', () => {
  it('gives the lead at once and the rest at the pace of playing', () => {
    const { clock, downlink, track, audioMs } = setUp();
    downlink.pushAudio(track('a'), answer(1000));
    expect(audioMs()).toBe(200);
    clock.advance(19);
    expect(audioMs()).toBe(200);
    clock.advance(1);
    expect(audioMs()).toBe(220);
    clock.advance(480);
    expect(audioMs()).toBe(700);
    expect(downlink.waitingMs).toBe(300);
    clock.advance(1000);
    expect(audioMs()).toBe(1000);
  });

  it.each([40, 200, 2000])('is never more than a lead of %i ms ahead', (leadMs) => {
    const { clock, downlink, track, playout, nowMs } = setUp({ leadMs });
    const line = track('a');
    for (let step = 0; step < 500; step += 1) {
      if (step % 7 === 0) downlink.pushAudio(line, answer(step % 3 === 0 ? 300 : 5));
      expect(playout.leadMs(nowMs())).toBeLessThanOrEqual(leadMs + 0.05);
      clock.advance(9);
    }
    expect(line.sentMs).toBeGreaterThan(4000);
  });

  it('does not wait for a packet to fill when there is little audio', () => {
    const { downlink, track, given } = setUp();
    downlink.pushAudio(track('a'), answer(5));
    expect(given).toMatchObject([{ what: 'audio', lineId: 'a', ms: 5, atMs: 0 }]);
  });

  it('makes no packet under 20 ms while more is waiting', () => {
    const { clock, downlink, track, given } = setUp();
    downlink.pushAudio(track('a'), answer(1000));
    clock.advance(2000);
    for (const each of given) if (each.what === 'audio') expect(each.ms).toBeGreaterThan(19.9);
  });
});

describe('text', () => {
  it('comes just before the audio it belongs to', () => {
    const { clock, downlink, track, given } = setUp();
    const line = track('a');
    downlink.pushText(line, 'first', null);
    downlink.pushAudio(line, answer(300));
    downlink.pushText(line, 'second', null);
    downlink.pushAudio(line, answer(300));
    clock.advance(1000);
    const second = given.findIndex((each) => each.what === 'text' && each.delta === 'second');
    expect(given[0]).toMatchObject({ what: 'text', delta: 'first' });
    const before = given.slice(0, second);
    const sentMs = before.reduce((sum, each) => sum + (each.what === 'audio' ? each.ms : 0), 0);
    expect(sentMs).toBe(300);
    expect(given[second + 1]).toMatchObject({ what: 'audio' });
  });

  it('comes with the packet that holds its time, and in its own order', () => {
    const { clock, downlink, track, given } = setUp({ leadMs: 100 });
    const line = track('a');
    downlink.pushText(line, 'at 250', 250);
    downlink.pushText(line, 'at 50, but later', 50);
    downlink.pushAudio(line, answer(400));
    clock.advance(1000);
    const texts = given.filter((each) => each.what === 'text');
    expect(texts.map(({ delta }) => delta)).toEqual(['at 250', 'at 50, but later']);
    // Sample 250 ms is sent when 160 ms have been played at a lead of 100 ms.
    expect(texts[0]!.atMs).toBeGreaterThanOrEqual(150);
    expect(texts[0]!.atMs).toBeLessThanOrEqual(180);
  });

  it('that belongs past the last sample comes before the end', () => {
    const { clock, downlink, track, given } = setUp();
    const line = track('a');
    downlink.pushAudio(line, answer(20));
    downlink.pushText(line, 'late', 5000);
    downlink.pushEnd(line);
    clock.advance(1000);
    expect(given.map(({ what }) => what)).toEqual(['audio', 'text', 'ended', 'heardOut']);
  });
});

describe('the end of a line', () => {
  it('comes after its last sample', () => {
    const { clock, downlink, track, given } = setUp();
    const line = track('a');
    downlink.pushAudio(line, answer(300));
    downlink.pushEnd(line);
    expect(given.some(({ what }) => what === 'ended')).toBe(false);
    clock.advance(99);
    expect(given.some(({ what }) => what === 'ended')).toBe(false);
    clock.advance(1);
    expect(given.at(-1)).toEqual({ what: 'ended', lineId: 'a', atMs: 100 });
    expect(line.sentMs).toBe(300);
  });

  it('is followed by "heard out" when everything was played', () => {
    const { clock, downlink, track, given } = setUp({ roundTripMs: 40 });
    const line = track('a');
    downlink.pushAudio(line, answer(300));
    downlink.pushEnd(line);
    clock.advance(379);
    expect(given.at(-1)).toMatchObject({ what: 'ended' });
    clock.advance(1);
    expect(given.at(-1)).toEqual({ what: 'heardOut', lineId: 'a', atMs: 380 });
    expect(line.heardMs(380, 40)).toBe(300);
    expect(clock.pending).toBe(0);
  });

  it('is heard out at once when the client says so', () => {
    const { clock, downlink, track, given, nowMs } = setUp();
    const line = track('a');
    downlink.pushAudio(line, answer(100));
    downlink.pushEnd(line);
    clock.advance(50);
    line.acknowledge(100, nowMs());
    downlink.refresh();
    expect(given.at(-1)).toEqual({ what: 'heardOut', lineId: 'a', atMs: 50 });
  });

  it('waits 2 s longer for acknowledgements that lag, then believes what they said', () => {
    const { clock, downlink, track, given, nowMs } = setUp();
    const line = track('a');
    downlink.pushAudio(line, answer(100));
    downlink.pushEnd(line);
    line.acknowledge(30, nowMs());
    downlink.refresh();
    clock.advance(2159);
    expect(given.at(-1)).toMatchObject({ what: 'ended' });
    clock.advance(1);
    expect(given.at(-1)).toEqual({ what: 'heardOut', lineId: 'a', atMs: 2160 });
    expect(line.heardMs(9000, 0)).toBe(30);
  });

  it('is not settled by an underrun in its middle', () => {
    const { clock, downlink, track, given, nowMs } = setUp();
    const line = track('a');
    downlink.pushAudio(line, answer(100));
    clock.advance(1000);
    expect(given.some(({ what }) => what === 'heardOut')).toBe(false);
    downlink.pushAudio(line, answer(100));
    downlink.pushEnd(line);
    clock.advance(1000);
    expect(given.at(-1)).toMatchObject({ what: 'heardOut', atMs: 1160 });
    expect(line.heardMs(nowMs(), 0)).toBe(200);
  });
});

describe('a flush', () => {
  it('throws away what waits and says how much', () => {
    const { clock, downlink, track, given, audioMs } = setUp();
    const line = track('a');
    downlink.pushAudio(line, answer(1000));
    downlink.pushText(line, 'unsaid', null);
    expect(downlink.flush()).toEqual({ droppedMs: 800, cutShort: [line] });
    expect(downlink.waitingMs).toBe(0);
    clock.advance(5000);
    expect(audioMs()).toBe(200);
    expect(given.some(({ what }) => what === 'text' || what === 'heardOut')).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('makes room for the next line at once', () => {
    const { downlink, track, given } = setUp();
    downlink.pushAudio(track('a'), answer(1000));
    downlink.flush();
    downlink.pushAudio(track('b'), answer(1000));
    expect(given.at(-1)).toMatchObject({ lineId: 'b', ms: 200, atMs: 0 });
  });

  it('settles every line that was still playing at what was heard by then', () => {
    const { clock, downlink, track, nowMs } = setUp({ leadMs: 2000 });
    const first = track('a');
    const second = track('b');
    downlink.pushAudio(first, answer(500));
    downlink.pushEnd(first);
    downlink.pushAudio(second, answer(500));
    clock.advance(360);
    downlink.flush();
    clock.advance(5000);
    expect(first.heardMs(nowMs(), 0)).toBe(300);
    expect(second.heardMs(nowMs(), 0)).toBe(0);
  });
});

describe('more than one line', () => {
  it('goes through one queue in order', () => {
    const { clock, downlink, track, given } = setUp();
    const first = track('a');
    const second = track('b');
    downlink.pushAudio(first, answer(300));
    downlink.pushEnd(first);
    downlink.pushAudio(second, answer(300));
    downlink.pushEnd(second);
    clock.advance(2000);
    const lines = given.flatMap((each) =>
      'lineId' in each ? [`${each.what} ${each.lineId}`] : [],
    );
    expect([...new Set(lines)]).toEqual(['audio a', 'ended a', 'audio b', 'ended b', 'heardOut b']);
  });

  it('gives the rest of one away in a hurry', () => {
    const { downlink, track, given, audioMs } = setUp();
    const line = track('a');
    downlink.pushAudio(line, answer(1000));
    downlink.pushEnd(line);
    downlink.hurry();
    expect(audioMs()).toBe(1000);
    expect(given.at(-1)).toMatchObject({ what: 'ended', lineId: 'a' });
    downlink.pushAudio(track('b'), answer(100));
    expect(audioMs()).toBe(1000);
  });
});

describe('limits', () => {
  it('refuse audio once more than 120 s wait', () => {
    const { downlink, track } = setUp();
    const line = track('a');
    for (let second = 0; second < 120; second += 1) {
      expect(downlink.pushAudio(line, answer(1000))).toBe(true);
    }
    expect(downlink.waitingMs).toBe(119_800);
    expect(downlink.pushAudio(line, answer(1000))).toBe(true);
    expect(downlink.waitingMs).toBe(120_800);
    expect(downlink.pushAudio(line, answer(1000))).toBe(false);
    expect(line.generatedMs).toBe(121_000);
  });

  it('nothing is given away after the close, and no timer stays', () => {
    const { clock, downlink, track, given } = setUp();
    const line = track('a');
    downlink.pushAudio(line, answer(1000));
    downlink.close();
    const before = given.length;
    downlink.pushEnd(line);
    downlink.refresh();
    clock.advance(10_000);
    expect(given).toHaveLength(before);
    expect(clock.pending).toBe(0);
  });
});
