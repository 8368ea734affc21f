import { describe, expect, it } from 'vitest';
import { answer, plainLine } from '../../support/call-harness.ts';
import { LineTrack } from '../../../src/call/line-track.ts';
import { pcm24k, pcma8k, pcmu8k } from '../../../src/audio/format.ts';
import { PlayoutClock } from '../../../src/call/playout.ts';

function aTrack(sentMs: number, line = plainLine()): LineTrack {
  const track = new LineTrack(line, pcm24k, new PlayoutClock(24_000), 0);
  track.generatedSamples = sentMs * 24;
  track.sent(answer(sentMs), 0);
  return track;
}

describe('line track', () => {
  it('is heard by the clock until the client says how far it is', () => {
    const track = aTrack(1000);
    expect(track.heardMs(560, 0)).toBe(500);
    track.acknowledge(300);
    expect(track.heardMs(560, 0)).toBe(300);
    expect(track.heardMs(9000, 0)).toBe(300);
  });

  it('takes acknowledgements that only grow and never pass what was sent', () => {
    const track = aTrack(1000);
    track.acknowledge(400);
    track.acknowledge(200);
    expect(track.acknowledgedMs).toBe(400);
    track.acknowledge(5000);
    expect(track.acknowledgedMs).toBe(1000);
    const fresh = aTrack(1000);
    fresh.acknowledge(-5);
    expect(fresh.acknowledgedMs).toBe(0);
  });

  it('can be frozen lower and never higher', () => {
    const track = aTrack(1000);
    track.freeze(400);
    expect(track.heardMs(9000, 0)).toBe(400);
    track.freeze(700);
    expect(track.heardMs(9000, 0)).toBe(400);
    track.freeze(100);
    expect(track.heardMs(9000, 0)).toBe(100);
    track.freeze(-20);
    expect(track.heardMs(9000, 0)).toBe(0);
  });

  it('gives its audio up to what was heard once that is settled', () => {
    const track = aTrack(1000);
    expect(track.audio()).toEqual(Buffer.from(answer(1000)));
    track.freeze(250);
    expect(track.audio()).toEqual(Buffer.from(answer(250)));
    track.dropAudio();
    expect(track.audio()).toBeNull();
  });

  it('keeps the first 30 s of its audio, without holes', () => {
    const track = aTrack(29_990);
    track.sent(answer(20), 0);
    track.sent(answer(5), 0);
    expect(track.sentMs).toBe(30_015);
    const kept = track.audio();
    expect(kept?.byteLength).toBe(30_000 * 48);
    expect(kept?.subarray(29_990 * 48)).toEqual(Buffer.from(answer(10)));
  });

  it('counts G.711 by its 8 bytes a millisecond', () => {
    const track = new LineTrack(plainLine(), pcmu8k, new PlayoutClock(8_000), 0);
    track.generatedSamples = 8_000;
    track.sent(
      Uint8Array.from({ length: 8_000 }, (_, index) => index % 251),
      0,
    );
    expect(track.sentMs).toBe(1000);
    expect(track.heardMs(560, 0)).toBe(500);
    track.freeze(250);
    expect(track.audio()).toHaveLength(2000);
    track.sent(new Uint8Array(960_000), 0);
    track.freeze(0);
    expect(track.extent(0, 0)).toMatchObject({ generatedMs: 1000, sentMs: 121_000, heardMs: 0 });
  });

  it('keeps the first 30 s of G.711 too', () => {
    const track = new LineTrack(plainLine(), pcma8k, new PlayoutClock(8_000), 0);
    track.sent(new Uint8Array(240_100), 0);
    expect(track.audio()).toHaveLength(240_000);
  });

  it('counts the whole text of a text line as heard', () => {
    const track = new LineTrack(
      plainLine({ modality: 'text' }),
      pcm24k,
      new PlayoutClock(24_000),
      0,
    );
    track.text.append('written words', null);
    track.sentText = 'written words';
    expect(track.extent(0, 0)).toEqual({
      generatedMs: 0,
      sentMs: 0,
      heardMs: 0,
      sentText: 'written words',
      heardText: 'written words',
    });
  });

  it('takes no place on the downlink out of band', () => {
    const track = aTrack(500, plainLine({ epoch: null }));
    expect(track.inBand).toBe(false);
    expect(track.heardMs(9000, 0)).toBe(0);
  });
});
