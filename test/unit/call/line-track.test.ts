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
    expect(track.acknowledge(300, 560)).toBe(false);
    expect(track.heardMs(560, 0)).toBe(300);
    expect(track.heardMs(9000, 0)).toBe(300);
  });

  it('takes acknowledgements that only grow and never pass what was sent', () => {
    const track = aTrack(1000);
    track.acknowledge(400, 0);
    track.acknowledge(200, 0);
    expect(track.acknowledgedMs).toBe(400);
    track.acknowledge(5000, 0);
    expect(track.acknowledgedMs).toBe(1000);
    const fresh = aTrack(1000);
    fresh.acknowledge(-5, 0);
    expect(fresh.acknowledgedMs).toBe(0);
  });

  it('is settled once, by whichever comes first', () => {
    const track = aTrack(1000);
    track.settle(460, 0);
    expect(track.settled).toBe(true);
    expect(track.heardMs(9000, 0)).toBe(400);
    track.cut(700, 0);
    track.heardOut();
    expect(track.acknowledge(900, 461)).toBe(false);
    expect(track.heardMs(9000, 0)).toBe(400);
    const silent = aTrack(1000);
    silent.settle(0, 0);
    expect(silent.heardMs(9000, 0)).toBe(0);
  });

  it('is corrected both ways by acknowledgements within a second of a cut, never beyond sent', () => {
    const track = aTrack(1000);
    track.cut(560, 0);
    expect(track.extent(600, 0)).toMatchObject({ heardMs: 500, heardBy: 'clock' });
    expect(track.acknowledge(420, 700)).toBe(true);
    expect(track.extent(700, 0)).toMatchObject({ heardMs: 420, heardBy: 'acknowledgement' });
    expect(track.acknowledge(300, 800)).toBe(false);
    expect(track.acknowledge(580, 900)).toBe(true);
    expect(track.heardMs(900, 0)).toBe(580);
    expect(track.acknowledge(9000, 1560)).toBe(true);
    expect(track.heardMs(1560, 0)).toBe(1000);
    const late = aTrack(1000);
    late.cut(560, 0);
    expect(late.acknowledge(420, 1561)).toBe(false);
    expect(late.extent(1600, 0)).toMatchObject({ heardMs: 500, heardBy: 'clock' });
  });

  it('is ended by the client lower than it was heard, and never higher', () => {
    const track = aTrack(1000);
    track.truncate(700, 560, 0);
    expect(track.extent(9000, 0)).toMatchObject({ heardMs: 500, heardBy: 'clock' });
    track.truncate(200, 600, 0);
    expect(track.extent(9000, 0)).toMatchObject({ heardMs: 200, heardBy: 'client' });
    track.truncate(400, 600, 0);
    expect(track.heardMs(9000, 0)).toBe(200);
    expect(track.acknowledge(450, 700)).toBe(false);
    expect(track.extent(9000, 0)).toMatchObject({ heardMs: 200, heardBy: 'client' });
    expect(track.acknowledgedMs).toBe(450);
    track.truncate(-20, 600, 0);
    expect(track.heardMs(9000, 0)).toBe(0);
  });

  it('is heard out as far as the client acknowledged, or else as it was sent', () => {
    const believed = aTrack(1000);
    believed.heardOut();
    expect(believed.extent(0, 0)).toMatchObject({ heardMs: 1000, heardBy: 'clock' });
    const told = aTrack(1000);
    told.acknowledge(990, 0);
    told.heardOut();
    expect(told.extent(0, 0)).toMatchObject({ heardMs: 990, heardBy: 'acknowledgement' });
  });

  it('says whether its words are placed by their times or in proportion', () => {
    const track = aTrack(1000);
    track.text.append('one ', [{ text: 'one', startMs: 0, endMs: 300 }]);
    expect(track.extent(0, 0).wordsBy).toBe('times');
    track.text.append('two', null);
    expect(track.extent(0, 0).wordsBy).toBe('proportion');
  });

  it('gives its audio up to what was heard once that is settled', () => {
    const track = aTrack(1000);
    expect(track.audio()).toEqual(Buffer.from(answer(1000)));
    track.settle(310, 0);
    expect(track.audio()).toEqual(Buffer.from(answer(250)));
    track.dropAudio();
    expect(track.audio()).toBeNull();
  });

  it('keeps the first 12 s of its audio, without holes', () => {
    const track = aTrack(11_990);
    track.sent(answer(20), 0);
    track.sent(answer(5), 0);
    expect(track.sentMs).toBe(12_015);
    const kept = track.audio();
    expect(kept?.byteLength).toBe(12_000 * 48);
    expect(kept?.subarray(11_990 * 48)).toEqual(Buffer.from(answer(10)));
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
    track.truncate(250, 560, 0);
    expect(track.audio()).toHaveLength(2000);
    track.sent(new Uint8Array(960_000), 0);
    track.truncate(0, 560, 0);
    expect(track.extent(0, 0)).toMatchObject({ generatedMs: 1000, sentMs: 121_000, heardMs: 0 });
  });

  it('keeps the first 12 s of G.711 too', () => {
    const track = new LineTrack(plainLine(), pcma8k, new PlayoutClock(8_000), 0);
    track.sent(new Uint8Array(96_100), 0);
    expect(track.audio()).toHaveLength(96_000);
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
      heardBy: 'clock',
      wordsBy: 'proportion',
    });
  });

  it('takes no place on the downlink out of band', () => {
    const track = aTrack(500, plainLine({ epoch: null }));
    expect(track.inBand).toBe(false);
    expect(track.heardMs(9000, 0)).toBe(0);
  });

  it.each([
    ['a sound', 8000, 'one two'],
    ['silence', 0, 'one two three'],
  ])('that breaks off in %s has said what its audio can hold', (_, level, said) => {
    const track = aTrack(0);
    for (const word of ['one ', 'two ', 'three']) {
      track.text.append(word, null, track.generatedMs);
      track.generatedSamples += 240 * 24;
    }
    track.generatedSamples -= 180 * 24;
    track.latest = new Uint8Array(new Int16Array(24 * 20).fill(level).buffer);
    track.breakAt(track.generatedSamples, null);
    expect(track.text.text).toBe(said);
  });
});
