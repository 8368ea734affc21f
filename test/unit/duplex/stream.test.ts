import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { appendLimit, splitText } from '../../../adapters/backends/openai-live/split.ts';
import { streamStep, type StreamState } from '../../../src/call/stream-lines.ts';

const unmarked = { mark: null, unmarked: true } as const;
const frame = { frameMs: 100 };

/** Runs a stream of frames and gives the actions of each. */
function run(frames: readonly { audible: boolean; talkedOver?: boolean; wordsOwed?: boolean }[]) {
  let state: StreamState = { kind: 'silent' };
  return frames.map((heard) => {
    const step = streamStep(state, unmarked, { ...frame, ...heard });
    state = step.state;
    return step.actions.join(' ');
  });
}
const loud = { audible: true };
const quiet = { audible: false };

describe('lines of a stream that marks nothing', () => {
  it('wait for their words, and not for ever', () => {
    const owed = Array(50).fill({ ...quiet, wordsOwed: true }) as (typeof quiet)[];
    const actions = run([loud, ...owed]);
    expect(actions.indexOf('audio complete')).toBe(38);
    expect(run([loud, ...owed.slice(0, 12), quiet]).at(-1)).toBe('audio complete');
  });

  it('are cut where it fell silent while the caller went on', () => {
    const over = { ...loud, talkedOver: true };
    const still = { ...quiet, talkedOver: true };
    expect(run([loud, over, still, still, still]).at(-1)).toBe('yield');
  });

  it('are complete where the caller began only after their end', () => {
    const after = { ...quiet, talkedOver: true };
    const actions = run([loud, loud, ...(Array(8).fill(after) as (typeof after)[])]);
    expect(actions).not.toContain('yield');
    expect(actions.at(-1)).toBe('audio complete');
  });

  it('are not cut by speech that marks its own end', () => {
    const over = { ...frame, audible: false, talkedOver: true };
    const state: StreamState = { kind: 'speaking', silenceMs: 600 };
    expect(streamStep(state, { mark: null }, over).actions).toEqual(['audio']);
  });
});

describe('a text in pieces', () => {
  property.prop([fc.string({ maxLength: 9_000 }), fc.integer({ min: 10, max: appendLimit })])(
    'fits, and loses nothing but space',
    (text, limit) => {
      const pieces = splitText(text, limit);
      const dense = (it: string): string => it.replaceAll(/\s+/gu, '');
      expect(pieces.every((piece) => piece.length <= limit && piece !== '')).toBe(true);
      expect(dense(pieces.join(''))).toBe(dense(text));
    },
  );

  it('is parted at ends of sentences', () => {
    expect(splitText('One two three. Four five six. Seven.', 20)).toEqual([
      'One two three.',
      'Four five six.',
      'Seven.',
    ]);
  });
});
