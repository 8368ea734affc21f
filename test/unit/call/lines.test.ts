import { beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  ask,
  audio,
  CallHarness,
  done,
  settle,
  silence,
  speech,
  text,
} from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { pcm16k, pcmu8k } from '../../../src/audio/format.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import type { ClientCommand } from '../../../src/ports/client.ts';

beforeAll(prepareResampler);

/** A call whose agent has been asked once. */
async function asked(command: ClientCommand = ask) {
  const harness = await CallHarness.open();
  harness.ok(command);
  const { session } = harness;
  const { lineId } = session.next('respond');
  return { harness, session, lineId };
}

describe('a line', () => {
  it('carries what the client asked it with', async () => {
    const overrides = { instructions: 'Shout.', maxOutputTokens: 10 } as const;
    const metadata = { topic: 'rooms' };
    const { harness } = await asked({ ...ask, requestId: 'r1', overrides, metadata });
    expect(harness.last('line.opened').line).toEqual({
      lineId: 'line_1',
      cause: 'client',
      requestId: 'r1',
      epoch: 0,
      modality: 'audio',
      overrides,
      metadata,
      itemId: 'item_1',
      previousItemId: null,
    });
    await harness.end();
  });

  it('is one at a time in the conversation', async () => {
    const { harness, session, lineId } = await asked();
    expect(harness.refused(ask)).toBe('conversation_already_has_active_response');
    session.emit(done(lineId));
    await settle();
    harness.ok(ask);
    await harness.end();
  });

  it('that says nothing leaves no item behind', async () => {
    const { harness, session, lineId } = await asked();
    session.emit(done(lineId));
    await settle();
    expect(harness.last('line.closed')).toMatchObject({
      end: { status: 'completed' },
      extent: { generatedMs: 0, sentMs: 0, heardMs: 0, sentText: '', heardText: '' },
    });
    expect(harness.call.seed().items).toEqual([]);
    await harness.end();
  });

  it('ends as the backend says', async () => {
    const usage = {
      inputTextTokens: 1,
      inputAudioTokens: 2,
      inputCachedTokens: null,
      outputTextTokens: 3,
      outputAudioTokens: 4,
    };
    const { harness, session } = await asked();
    session.emit({
      type: 'line.done',
      lineId: 'line_1',
      outcome: { status: 'incomplete', reason: 'max_output_tokens' },
      usage,
    });
    await settle();
    expect(harness.last('line.closed')).toMatchObject({
      end: { status: 'incomplete', reason: 'max_output_tokens' },
      usage,
    });
    harness.ok(ask);
    session.emit(
      done('line_2', { status: 'failed', error: new CallError('model_unavailable', 'no') }),
    );
    await settle();
    expect(harness.last('line.closed').end).toEqual({
      status: 'failed',
      code: 'model_unavailable',
      message: 'no',
    });
    harness.ok(ask);
    session.emit(done('line_3', { status: 'cancelled' }));
    await settle();
    expect(harness.last('line.closed').end.status).toBe('cancelled');
    expect(harness.view.closes).toEqual([]);
    await harness.end();
  });

  it('in text is given as it comes, and all of it counts as heard', async () => {
    const { harness, session, lineId } = await asked({ ...ask, overrides: { modality: 'text' } });
    session.emit(text(lineId, 'Two '), text(lineId, 'rooms.'), done(lineId));
    await settle();
    expect(harness.entries('line.text').map(({ delta }) => delta)).toEqual(['Two ', 'rooms.']);
    expect(harness.last('line.closed').extent.heardText).toBe('Two rooms.');
    expect(harness.view.packets()).toEqual([]);
    expect(harness.call.seed().items).toMatchObject([
      { role: 'assistant', status: 'completed', content: [{ type: 'text', text: 'Two rooms.' }] },
    ]);
    harness.ok({ type: 'output.clear' });
    expect(harness.entries('agent.cut')).toEqual([]);
    expect(harness.last('output.cleared').lineId).toBeNull();
    await harness.end();
  });

  it('in text has no sound, whatever its backend sends, as nobody was promised a format', async () => {
    const { harness, session, lineId } = await asked({ ...ask, overrides: { modality: 'text' } });
    harness.ok({ type: 'configure', patch: { outputFormat: pcmu8k } });
    session.emit(audio(lineId, answer(40)), audio(lineId, answer(40)));
    session.emit(text(lineId, 'Two rooms.'), done(lineId));
    await settle();
    expect(harness.view.packets()).toEqual([]);
    expect(harness.entries('stale.dropped')).toMatchObject([{ lineId, what: 'audio' }]);
    expect(harness.last('line.closed').extent).toMatchObject({
      generatedMs: 0,
      heardText: 'Two rooms.',
    });
    await harness.end();
  });

  it('is resampled where the backend speaks at another rate', async () => {
    const capabilities = { ...turnCapabilities, outputFormats: [pcm16k], inputFormats: [pcm16k] };
    const harness = await CallHarness.open({ backends: [new ScriptedBackend({ capabilities })] });
    harness.ok(ask);
    const { session } = harness;
    const narrow = new Uint8Array(Int16Array.from({ length: 16_000 }, () => 5000).buffer);
    session.emit(audio('line_1', narrow), done('line_1'));
    await harness.pass(2000);
    expect(harness.last('line.closed').extent.sentMs).toBeGreaterThan(990);
    expect(harness.last('line.closed').extent.sentMs).toBeLessThanOrEqual(1000);
    await harness.hear(speech(100));
    expect(session.audio[0]).toMatchObject({ rateHz: 16_000, startSample: 0 });
    await harness.end();
  });

  it('whose audio stalls for a while still counts all of it as heard', async () => {
    const { harness, session, lineId } = await asked();
    session.emit(audio(lineId, answer(200)));
    await harness.pass(3000);
    session.emit(audio(lineId, answer(200)), done(lineId));
    await harness.pass(3000);
    expect(harness.call.seed().items).toMatchObject([{ content: [{ durationMs: 400 }] }]);
    await harness.end();
  });
});

describe('a line out of band', () => {
  const aside = { ...ask, outOfBand: true } as const;

  it('runs beside the conversation, unpaced, unheard, and leaves no item', async () => {
    const { harness, session, lineId } = await asked();
    harness.ok({ ...aside, requestId: 'side', overrides: { modality: 'text' } });
    const side = session.next('respond');
    expect(side).toMatchObject({ outOfBand: true, overrides: { modality: 'text' } });
    session.emit(audio(lineId, answer(1000)));
    session.emit(text(side.lineId, 'a note'), done(side.lineId));
    await settle();
    const closed = harness.last('line.closed');
    expect(closed).toMatchObject({ lineId: side.lineId, extent: { sentText: 'a note' } });
    const { line } = harness.last('line.opened');
    expect(line).toMatchObject({ epoch: null, requestId: 'side', previousItemId: null });
    session.emit(done(lineId));
    await harness.pass(3000);
    expect(harness.view.bytes(lineId)).toEqual(Buffer.from(answer(1000)));
    expect(harness.call.seed().items).toHaveLength(1);
    await harness.end();
  });

  it('is answered from items given in full or by reference', async () => {
    const harness = await CallHarness.open();
    const item = (itemId: string | null, words: string) =>
      ({
        kind: 'message',
        role: 'user',
        content: [{ type: 'text', text: words }],
        itemId,
      }) as const;
    harness.ok({ type: 'item.create', item: item('kept', 'old'), after: null });
    harness.session.next('item.add');
    harness.ok({ ...aside, input: [{ kind: 'reference', itemId: 'kept' }, item(null, 'new')] });
    expect(harness.session.next('respond').input).toMatchObject([
      { itemId: 'kept', content: [{ text: 'old' }] },
      { content: [{ text: 'new' }] },
    ]);
    const missing = { ...aside, input: [{ kind: 'reference', itemId: 'gone' }] } as const;
    expect(harness.refused(missing)).toBe('item_not_found');
    expect(harness.call.seed().items).toHaveLength(1);
    await harness.end();
  });

  it('survives a barge-in and can be cancelled by its id', async () => {
    const { harness, session, lineId } = await asked();
    harness.ok(aside);
    const side = session.next('respond').lineId;
    await harness.hear(speech(800));
    expect(session.next('cancel').lineId).toBe(lineId);
    expect(harness.entries('line.closed')).toHaveLength(1);
    harness.ok({ type: 'cancel', lineId: side });
    expect(session.next('cancel').lineId).toBe(side);
    expect(harness.last('line.closed')).toMatchObject({
      lineId: side,
      end: { status: 'cancelled', reason: 'client_cancelled' },
    });
    await harness.end();
  });

  it('is one of a limited number', async () => {
    const harness = await CallHarness.open();
    let taken = 0;
    while (harness.call.execute(aside).ok) taken += 1;
    expect(taken).toBeGreaterThanOrEqual(16);
    expect(taken).toBeLessThanOrEqual(17);
    expect(harness.refused(aside)).toBe('queue_overflow');
    await harness.end();
  });
});

describe('cancel', () => {
  it('is refused while nothing answers', async () => {
    const harness = await CallHarness.open();
    expect(harness.refused({ type: 'cancel', lineId: null })).toBe('response_cancel_not_active');
    expect(harness.refused({ type: 'cancel', lineId: 'line_9' })).toBe(
      'response_cancel_not_active',
    );
    await harness.end();
  });

  it('stops a line before its first sample without telling of anything heard', async () => {
    const { harness, session, lineId } = await asked();
    session.emit(text(lineId, 'words that came first'));
    await settle();
    harness.ok({ type: 'cancel', lineId });
    expect(session.takeAll()).toEqual([{ type: 'cancel', lineId }]);
    expect(harness.last('line.closed')).toMatchObject({
      end: { status: 'cancelled', reason: 'client_cancelled' },
      extent: { heardMs: 0, heardText: '' },
    });
    await harness.end();
  });

  it('does not ask the backend to stop what it has finished', async () => {
    const { harness, session, lineId } = await asked();
    session.emit(audio(lineId, answer(1000)), done(lineId));
    await harness.pass(300);
    harness.ok({ type: 'cancel', lineId: null });
    expect(session.next('truncate').heardMs).toBeCloseTo(240, 0);
    expect(session.leftovers).toEqual([]);
    await harness.pass(5000);
    expect(harness.view.sentMs()).toBeLessThanOrEqual(500.1);
    await harness.end();
  });
});

describe('what was heard', () => {
  const truncate = (itemId: string, audioEndMs: number): ClientCommand => ({
    type: 'item.truncate',
    itemId,
    audioEndMs,
  });

  async function spoken() {
    const { harness, session, lineId } = await asked();
    session.emit(text(lineId, 'aaaa bbbb'), audio(lineId, answer(1000)), done(lineId));
    await harness.pass(600);
    return { harness, session, itemId: harness.last('line.opened').line.itemId };
  }

  it('can only be lowered by a truncation', async () => {
    const { harness, session, itemId } = await spoken();
    harness.ok(truncate(itemId, 700));
    expect(harness.last('item.truncated')).toMatchObject({ requestedMs: 700, heardText: 'aaaa' });
    expect(harness.last('item.truncated').heardMs).toBeCloseTo(540, 0);
    expect(session.next('truncate').heardMs).toBeCloseTo(540, 0);
    harness.ok(truncate(itemId, 200));
    expect(harness.last('item.truncated')).toMatchObject({ heardMs: 200, heardText: '' });
    harness.ok(truncate(itemId, 500));
    expect(harness.last('item.truncated').heardMs).toBe(200);
    await harness.end();
  });

  it('ends with a truncation of a line that is still running', async () => {
    const { harness, session, lineId } = await asked();
    session.emit(text(lineId, 'aaaa bbbb'), audio(lineId, answer(1000)));
    await harness.pass(600);
    const { itemId } = harness.last('line.opened').line;
    harness.ok(truncate(itemId, 300));
    expect(harness.last('line.closed').end).toEqual({
      status: 'cancelled',
      reason: 'client_cancelled',
    });
    expect(session.next('cancel')).toMatchObject({ lineId });
    expect(harness.last('item.truncated')).toMatchObject({ heardMs: 300 });
    await harness.end();
  });

  it('cannot be more than was sent, nor anything but agent audio', async () => {
    const { harness, itemId } = await spoken();
    expect(harness.refused(truncate(itemId, 1001))).toBe('audio_already_shorter');
    expect(harness.refused(truncate('nothing', 0))).toBe('item_not_found');
    await harness.hear(speech(200));
    harness.ok({ type: 'commit' });
    const { itemId: voice } = harness.last('turn.committed');
    expect(harness.refused(truncate(voice, 0))).toBe('unsupported_content_type');
    await harness.end();
  });

  it('is what the client acknowledges', async () => {
    const { harness, session, itemId } = await spoken();
    harness.ok({ type: 'playback', itemId, playedMs: 260 });
    expect(harness.last('playback.acknowledged')).toMatchObject({ itemId, playedMs: 260 });
    harness.ok({ type: 'output.clear' });
    expect(session.next('truncate')).toMatchObject({ heardMs: 260, heardText: 'aaaa' });
    expect(harness.refused({ type: 'playback', itemId: 'nothing', playedMs: 1 })).toBe(
      'item_not_found',
    );
    await harness.end();
  });

  it('frees the floor as soon as the client has played everything', async () => {
    const harness = await CallHarness.open({ detection: { idleTimeoutMs: 5000 } });
    harness.ok(ask);
    harness.session.emit(audio('line_1', answer(100)), done('line_1'));
    await settle();
    harness.ok({ type: 'playback', itemId: 'item_1', playedMs: 100 });
    await harness.pass(4999);
    expect(harness.entries('turn.idle')).toEqual([]);
    await harness.pass(1);
    expect(harness.entries('turn.idle')).toHaveLength(1);
    await harness.end();
  });

  it('ends where the client clears its output', async () => {
    const { harness, session, lineId } = await asked();
    session.emit(audio(lineId, answer(5000)));
    await harness.pass(500);
    harness.ok({ type: 'output.clear' });
    expect(session.takeAll().map(({ type }) => type)).toEqual(['cancel', 'truncate']);
    expect(harness.last('output.cleared').lineId).toBe(lineId);
    const sentMs = harness.view.sentMs();
    await harness.pass(5000);
    expect(harness.view.sentMs()).toBe(sentMs);
    await harness.end();
  });

  it('is estimated earlier by half of the round trip', async () => {
    const { harness, session, lineId } = await asked();
    harness.view.roundTripMs = 100;
    session.emit(audio(lineId, answer(5000)));
    await harness.pass(500);
    harness.ok({ type: 'cancel', lineId: null });
    session.next('cancel');
    expect(session.next('truncate').heardMs).toBeCloseTo(390, 0);
    await harness.end();
  });
});

describe('a backend', () => {
  it('that dies in the middle of a line fails the line, itself, and the call', async () => {
    const { harness, session, lineId } = await asked();
    session.emit(audio(lineId, answer(1000)));
    await harness.pass(300);
    session.emit({ type: 'failed', error: new CallError('backend_closed', 'lost') });
    await settle();
    const fault = { code: 'backend_closed', message: 'lost' };
    expect(harness.story.slice(-4)).toEqual([
      'line.closed',
      'backend.failed',
      'usage.counted',
      'call.closed',
    ]);
    expect(harness.last('line.closed')).toMatchObject({ end: { status: 'failed', ...fault } });
    expect(harness.last('line.closed').extent.heardMs).toBeCloseTo(240, 0);
    expect(harness.last('backend.failed')).toMatchObject({ backend: 'scripted', ...fault });
    expect(harness.closes).toEqual([{ kind: 'error', ...fault }]);
    expect(harness.view.closes).toEqual(harness.closes);
    expect(session.closed).toBe(true);
    expect(harness.clock.pending).toBe(0);
  });

  it('that owes an answer and says nothing for 20 s has stalled', async () => {
    const { harness } = await asked();
    await harness.pass(19_999);
    expect(harness.closes).toEqual([]);
    await harness.pass(1);
    expect(harness.closes).toMatchObject([{ kind: 'error', code: 'backend_stalled' }]);
    expect(harness.clock.pending).toBe(0);
  });

  it('that says more than 120 s ahead of playing has failed', async () => {
    const { harness, session, lineId } = await asked();
    for (let minute = 0; minute < 2; minute += 1) session.emit(audio(lineId, answer(60_300)));
    await settle();
    expect(harness.closes).toEqual([]);
    session.emit(audio(lineId, answer(10)));
    await settle();
    expect(harness.closes).toMatchObject([{ kind: 'error', code: 'queue_overflow' }]);
  });

  it('that writes without end has failed', async () => {
    const { harness, session, lineId } = await asked();
    for (let part = 0; part < 10; part += 1) session.emit(text(lineId, 'x'.repeat(100_000)));
    await settle();
    expect(harness.closes).toEqual([]);
    session.emit(text(lineId, 'x'));
    await settle();
    expect(harness.closes).toMatchObject([{ kind: 'error', code: 'queue_overflow' }]);
  });

  it('that sends too much nonsense has failed, once', async () => {
    const { harness, session, lineId } = await asked();
    const frame = {
      startSample: 0,
      bytes: speech(80),
      heardInputSample: 0,
      text: null,
      mark: null,
    };
    for (let count = 0; count < 33; count += 1) {
      session.emit(text('nobody', 'x'), audio(lineId, new Uint8Array(3)));
      session.emit({ type: 'stream.frame', frame });
    }
    await settle();
    expect(harness.closes).toEqual([]);
    for (let count = 0; count < 20; count += 1) session.emit(done('nobody'));
    await settle();
    expect(harness.closes).toMatchObject([{ kind: 'error', code: 'backend_protocol' }]);
    expect(harness.entries('backend.failed')).toHaveLength(1);
    expect(harness.entries('line.closed')).toHaveLength(1);
  });

  it('that does not open hands over to the next, and the client is told what changes', async () => {
    const refusing = new ScriptedBackend({
      name: 'first',
      opening: new CallError('backend_refused', 'full'),
    });
    const capabilities = { ...turnCapabilities, voices: ['nova'] };
    const second = new ScriptedBackend({ name: 'second', capabilities });
    const harness = new CallHarness({ backends: [refusing, second] });
    await harness.hear(speech(40));
    expect(harness.story).toEqual([
      'call.opened',
      'backend.opening',
      'backend.failed',
      'call.configured',
      'backend.opening',
      'backend.ready',
    ]);
    expect(harness.call.backend).toBe('second');
    expect(harness.last('call.configured').settings.voice).toBe('nova');
    expect(second.contexts[0]?.settings.voice).toBe('nova');
    expect(second.session.audio).toHaveLength(2);
    await harness.end();
  });

  it('gets what was said while it opened, in its own format', async () => {
    const wide = new ScriptedBackend({ name: 'wide', opening: 'held' });
    const capabilities = { ...turnCapabilities, inputFormats: [pcm16k] };
    const narrow = new ScriptedBackend({ name: 'narrow', capabilities });
    const harness = new CallHarness({ backends: [wide, narrow], detector: null });
    await harness.hear(speech(400));
    harness.ok({ type: 'commit' });
    await harness.hear(silence(9600));
    expect(harness.call.backend).toBe('narrow');
    const { session } = narrow;
    expect(session.audio.every(({ rateHz }) => rateHz === 16_000)).toBe(true);
    let endSample = 0;
    for (const { startSample, samples } of session.audio) {
      expect(startSample).toBe(endSample);
      endSample += samples;
    }
    expect(endSample).toBeGreaterThan(159_900);
    const commit = session.takeAll().find(({ type }) => type === 'commit');
    expect(commit).toMatchObject({ fromSample: 0, toSample: 6400 });
    await harness.end();
  });
});
