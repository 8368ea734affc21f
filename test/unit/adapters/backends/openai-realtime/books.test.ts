import { describe, expect, it } from 'vitest';
import { CallerTranscripts } from '../../../../../adapters/backends/openai-realtime/caller-transcripts.ts';
import { ItemIds } from '../../../../../adapters/backends/openai-realtime/item-ids.ts';
import { LineBook } from '../../../../../adapters/backends/openai-realtime/line-book.ts';
import { UncommittedAudio } from '../../../../../adapters/backends/openai-realtime/uncommitted-audio.ts';
import { ChunkTimeline } from '../../../../../src/audio/chunk.ts';
import { pcm24k } from '../../../../../src/audio/format.ts';

/** Bytes of this much 24 kHz PCM16. */
const bytesOf = (ms: number): number => ms * 48;

describe('line book', () => {
  const cuts = (book: LineBook, heardMs: number, finished = true): unknown =>
    book.truncate('line', heardMs, finished)?.map((it) => [it.item_id, it.audio_end_ms]);

  it('cuts where it was heard', () => {
    const book = new LineBook(48);
    book.received('line', 'a', bytesOf(1000));
    expect(cuts(book, 412.7)).toEqual([['a', 412]]);
  });

  it('never cuts beyond what was received', () => {
    const book = new LineBook(48);
    book.received('line', 'a', bytesOf(1000) - 2);
    expect(cuts(book, 5000, false)).toEqual([['a', 999]]);
  });

  it('leaves a line that was heard out alone', () => {
    const book = new LineBook(48);
    book.received('line', 'a', bytesOf(1000));
    expect(cuts(book, 1000)).toEqual([]);
  });

  it('finds the item in which the line was cut, and empties those after it', () => {
    const book = new LineBook(48);
    book.received('line', 'a', bytesOf(1000));
    book.received('line', 'b', bytesOf(1000));
    book.received('line', 'c', bytesOf(500));
    expect(cuts(book, 1300)).toEqual([
      ['b', 300],
      ['c', 0],
    ]);
  });

  it('cuts again only if less was heard', () => {
    const book = new LineBook(48);
    book.received('line', 'a', bytesOf(1000));
    expect(cuts(book, 600)).toEqual([['a', 600]]);
    expect(cuts(book, 700)).toEqual([]);
    expect(cuts(book, 200)).toEqual([['a', 200]]);
  });

  it('knows no line without audio, and forgets the oldest', () => {
    const book = new LineBook(48);
    expect(cuts(book, 100)).toBeUndefined();
    book.received('line', 'a', bytesOf(1000));
    for (let i = 0; i < 64; i += 1) book.received(`other${i}`, 'b', 2);
    expect(cuts(book, 100)).toBeUndefined();
  });
});

describe('item ids', () => {
  it('names committed turns in order', () => {
    const ids = new ItemIds();
    ids.commit('one');
    ids.commit('two');
    ids.named('up_1');
    ids.named('up_2');
    expect([ids.upstream('one'), ids.ours('up_2')]).toEqual(['up_1', 'two']);
  });

  it('skips a turn that the upstream did not take', () => {
    const ids = new ItemIds();
    ids.commit('one');
    ids.commit('two');
    ids.commitFailed('one');
    ids.named('up_1');
    expect(ids.ours('up_1')).toBe('two');
    expect(ids.upstream('one')).toBeUndefined();
  });

  it('ignores turns that the upstream committed by itself', () => {
    const ids = new ItemIds();
    expect(ids.named('up_1')).toBe(false);
    expect(ids.ours('up_1')).toBeUndefined();
  });

  it('keeps a deletion until the turn has a name', () => {
    const ids = new ItemIds();
    ids.commit('one');
    expect(ids.delete('one')).toBeNull();
    expect(ids.named('up_1')).toBe(true);
    expect(ids.ours('up_1')).toBeUndefined();
  });

  it('shortens ids that the upstream would not take', () => {
    const ids = new ItemIds();
    const long = 'x'.repeat(40);
    expect(ids.add('short', () => 'never')).toBe('short');
    expect(ids.add(long, () => 'item_9')).toBe('item_9');
    expect(ids.delete(long)).toBe('item_9');
    expect(ids.delete(long)).toBeUndefined();
  });

  it('forgets the oldest beyond its limit', () => {
    const ids = new ItemIds();
    for (let i = 0; i < 2001; i += 1) ids.add(`i${i}`, () => '');
    expect(ids.upstream('i0')).toBeUndefined();
    expect(ids.upstream('i1')).toBe('i1');
  });
});

describe('uncommitted audio', () => {
  function spoken(ms: number, audio = new UncommittedAudio(pcm24k, null)): UncommittedAudio {
    const timeline = new ChunkTimeline(pcm24k);
    for (let atMs = 0; atMs < ms; atMs += 20) {
      expect(audio.append(timeline.append(new Uint8Array(bytesOf(20)), atMs))).toBeNull();
    }
    return audio;
  }
  const at = (ms: number): number => ms * 24;
  const lengthMs = (pieces: readonly Uint8Array[] | undefined): number =>
    (pieces ?? []).reduce((sum, bytes) => sum + bytes.byteLength, 0) / 48;

  it('is committed as it is when little silence lies before the turn', () => {
    expect(spoken(8000).commit(at(2900))).toBeNull();
  });

  it('is sent again from the turn’s first sample when much silence lies before it', () => {
    const retake = spoken(10_000).commit(at(6010));
    expect(lengthMs(retake?.again)).toBe(3990);
    expect(retake?.droppedSamples).toBe(at(6010));
  });

  it('is committed as it is when the turn’s beginning is no longer kept', () => {
    expect(spoken(40_000).commit(at(10_000))).toBeNull();
  });

  it('is committed as it is when the turn lies elsewhere, or nothing is there', () => {
    expect(spoken(10_000).commit(at(10_000))).toBeNull();
    expect(new UncommittedAudio(pcm24k, null).commit(at(9000))).toBeNull();
  });

  it('begins anew after a commit and after a clear', () => {
    const audio = spoken(10_000);
    audio.commit(0);
    expect(audio.commit(at(9000))).toBeNull();
    const other = spoken(10_000);
    other.clear();
    expect(other.commit(at(9000))).toBeNull();
  });

  it('keeps the upstream’s buffer below its limit', () => {
    const audio = new UncommittedAudio(pcm24k, null);
    const timeline = new ChunkTimeline(pcm24k);
    let dropped = 0;
    for (let atMs = 0; atMs < 600_000; atMs += 100) {
      const retake = audio.append(timeline.append(new Uint8Array(bytesOf(100)), atMs));
      if (retake === null) continue;
      expect(lengthMs(retake.again)).toBe(15_000);
      dropped += retake.droppedSamples;
    }
    expect(dropped).toBeGreaterThan(at(400_000));
  });
});

describe('caller transcripts', () => {
  it('gives the whole text so far, and the final one last', () => {
    const transcripts = new CallerTranscripts();
    const delta = (text: string): unknown =>
      transcripts.take({ type: 'transcript.delta', itemId: 'up', delta: text }, 'ours');
    expect(delta('Hel')).toMatchObject({ text: 'Hel', final: false, itemId: 'ours' });
    expect(delta('lo')).toMatchObject({ text: 'Hello', final: false });
    expect(
      transcripts.take({ type: 'transcript.done', itemId: 'up', text: 'Hello.' }, 'ours'),
    ).toEqual({ type: 'caller.transcript', itemId: 'ours', text: 'Hello.', final: true });
  });

  it('tells nothing of items that are none of the call’s, and nothing of failures', () => {
    const transcripts = new CallerTranscripts();
    const done = { type: 'transcript.done', itemId: 'up', text: 'Hello.' } as const;
    expect(transcripts.take(done, null)).toBeNull();
    expect(transcripts.take({ type: 'transcript.failed', itemId: 'up' }, 'ours')).toBeNull();
  });
});
