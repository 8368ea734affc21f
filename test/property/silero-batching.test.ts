import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { expect } from 'vitest';

import { BatchScorer, type RunBatch } from '../../adapters/detectors/silero-vad/batch-scorer.ts';

/**
 * Stands in for the graph: a row's probability folds its context, its frame and its state, so that
 * a frame out of order or a state of another stream changes the result.
 */
const foldingRun: RunBatch = ({ rows, input, state }) => {
  const probabilities = new Float32Array(rows);
  const next = new Float32Array(state.length);
  for (let row = 0; row < rows; row += 1) {
    const context = input[row * 576 + 63]!;
    const frame = input[row * 576 + 64]!;
    const low = state[row * 128]!;
    const high = state[(rows + row) * 128 + 127]!;
    probabilities[row] = (frame * 0.5 + context * 0.25 + low * 0.125 + high * 0.0625) % 1;
    next[row * 128] = (low + frame) % 1;
    next[(rows + row) * 128 + 127] = (high * 0.5 + frame) % 1;
  }
  return Promise.resolve({ probabilities, state: next });
};

const frames = fc.array(
  fc.record({
    streamId: fc.integer({ min: 1, max: 6 }),
    value: fc.integer({ min: 0, max: 255 }).map((value) => value / 256),
  }),
  { maxLength: 40 },
);

function frameSet(items: readonly { streamId: number; value: number }[]): {
  streamIds: Int32Array;
  pcm: Float32Array;
} {
  const pcm = new Float32Array(items.length * 512);
  for (const [index, { value }] of items.entries()) {
    pcm.fill(value, index * 512, (index + 1) * 512);
  }
  return { streamIds: Int32Array.from(items, (item) => item.streamId), pcm };
}

test.prop([frames, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 40 })])(
  'any batching gives every stream the scores it gets alone, in order',
  async (items, maxRows, perRequest) => {
    const together = new BatchScorer(foldingRun, maxRows);
    const scores: number[] = [];
    for (let at = 0; at < items.length; at += perRequest) {
      const { probabilities } = await together.score(frameSet(items.slice(at, at + perRequest)));
      scores.push(...probabilities);
    }
    const alone = new Map<number, BatchScorer>();
    for (const [index, item] of items.entries()) {
      const scorer = alone.get(item.streamId) ?? new BatchScorer(foldingRun);
      alone.set(item.streamId, scorer);
      const { probabilities } = await scorer.score(frameSet([item]));
      expect(scores[index]).toBe(probabilities[0]);
    }
    expect(scores.length).toBe(items.length);
    expect(together.streams).toBe(alone.size);
  },
);
