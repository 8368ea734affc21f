import { beforeAll, expect, test } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { RecordingPlan } from '../../../src/ports/recording.ts';
import { CallRecorder } from '../../../src/recording/call-recorder.ts';
import { recordOf } from '../../../src/server/records.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { CallHarness, settle, silence } from '../../support/call-harness.ts';

beforeAll(() => prepareResampler());

test("times are the call's, however long after its recorder the call is made", async () => {
  const plans: RecordingPlan[] = [];
  const inputs: string[] = [];
  const clock = new ManualClock(5_000);
  const recorder = new CallRecorder({
    sink: {
      write: (file, content) => {
        if (file === 'inputs' && typeof content === 'string') inputs.push(content);
      },
      finish: (plan) => void plans.push(plan),
      discard: () => undefined,
    },
    clock,
    limitMs: 60_000,
    rules: null,
    redact: (entry) => entry,
    inputs: true,
  });
  clock.advance(300);
  const harness = new CallHarness({ observers: [recorder], clock });
  const call = recorder.around(harness.call);
  for (let frame = 0; frame < 50; frame += 1) {
    clock.advance(20);
    call.pushAudio(silence(20));
    await settle();
  }
  await harness.end();
  const header = { callId: 'call_1', agent: 'desk', startedAt: '2026-01-01T00:00:00.000Z' };
  recorder.finish(recordOf(header, harness.call.entries));
  expect(plans).toMatchObject([
    {
      durationMs: 1_000,
      caller: { placements: [{ fromSample: 0, samples: 24_000, atSample: 0 }] },
    },
  ]);
  const heard = inputs.filter((line) => line.includes('"in":"audio"'));
  expect(JSON.parse(heard[0]!)).toMatchObject({ at: 20 });
});
