import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { loadGraph } from '../../../../../adapters/detectors/silero-vad/graph.ts';
import {
  locateWeights,
  readWeights,
} from '../../../../../adapters/detectors/silero-vad/weights.ts';

test('the installed package holds the pinned weights', async () => {
  expect((await readWeights(locateWeights())).length).toBe(2_327_524);
});

test('refuses another file', async () => {
  await expect(readWeights(fileURLToPath(import.meta.url))).rejects.toMatchObject({
    code: 'detector_failed',
    message: expect.stringContaining('not the expected file') as string,
  });
});

test('refuses a file that is not there', async () => {
  await expect(readWeights('/nonexistent/silero.onnx')).rejects.toMatchObject({
    code: 'detector_failed',
  });
});

test('refuses bytes that are no graph', async () => {
  await expect(loadGraph(new Uint8Array(64))).rejects.toMatchObject({ code: 'detector_failed' });
});
