import { describe, expect, it } from 'vitest';
import { OutputTrack } from '../../../../adapters/clients/openai-live/track.ts';

const bytesPerMs = 48;
const frameMs = 100;
const format = { codec: 'pcm16', rateHz: 24_000 } as const;

/** A track to which speech comes piece by piece. */
function openTrack() {
  const track = new OutputTrack(format, (24_000 * frameMs) / 1000);
  let startMs = 0;
  return {
    track,
    says(pieceMs: number) {
      const bytes = new Uint8Array(pieceMs * bytesPerMs).fill(1);
      track.audio({ itemId: 'a', lineId: 'a', lineStartSample: startMs * 24, bytes });
      startMs += pieceMs;
    },
    /** Ms of speech in the next frame. */
    frame: () => track.frame().bytes.filter((byte) => byte === 1).byteLength / bytesPerMs,
  };
}

describe('the output track’s cushion', () => {
  it('leaves no hole in speech of 80 ms frames that are made from pieces of 100 ms', () => {
    const { track, says, frame } = openTrack();
    const heardMs: number[] = [];
    for (let piece = 1; piece <= 30; piece += 1) {
      const before = Math.floor(((piece - 1) * 100) / 80);
      for (let made = before; made < Math.floor((piece * 100) / 80); made += 1) says(80);
      heardMs.push(frame());
    }
    track.end();
    while (track.waiting) heardMs.push(frame());
    const spoken = heardMs.slice(heardMs.findIndex((ms) => ms > 0));
    expect(spoken.slice(0, -1).every((ms) => ms === frameMs)).toBe(true);
  });

  it('keeps speech that is there in a heap, or complete, waiting for nothing', () => {
    const heap = openTrack();
    heap.says(300);
    expect(heap.frame()).toBe(100);
    const word = openTrack();
    word.says(60);
    word.track.end();
    expect(word.frame()).toBe(60);
  });

  it('waits two frames at most, and again when it ran dry', () => {
    const { says, frame } = openTrack();
    says(80);
    expect([frame(), frame(), frame()]).toEqual([0, 0, 80]);
    says(80);
    expect([frame(), frame(), frame()]).toEqual([0, 0, 80]);
  });
});
