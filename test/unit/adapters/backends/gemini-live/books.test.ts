import { describe, expect, it } from 'vitest';
import { CallerTranscripts } from '../../../../../adapters/backends/gemini-live/caller-transcripts.ts';
import {
  CallerTurn,
  inPiecesOf,
} from '../../../../../adapters/backends/gemini-live/caller-turn.ts';
import { Memory } from '../../../../../adapters/backends/gemini-live/memory.ts';
import {
  ToolBook,
  type ToolBookOptions,
} from '../../../../../adapters/backends/gemini-live/tool-book.ts';
import { ChunkTimeline } from '../../../../../src/audio/chunk.ts';
import { pcm16k } from '../../../../../src/audio/format.ts';

describe('gemini-live, what the caller said', () => {
  /** Chunks of 10 samples whose values are their positions. */
  function turnOf(chunks: number, limitMs = 1000): { turn: CallerTurn; dropped: number[] } {
    const dropped: number[] = [];
    const turn = new CallerTurn(pcm16k, limitMs, (samples) => dropped.push(samples));
    const timeline = new ChunkTimeline(pcm16k);
    for (let n = 0; n < chunks; n += 1) {
      const samples = Int16Array.from({ length: 10 }, (_, i) => n * 10 + i);
      turn.append(timeline.append(new Uint8Array(samples.buffer), n));
    }
    return { turn, dropped };
  }
  const values = (pieces: readonly Uint8Array[]): number[] => {
    const whole = new Uint8Array(Buffer.concat(pieces));
    return [...new Int16Array(whole.buffer)];
  };
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, i) => from + i);

  it('gives a turn to the sample and keeps what comes after it', () => {
    const { turn } = turnOf(5);
    expect(values(turn.take(13, 27))).toEqual(range(13, 27));
    expect(values(turn.take(27, 50))).toEqual(range(27, 50));
    expect(turn.samples).toBe(0);
  });

  it('gives nothing for a turn without audio, and forgets what lies before it', () => {
    const { turn } = turnOf(3);
    expect(turn.take(20, 20)).toEqual([]);
    expect(values(turn.since(0))).toEqual(range(20, 30));
  });

  it('keeps only so much, and says what went', () => {
    const { turn, dropped } = turnOf(5, 2);
    expect(dropped).toEqual([10, 10]);
    expect(values(turn.take(0, 100))).toEqual(range(20, 50));
  });

  it('forgets', () => {
    const { turn } = turnOf(2);
    turn.clear();
    expect(turn.take(0, 100)).toEqual([]);
  });

  it('joins pieces into ones of a length', () => {
    const pieces = [new Uint8Array(3), new Uint8Array(5), new Uint8Array(1)];
    expect(inPiecesOf(4, pieces).map(({ byteLength }) => byteLength)).toEqual([4, 4, 1]);
    expect(inPiecesOf(4, [])).toEqual([]);
  });
});

describe('gemini-live, transcripts of the caller', () => {
  function transcripts(): { it: CallerTranscripts; told: string[]; final: string[] } {
    const told: string[] = [];
    const final: string[] = [];
    const it = new CallerTranscripts(
      (event) => told.push(`${event.itemId}${event.final ? '!' : ''} ${event.text}`),
      (text) => final.push(text),
    );
    return { it, told, final };
  }

  it('puts words together until they are finished', () => {
    const { it: them, told, final } = transcripts();
    them.begin('a');
    them.text('What can ', false);
    them.interim('yo');
    them.text('you do?', true);
    expect(them.text('late', false)).toBe(false);
    expect(told).toEqual(['a What can ', 'a What can yo', 'a! What can you do?']);
    expect(final).toEqual(['What can you do?']);
  });

  it('ends them a moment after the answer, or with the next turn', () => {
    const { it: them, told } = transcripts();
    them.begin('a');
    them.text('One', false);
    them.answered('b', 0);
    expect(them.wakeAtMs).toBeNull();
    them.answered('a', 0);
    them.tick(399);
    expect(told).toEqual(['a One']);
    them.tick(400);
    expect(told.at(-1)).toBe('a! One');
    them.begin('b');
    them.text('Two', false);
    them.answered('b', 500);
    them.begin('c');
    expect(told.filter((line) => line.includes('!'))).toEqual(['a! One', 'b! Two']);
  });

  it('waits a while for the end of words where it is told, when the answer was over before', () => {
    const { it: them, final } = transcripts();
    them.begin('a');
    them.text('One', true);
    them.begin('b');
    them.text('Two ', false);
    them.answered('b', 100);
    them.text('three', true);
    expect(them.wakeAtMs).toBeNull();
    them.begin('c');
    them.text('Four', false);
    them.answered('c', 200);
    them.tick(1199);
    expect(final).toEqual(['One', 'Two three']);
    them.tick(1200);
    expect(final).toEqual(['One', 'Two three', 'Four']);
  });

  it('waits a while for words that come after the answer, and then says that there were none', () => {
    const { it: them, told, final } = transcripts();
    them.begin('a');
    them.answered('a', 100);
    expect(them.wakeAtMs).toBe(1100);
    them.tick(1099);
    expect(told).toEqual([]);
    them.tick(1100);
    expect(told).toEqual(['a! ']);
    expect(final).toEqual([]);
    expect(them.wakeAtMs).toBeNull();
  });
});

describe('gemini-live, what is told to another connection', () => {
  const words = (turns: readonly { parts: readonly { text: string }[] }[]): string[] =>
    turns.map(({ parts }) => parts[0]?.text ?? '');

  it('is what the handle does not hold', () => {
    const memory = new Memory();
    memory.add('user', 'one');
    memory.stale();
    memory.add('model', 'two');
    memory.resumable('h', true);
    expect(memory.fresh).toBe(true);
    // Of the same answer, known only after the handle.
    memory.add('model', 'three');
    expect(words(memory.uncovered)).toEqual([]);
    memory.stale();
    memory.add('user', 'four');
    expect(memory.fresh).toBe(false);
    expect(words(memory.uncovered)).toEqual(['four']);
    expect(memory.handle).toBe('h');
  });

  it('counts a handle given in the middle for what was before the question', () => {
    const memory = new Memory();
    memory.add('user', 'one');
    memory.stale();
    memory.add('user', 'two');
    memory.resumable('h', false);
    expect(words(memory.uncovered)).toEqual(['two']);
    expect(memory.fresh).toBe(false);
  });

  it('is everything where the handle is not taken', () => {
    const memory = new Memory();
    memory.add('user', 'one');
    memory.resumable('h', true);
    memory.forgetHandle();
    expect(memory.handle).toBeNull();
    expect(words(memory.uncovered)).toEqual(['one']);
    memory.told();
    expect(words(memory.uncovered)).toEqual([]);
    expect(words(memory.turns)).toEqual(['one']);
  });

  it('is no more than so much', () => {
    const memory = new Memory();
    for (let n = 0; n < 500; n += 1) memory.add('user', `${n}`);
    expect(memory.turns).toHaveLength(400);
    memory.add('user', 'x'.repeat(199_999));
    expect(memory.turns).toHaveLength(1);
    memory.resumable('h', true);
    memory.add('model', '');
    expect(memory.fresh).toBe(true);
  });
});

describe('gemini-live, tool calls', () => {
  function book(differing: Partial<ToolBookOptions> = {}): ToolBook {
    let count = 0;
    return new ToolBook({
      newId: () => `new_${(count += 1)}`,
      asynchronous: false,
      scheduling: 'WHEN_IDLE',
      ...differing,
    });
  }
  const call = (id: string | null, name = 'f', text = '{}') => ({ id, name, arguments: text });

  it('passes a call on once, by its id', () => {
    const it = book();
    expect(it.called([call('a')]).fresh).toEqual([{ toolCallId: 'a', name: 'f', arguments: '{}' }]);
    expect(it.called([call('a')])).toMatchObject({ fresh: [], repeated: 1 });
    it.answered('a', '1');
    it.news(true);
    expect(it.called([call('a')])).toMatchObject({ fresh: [], repeated: 1 });
  });

  it('runs the same work once and answers every call of it', () => {
    const it = book();
    const { fresh, repeated } = it.called([call('a'), call('b'), call('c', 'f', '{"x":1}')]);
    expect(fresh.map(({ toolCallId }) => toolCallId)).toEqual(['a', 'c']);
    expect(repeated).toBe(1);
    it.answered('a', '1');
    expect(it.news(false).responses).toEqual([]);
    it.answered('c', '2');
    expect(it.news(false).responses.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(it.hasNews).toBe(false);
    expect(it.waits).toBe(false);
  });

  it('calls the same again once it was answered', () => {
    const it = book();
    it.called([call('a')]);
    it.answered('a', '1');
    it.news(true);
    expect(it.called([call('b')]).fresh).toHaveLength(1);
  });

  it('names calls that have no name, and answers them without one', () => {
    const it = book();
    const { fresh } = it.called([call(null), call(null), call(null, 'g')]);
    expect(fresh.map(({ toolCallId }) => toolCallId)).toEqual(['new_1', 'new_2']);
    it.answered('new_1', 'x');
    it.answered('new_2', 'y');
    expect(it.news(false).responses).toEqual([
      { name: 'f', response: { output: 'x' } },
      { name: 'g', response: { output: 'y' } },
    ]);
  });

  it('answers those that are there where somebody asks for an answer', () => {
    const it = book();
    it.called([call('a'), call('b', 'g')]);
    it.answered('a', '1');
    expect(it.news(true).responses.map(({ id }) => id)).toEqual(['a']);
    it.answered('b', '2');
    expect(it.news(false).responses.map(({ id }) => id)).toEqual(['b']);
  });

  it('tells in words what nobody waits for', () => {
    const it = book();
    it.called([call('a'), call('b', 'g')]);
    expect(it.cancelled(['a', 'nobody'])).toBe(1);
    expect(it.cancelled(['a'])).toBe(0);
    it.answered('a', '1');
    it.answered('unknown', '2');
    it.forgotten();
    it.answered('b', '3');
    expect(it.news(false)).toEqual({ responses: [], words: [] });
    const said = it.news(true).words.map(({ parts }) => parts[0]?.text);
    expect(said).toEqual([
      '(The tool f answered: 1)',
      '(The tool of before answered: 2)',
      '(The tool g answered: 3)',
    ]);
    expect(it.hasNews).toBe(false);
  });

  it('answers at once and again later where the model speaks on', () => {
    const it = book({ asynchronous: true, scheduling: 'INTERRUPT' });
    expect(it.called([call('a')]).responses).toEqual([
      { id: 'a', name: 'f', response: {}, willContinue: true },
    ]);
    expect(it.waits).toBe(false);
    it.answered('a', '{"x":1}');
    expect(it.news(false).responses).toEqual([
      { id: 'a', name: 'f', response: { x: 1 }, scheduling: 'INTERRUPT', willContinue: false },
    ]);
  });
});
