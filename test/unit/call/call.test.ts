import { beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  ask,
  audio,
  CallHarness,
  done,
  RecordingView,
  settle,
  silence,
  speech,
  text,
} from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend } from '../../support/scripted-backend.ts';
import type { ClientCommand } from '../../../src/ports/client.ts';

beforeAll(prepareResampler);

const message = (
  itemId: string | null,
  words: string,
  after: string | null = null,
): ClientCommand => ({
  type: 'item.create',
  item: { kind: 'message', role: 'user', content: [{ type: 'text', text: words }], itemId },
  after,
});

describe('a call', () => {
  it('shows a view everything from the start, entries and audio in their order', async () => {
    const harness = await CallHarness.open();
    harness.ok(ask);
    harness.session.emit(text('line_1', 'hi'), audio('line_1', answer(40)), done('line_1'));
    await harness.pass(200);
    const seen = harness.view.seen.map((each) =>
      each.kind === 'entry' ? each.entry.type : 'audio',
    );
    expect(seen).toEqual([
      'call.opened',
      'backend.opening',
      'backend.ready',
      'line.opened',
      'line.text',
      'line.first_packet',
      'audio',
      'line.first_audio',
      'line.closed',
      'line.heard',
    ]);
    await harness.end();
    expect(harness.view.seen.at(-1)).toMatchObject({ entry: { type: 'call.closed' } });
  });

  it('has one view', async () => {
    const harness = await CallHarness.open();
    expect(() => harness.call.attach(new RecordingView(() => 0))).toThrow(TypeError);
    await harness.end();
  });

  it('frees everything when it closes, once', async () => {
    const harness = await CallHarness.open();
    await harness.hear(speech(300));
    harness.ok(ask);
    harness.session.emit(audio('line_1', answer(5000)));
    await harness.pass(100);
    harness.call.close({ kind: 'shutdown' });
    harness.call.close({ kind: 'client', wireCode: 1000 });
    expect(harness.story.slice(-3)).toEqual(['line.closed', 'usage.counted', 'call.closed']);
    expect(harness.last('line.closed').end).toEqual({
      status: 'cancelled',
      reason: 'call_closed',
    });
    expect(harness.closes).toEqual([{ kind: 'shutdown' }]);
    expect(harness.view.closes).toEqual([{ kind: 'shutdown' }]);
    expect(harness.session.closed).toBe(true);
    expect(harness.clock.pending).toBe(0);
    expect(harness.detector?.figures()['streams']).toBe(0);
    expect(harness.refused(ask)).toBe('internal_error');
    expect(harness.call.pushAudio(speech(20)).ok).toBe(false);
  });

  it('that is over before its view comes is shown to it all the same', async () => {
    const refusing = new ScriptedBackend({ opening: new CallError('backend_refused', 'full') });
    const { call, ...harness } = await CallHarness.open();
    call.close({ kind: 'shutdown' });
    expect(harness.view.closes).toHaveLength(1);
    const late = new CallHarness({ backends: [refusing] }, 'unseen');
    await settle();
    const view = new RecordingView(() => 0);
    late.call.attach(view);
    expect(view.seen.at(-1)).toMatchObject({ entry: { type: 'call.closed' } });
    expect(view.closes).toEqual([{ kind: 'error', code: 'backend_refused', message: 'full' }]);
  });

  it('is not disturbed by observers that throw', async () => {
    const heard: string[] = [];
    const harness = await CallHarness.open({
      observers: [
        {
          entry: () => {
            throw new Error('a bug in a metric');
          },
        },
        {
          entry: ({ callId, agent, backend }, { type }) =>
            heard.push(`${callId} ${agent} ${backend} ${type}`),
        },
      ],
    });
    await harness.hear(speech(500));
    await harness.hear(silence(600));
    await harness.end();
    expect(heard).toHaveLength(harness.call.entries.length);
    expect(heard[0]).toBe('call_1 desk scripted call.opened');
  });

  it('refuses audio that is not whole samples and goes on', async () => {
    const harness = await CallHarness.open();
    const result = harness.call.pushAudio(new Uint8Array(3));
    expect(result).toMatchObject({ ok: false, error: { code: 'invalid_audio', param: 'audio' } });
    expect(harness.call.pushAudio(new Uint8Array(0))).toEqual({ ok: true });
    expect(harness.session.audio).toEqual([]);
    await harness.end();
  });
});

describe('memory', () => {
  it('holds 5,000 log entries and 2,000 items, whatever the client does', async () => {
    const harness = await CallHarness.open();
    for (let count = 0; count < 6000; count += 1) harness.ok(message(null, `item ${count}`));
    expect(harness.call.entries).toHaveLength(5000);
    expect(harness.call.entries.at(-1)?.seq).toBe(6002);
    expect(harness.call.seed().items).toHaveLength(2000);
    await harness.end();
    expect(harness.last('call.closed').seq).toBe(6003);
  });
});

describe('configure', () => {
  it('shows what is in force, tells the backend, and takes effect', async () => {
    const harness = await CallHarness.open();
    harness.ok({ type: 'configure', patch: { instructions: 'Be loud.', modality: 'text' } });
    expect(harness.call.settings).toMatchObject({ instructions: 'Be loud.', modality: 'text' });
    expect(harness.last('call.configured').settings).toEqual(harness.call.settings);
    expect(harness.session.next('configure').settings).toEqual(harness.call.settings);
    harness.ok(ask);
    expect(harness.last('line.opened').line.modality).toBe('text');
    await harness.end();
  });

  it('is refused as a whole', async () => {
    const harness = await CallHarness.open();
    const before = harness.call.settings;
    const patch = { instructions: 'Be loud.', voice: 'nobody' };
    expect(harness.refused({ type: 'configure', patch })).toBe('unsupported_by_backend');
    expect(harness.call.settings).toEqual(before);
    expect(harness.session.leftovers).toEqual([]);
    await harness.end();
  });

  it('cannot change the voice once the agent has been heard, for one answer neither', async () => {
    const harness = await CallHarness.open();
    harness.ok({ type: 'configure', patch: { voice: 'cedar' } });
    harness.ok(ask);
    harness.session.emit(audio('line_1', answer(40)), done('line_1'));
    await harness.pass(200);
    const patch = { voice: 'marin' };
    expect(harness.refused({ type: 'configure', patch })).toBe('cannot_update_voice');
    expect(harness.refused({ ...ask, overrides: { voice: 'marin' } })).toBe('cannot_update_voice');
    harness.ok({ ...ask, overrides: { voice: 'cedar' } });
    await harness.end();
  });

  it('switches detection off and on', async () => {
    const harness = await CallHarness.open();
    const { turnDetection } = harness.call.settings;
    harness.ok({ type: 'configure', patch: { turnDetection: null } });
    await harness.hear(speech(300));
    expect(harness.entries('speech.started')).toEqual([]);
    await harness.hear(silence(300));
    harness.ok({ type: 'configure', patch: { turnDetection } });
    await harness.hear(speech(300));
    expect(harness.last('speech.started').audioStartMs).toBeCloseTo(300, -2);
    await harness.end();
  });
});

describe('items', () => {
  it('enter where the client wants them, in the log and in the backend', async () => {
    const harness = await CallHarness.open();
    harness.ok(message('b', 'second'));
    harness.ok(message('a', 'first', 'root'));
    harness.ok(message('c', 'third', 'a'));
    expect(harness.session.takeAll()).toMatchObject([
      { type: 'item.add', item: { itemId: 'b' }, afterItemId: undefined },
      { type: 'item.add', item: { itemId: 'a' }, afterItemId: null },
      { type: 'item.add', item: { itemId: 'c' }, afterItemId: 'a' },
    ]);
    expect(harness.entries('item.added').map(({ previousItemId }) => previousItemId)).toEqual([
      null,
      null,
      'a',
    ]);
    harness.ok({ type: 'item.delete', itemId: 'a' });
    expect(harness.session.next('item.delete').itemId).toBe('a');
    expect(harness.last('item.deleted').itemId).toBe('a');
    expect(harness.call.seed().items.map(({ itemId }) => itemId)).toEqual(['c', 'b']);
    await harness.end();
  });

  it('are refused under a used id, after nothing, and when there is nothing to delete', async () => {
    const harness = await CallHarness.open();
    harness.ok(message('a', 'x'));
    expect(harness.refused(message('a', 'y'))).toBe('item_exists');
    expect(harness.refused(message('b', 'y', 'nowhere'))).toBe('item_not_found');
    expect(harness.refused({ type: 'item.delete', itemId: 'nothing' })).toBe('item_not_found');
    expect(harness.entries('item.added')).toHaveLength(1);
    await harness.end();
  });

  it('cannot take an id that was shown for a line or for speech', async () => {
    const harness = await CallHarness.open();
    harness.ok(ask);
    const { itemId: lineItem } = harness.last('line.opened').line;
    expect(harness.refused(message(lineItem, 'mine'))).toBe('item_exists');
    harness.session.emit(audio('line_1', answer(500)), done('line_1'));
    await harness.pass(1000);
    expect(harness.call.retrieve(lineItem)?.item.kind).toBe('message');
    await harness.hear(speech(300));
    const { itemId: speechItem } = harness.last('speech.started');
    expect(harness.refused(message(speechItem, 'mine'))).toBe('item_exists');
    await harness.hear(silence(600));
    expect(harness.last('turn.committed').itemId).toBe(speechItem);
    await harness.end();
  });

  it('may take the id of a line that came to nothing', async () => {
    const harness = await CallHarness.open();
    harness.ok(ask);
    harness.session.emit(done('line_1'));
    await settle();
    harness.ok(message(harness.last('line.opened').line.itemId, 'mine'));
    await harness.end();
  });

  it('of the caller get their transcripts, as long as those are wanted', async () => {
    const harness = await CallHarness.open();
    await harness.hear(speech(300));
    harness.ok({ type: 'commit' });
    const { itemId } = harness.last('turn.committed');
    const transcript = (words: string, final: boolean) =>
      ({ type: 'caller.transcript', itemId, text: words, final }) as const;
    harness.session.emit(transcript('good', false), transcript('good day', true));
    await settle();
    expect(harness.entries('caller.transcript')).toMatchObject([
      { text: 'good', final: false },
      { text: 'good day', final: true },
    ]);
    expect(harness.call.retrieve(itemId)?.item).toMatchObject({
      content: [{ transcript: 'good day' }],
    });
    harness.ok({ type: 'configure', patch: { callerTranscripts: false } });
    harness.session.emit(transcript('bad day', true));
    await settle();
    expect(harness.entries('caller.transcript')).toHaveLength(2);
    await harness.end();
  });
});

describe('a call without a detector', () => {
  it('says once that nobody listens, and goes on', async () => {
    const harness = await CallHarness.open({ detector: null });
    harness.ok({ type: 'configure', patch: { instructions: 'Be brief.' } });
    expect(harness.entries('fault')).toMatchObject([{ code: 'detector_failed' }]);
    await harness.hear(speech(500));
    harness.ok({ type: 'commit' });
    await harness.end();
  });
});

describe('retrieve', () => {
  it('gives the audio of a turn as long as it is kept', async () => {
    const harness = await CallHarness.open({ detector: null });
    await harness.hear(silence(100));
    harness.ok({ type: 'commit' });
    const spoken = speech(400);
    await harness.hear(spoken);
    harness.ok({ type: 'commit' });
    const { itemId } = harness.last('turn.committed');
    expect(harness.call.retrieve(itemId)).toMatchObject({
      item: { role: 'user', content: [{ type: 'audio', transcript: null, durationMs: 400 }] },
    });
    expect(harness.call.retrieve(itemId)?.audio).toEqual(spoken);
    await harness.hear(silence(15_000));
    expect(harness.call.retrieve(itemId)?.audio).toBeNull();
    expect(harness.call.retrieve('nothing')).toBeUndefined();
    await harness.end();
  });

  it('gives what was heard of the last line, and no audio of an older one', async () => {
    const harness = await CallHarness.open();
    harness.ok(ask);
    harness.session.emit(audio('line_1', answer(5000)));
    await harness.pass(500);
    harness.ok({ type: 'cancel', lineId: null });
    const first = harness.call.retrieve('item_1');
    expect(first?.item.status).toBe('incomplete');
    const heardMs = harness.last('line.closed').extent.heardMs;
    expect(first?.audio).toEqual(
      Buffer.from(answer(5000).subarray(0, Math.round(heardMs * 24) * 2)),
    );
    harness.ok(ask);
    expect(harness.call.retrieve('item_1')?.audio).toBeNull();
    await harness.end();
  });

  it('has no audio for text', async () => {
    const harness = await CallHarness.open();
    harness.ok(message('a', 'typed'));
    expect(harness.call.retrieve('a')).toMatchObject({ item: { itemId: 'a' }, audio: null });
    await harness.end();
  });
});

describe('seed', () => {
  it('holds the conversation as heard, and survives JSON', async () => {
    const harness = await CallHarness.open();
    harness.ok(message('typed', 'Hello'));
    harness.ok(ask);
    harness.session.emit(text('line_1', 'aaaa bbbb'), audio('line_1', answer(1000)));
    await harness.pass(560);
    const seed = harness.call.seed();
    expect(seed).toMatchObject({
      version: 1,
      callId: 'call_1',
      agent: 'desk',
      instructions: 'Be brief.',
      voice: 'marin',
      items: [
        { itemId: 'typed' },
        { role: 'assistant', status: 'in_progress', content: [{ transcript: 'aaaa' }] },
      ],
      turn: { speakingFromSample: null, uplinkSamples: 0 },
      unanswered: null,
    });
    expect(JSON.parse(JSON.stringify(seed))).toEqual(seed);
    await harness.end();
  });

  it('holds the audio of a turn until something is heard in answer to it', async () => {
    const harness = await CallHarness.open();
    await harness.hear(speech(500));
    const during = harness.call.seed();
    expect(during.turn).toEqual({ speakingFromSample: 0, uplinkSamples: 12_000 });
    expect(during.unanswered).toMatchObject({ rateHz: 24_000, startSample: 0 });
    await harness.hear(silence(600));
    const after = harness.call.seed();
    expect(after.turn.speakingFromSample).toBeNull();
    const pcm16 = Buffer.from(after.unanswered?.pcm16 ?? '', 'base64');
    expect(pcm16).toEqual(Buffer.concat([speech(500), silence(600)]));
    harness.session.emit(audio('line_1', answer(40)));
    await settle();
    expect(harness.call.seed().unanswered).toBeNull();
    await harness.end();
  });

  it('holds the first of two turns too when its answer was cut before it was heard', async () => {
    const harness = await CallHarness.open();
    await harness.hear(speech(500));
    await harness.hear(silence(600));
    await harness.hear(speech(500));
    await harness.hear(silence(600));
    expect(harness.entries('turn.committed')).toHaveLength(2);
    expect(harness.call.seed().unanswered?.startSample).toBe(0);
    await harness.end();
  });

  it('holds nothing of a turn that was answered in writing', async () => {
    const harness = await CallHarness.open();
    harness.ok({ type: 'configure', patch: { modality: 'text' } });
    await harness.hear(speech(500));
    await harness.hear(silence(600));
    const { lineId } = harness.last('line.opened').line;
    harness.session.emit(text(lineId, 'Good evening.'), done(lineId));
    await settle();
    expect(harness.call.seed().unanswered).toBeNull();
    await harness.end();
  });

  it('holds at most what is kept of the caller', async () => {
    const harness = await CallHarness.open();
    await harness.hear(speech(17_000));
    const { unanswered } = harness.call.seed();
    expect(unanswered?.startSample).toBe(2000 * 24);
    expect(Buffer.from(unanswered?.pcm16 ?? '', 'base64').byteLength).toBe(15_000 * 48);
    await harness.end();
  });
});
