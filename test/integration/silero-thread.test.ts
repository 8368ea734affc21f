import { expect, test } from 'vitest';

import type {
  ScoringLink,
  ScoringReply,
  ScoringStart,
} from '../../adapters/detectors/silero-vad/scoring-link.ts';
import { openThreadLink } from '../../adapters/detectors/silero-vad/thread-link.ts';
import { locateWeights, sileroWeights } from '../../adapters/detectors/silero-vad/weights.ts';

interface OpenThread {
  readonly link: ScoringLink;
  /** The next reply, or the reason why the thread was lost. */
  next(): Promise<ScoringReply | string>;
}

function openThread(start: ScoringStart): OpenThread {
  const arrived: (ScoringReply | string)[] = [];
  let waiting: ((value: ScoringReply | string) => void) | undefined;
  const take = (value: ScoringReply | string): void => {
    if (waiting === undefined) arrived.push(value);
    else waiting(value);
    waiting = undefined;
  };
  const link = openThreadLink(start, { reply: take, lost: take });
  return {
    link,
    next: () =>
      new Promise((resolve) => {
        const value = arrived.shift();
        if (value === undefined) waiting = resolve;
        else resolve(value);
      }),
  };
}

const start: ScoringStart = {
  weightsPath: locateWeights(),
  sha256: sileroWeights.sha256,
  maxRows: 4,
};

test('the thread says when it is ready and answers a request', async () => {
  const { link, next } = openThread(start);
  expect(await next()).toEqual({ type: 'ready' });
  const request = { streamIds: Int32Array.of(1, 2), pcm: new Float32Array(1024), ended: [] };
  link.send(request);
  expect(request.pcm.buffer.detached).toBe(true);
  expect(await next()).toMatchObject({ type: 'scores', batches: 1, invalidFrames: 0 });
  await link.end();
});

test('a request that cannot be scored ends the thread with its reason', async () => {
  const { link, next } = openThread(start);
  expect(await next()).toEqual({ type: 'ready' });
  link.send({ streamIds: Int32Array.of(1), pcm: new Float32Array(100), ended: [] });
  expect(await next()).toEqual({
    type: 'failed',
    message: '1 frames cannot have 100 samples',
  });
  await link.end();
});

test('a thread that dies is reported lost', async () => {
  const { link, next } = openThread(null as unknown as ScoringStart);
  expect(await next()).toMatch(/null/);
  await link.end();
});
