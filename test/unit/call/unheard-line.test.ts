import { beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  audio,
  CallHarness,
  settle,
  silence,
  speech,
  text,
} from '../../support/call-harness.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';

beforeAll(prepareResampler);

describe('a line of which nothing was sent', () => {
  it('is told as unheard when it is cut: what was made of it was said to nobody', async () => {
    const harness = await CallHarness.open({ manner: { echo: 'none' } });
    const { session } = harness;
    await harness.hear(speech(1000));
    await harness.hear(silence(600));
    const { lineId } = (session.next('commit'), session.next('respond'));
    // The caller goes on: what comes of the answer now is held, and then not wanted.
    await harness.hear(speech(100));
    session.emit(
      { type: 'line.started', lineId },
      text(lineId, 'aaaa'),
      audio(lineId, answer(500)),
    );
    await settle();
    await harness.hear(speech(1500));
    expect(harness.last('line.closed').extent.sentMs).toBe(0);
    const told = session.takeAll().filter(({ type }) => type === 'cancel' || type === 'truncate');
    expect(told).toEqual([
      { type: 'cancel', lineId },
      { type: 'truncate', lineId, heardMs: 0, heardText: '' },
    ]);
    await harness.end();
  });
});
