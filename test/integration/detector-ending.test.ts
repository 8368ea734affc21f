import { expect, test } from 'vitest';

import { SileroDetector } from '../../adapters/detectors/silero-vad/silero-detector.ts';
import { systemClock } from '../../src/time/clock.ts';

// onnxruntime-node aborts the process when a thread is terminated inside a run.
test('a detector that is closed inside a run takes nothing with it', async () => {
  for (let round = 0; round < 5; round += 1) {
    const detector = new SileroDetector({ clock: systemClock });
    await detector.prepare(new AbortController().signal);
    const closed: PromiseWithResolvers<void> = Promise.withResolvers();
    let scores = 0;
    for (let call = 0; call < 64; call += 1) {
      const stream = detector.open(
        () => {
          scores += 1;
          // The next request is out before a score of the last one is told.
          if (scores === 1) detector.close().then(closed.resolve, closed.reject);
        },
        (error) => closed.reject(error),
      );
      stream.push(new Float32Array(512 * 40));
    }
    await closed.promise;
    expect(scores).toBe(1);
  }
});
