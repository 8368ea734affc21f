import { beforeAll, describe, expect, it } from 'vitest';
import { answer, ask, audio, CallHarness, settle } from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { phrasesOf } from '../../support/spoken-phrases.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend } from '../../support/scripted-backend.ts';

beforeAll(prepareResampler);

const failure = new CallError('backend_overloaded', 'busy');

describe('a call that has no backend left', () => {
  it('says one sentence, and ends with the reason when that was heard', async () => {
    const harness = await CallHarness.open({ phrases: phrasesOf() });
    harness.ok(ask);
    await settle();
    const { lineId } = harness.last('line.opened').line;
    harness.session.emit(audio(lineId, answer(5000)));
    await harness.pass(300);
    harness.session.emit({ type: 'failed', error: failure });
    await settle();
    expect(harness.closes).toEqual([]);
    expect(harness.last('line.closed')).toMatchObject({ lineId, end: { status: 'failed' } });
    const last = harness.last('line.opened').line;
    expect(last.cause).toBe('filler');
    await harness.pass(900);
    expect(harness.closes).toEqual([]);
    await harness.pass(600);
    expect(harness.view.sentMs(last.lineId)).toBe(1000);
    expect(harness.last('line.closed')).toMatchObject({
      lineId: last.lineId,
      end: { status: 'completed' },
      extent: { sentText: 'This call has to end.' },
    });
    expect(harness.closes).toMatchObject([{ kind: 'error', code: 'backend_overloaded' }]);
    expect(harness.view.closes).toHaveLength(1);
    expect(harness.clock.pending).toBe(0);
  });

  it('does nothing else meanwhile, and can be left', async () => {
    const harness = await CallHarness.open({ phrases: phrasesOf() });
    harness.session.emit({ type: 'failed', error: failure });
    await settle();
    expect(harness.refused(ask)).toBe('internal_error');
    const { itemId } = harness.last('line.opened').line;
    harness.ok({ type: 'playback', itemId, playedMs: 10 });
    await harness.end();
    expect(harness.closes).toMatchObject([{ kind: 'client' }]);
    expect(harness.clock.pending).toBe(0);
  });

  it('ends at the latest when the sentence must be over, whatever the client says it has played', async () => {
    const harness = await CallHarness.open({ phrases: phrasesOf() });
    harness.session.emit({ type: 'failed', error: failure });
    await harness.pass(100);
    const { itemId } = harness.last('line.opened').line;
    harness.ok({ type: 'playback', itemId, playedMs: 10 });
    for (let ms = 0; ms < 7000; ms += 100) await harness.pass(100);
    expect(harness.closes).toMatchObject([{ code: 'backend_overloaded' }]);
  });

  it('says nothing where no backend was ever there, or nothing is at hand', async () => {
    const refused = new ScriptedBackend({ opening: failure });
    const never = await CallHarness.open({ backends: [refused], phrases: phrasesOf() }).catch(
      () => null,
    );
    expect(never).toBeNull();
    const silent = await CallHarness.open({ phrases: phrasesOf({ last: () => null }) });
    silent.session.emit({ type: 'failed', error: failure });
    await settle();
    expect(silent.closes).toMatchObject([{ code: 'backend_overloaded' }]);
  });
});
