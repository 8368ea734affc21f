import { beforeAll, describe, expect, it } from 'vitest';
import { answer, ask, audio, CallHarness, done, speech } from '../../support/call-harness.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';

beforeAll(prepareResampler);

describe("a turn that is the caller's silence", () => {
  it('is committed as one: there is nothing to recognise, and the agent is to speak up', async () => {
    const harness = await CallHarness.open({ detection: { idleTimeoutMs: 5000 } });
    const { session } = harness;
    await harness.hear(speech(150));
    harness.ok({ type: 'commit' });
    harness.ok(ask);
    expect(session.next('commit').silence).toBeUndefined();
    session.next('respond');
    session.emit(audio('line_1', answer(100)), done('line_1'));
    await harness.pass(6000);
    expect(session.next('commit').silence).toBe(true);
    await harness.end();
  });
});
