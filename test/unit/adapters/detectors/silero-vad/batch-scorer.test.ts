import { expect, test } from 'vitest';

import {
  BatchScorer,
  type BatchInput,
} from '../../../../../adapters/detectors/silero-vad/batch-scorer.ts';

/** Records what it is asked and answers with the row number over ten. */
function recorder(): { batches: BatchInput[]; run: ConstructorParameters<typeof BatchScorer>[0] } {
  const batches: BatchInput[] = [];
  return {
    batches,
    run: (batch) => {
      batches.push(batch);
      const probabilities = Float32Array.from({ length: batch.rows }, (_, row) => row / 10);
      return Promise.resolve({ probabilities, state: batch.state.map((value) => value + 1) });
    },
  };
}

const frames = (ids: readonly number[]): { streamIds: Int32Array; pcm: Float32Array } => ({
  streamIds: Int32Array.from(ids),
  pcm: Float32Array.from({ length: ids.length * 512 }, (_, index) => index),
});

test('one frame each of many streams is one run', async () => {
  const { batches, run } = recorder();
  const result = await new BatchScorer(run).score(frames([3, 1, 2]));
  expect(batches.map((batch) => batch.rows)).toEqual([3]);
  expect(result.batches).toBe(1);
  expect([...result.probabilities]).toEqual([0, Math.fround(0.1), Math.fround(0.2)]);
});

test('several frames of one stream go into successive runs', async () => {
  const { batches, run } = recorder();
  await new BatchScorer(run).score(frames([1, 1, 2, 1]));
  expect(batches.map((batch) => batch.rows)).toEqual([2, 1, 1]);
  const firstNewSample = batches.map((batch) => batch.input[64]);
  expect(firstNewSample).toEqual([0, 512, 1536]);
});

test('a run never has more rows than the limit', async () => {
  const { batches, run } = recorder();
  await new BatchScorer(run, 4).score(frames([1, 2, 3, 4, 5, 6, 7, 8, 9]));
  expect(batches.map((batch) => batch.rows)).toEqual([4, 4, 1]);
});

test('a row is the last 64 samples of the frame before, then the frame', async () => {
  const { batches, run } = recorder();
  const scorer = new BatchScorer(run);
  await scorer.score(frames([1]));
  await scorer.score({ streamIds: Int32Array.of(1), pcm: new Float32Array(512).fill(-1) });
  expect([...batches[0]!.input.subarray(0, 64)]).toEqual(new Array(64).fill(0));
  expect([...batches[1]!.input.subarray(0, 64)]).toEqual(
    Array.from({ length: 64 }, (_, index) => 448 + index),
  );
  expect(batches[1]!.input.subarray(64).every((sample) => sample === -1)).toBe(true);
});

test('state is carried on per stream, and gone once it is forgotten', async () => {
  const { batches, run } = recorder();
  const scorer = new BatchScorer(run);
  await scorer.score(frames([1, 2]));
  await scorer.score(frames([2]));
  scorer.forget([2]);
  expect(scorer.streams).toBe(1);
  await scorer.score(frames([2, 1]));
  expect(batches.map((batch) => batch.state[0])).toEqual([0, 1, 0]);
  // Layer 0 of the second row, then layer 1 of both.
  expect(batches[2]!.state[128]).toBe(1);
  expect([batches[2]!.state[256], batches[2]!.state[384]]).toEqual([0, 1]);
});

test('a score that is not a number is 0, is counted, and its stream starts afresh', async () => {
  let poisoned = true;
  const states: number[] = [];
  const scorer = new BatchScorer(({ rows, state }) => {
    states.push(state[0]!);
    const probabilities = new Float32Array(rows).fill(poisoned ? NaN : 0.5);
    return Promise.resolve({ probabilities, state: new Float32Array(state.length).fill(NaN) });
  });
  const first = await scorer.score(frames([1]));
  expect([first.probabilities[0], first.invalidFrames]).toEqual([0, 1]);
  poisoned = false;
  const second = await scorer.score(frames([1]));
  expect([second.probabilities[0], second.invalidFrames]).toEqual([0.5, 0]);
  expect(states).toEqual([0, 0]);
});

test('refuses audio that is not whole frames, and a limit that is no count', async () => {
  const { run } = recorder();
  await expect(
    new BatchScorer(run).score({ streamIds: Int32Array.of(1), pcm: new Float32Array(511) }),
  ).rejects.toThrow(RangeError);
  expect(() => new BatchScorer(run, 0)).toThrow(RangeError);
});
