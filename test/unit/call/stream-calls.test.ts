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
import { frameCapabilities, ScriptedBackend } from '../../support/scripted-backend.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { StreamFrame } from '../../../src/ports/backend.ts';

beforeAll(prepareResampler);

/** A call with a backend without turns that speaks when the test lets it. */
class StreamCall {
  readonly harness: CallHarness;
  #sample = 0;

  constructor(harness: CallHarness) {
    this.harness = harness;
  }

  static async open(): Promise<StreamCall> {
    const backend = new ScriptedBackend({ capabilities: frameCapabilities });
    return new StreamCall(await CallHarness.open({ backends: [backend] }));
  }

  /** The model gives these bytes in frames of 80 ms at real-time pace, while it hears as much. */
  async both(said: Uint8Array, heard: Uint8Array): Promise<void> {
    for (let from = 0; from < said.byteLength; from += 3840) {
      this.emit(said.slice(from, from + 3840));
      await this.harness.hear(heard.slice(from, from + 3840));
    }
  }

  async say(bytes: Uint8Array): Promise<void> {
    await this.both(bytes, silence((bytes.byteLength / 48) | 0));
  }

  emit(bytes: Uint8Array, mark: StreamFrame['mark'] = null, words: string | null = null): void {
    const frame = {
      startSample: this.#sample,
      bytes,
      heardInputSample: 0,
      text: words,
      mark,
    };
    this.#sample += bytes.byteLength / 2;
    this.harness.session.emit({ type: 'stream.frame', frame });
  }
}

describe('a backend without turns', () => {
  it('opens a line with audible audio and completes it with 800 ms of silence', async () => {
    const stream = await StreamCall.open();
    const { harness } = stream;
    await stream.say(silence(400));
    expect(harness.entries('line.opened')).toEqual([]);
    await stream.say(answer(400));
    expect(harness.last('line.opened').line).toMatchObject({ cause: 'stream', epoch: 0 });
    await stream.say(silence(720));
    expect(harness.entries('line.closed')).toEqual([]);
    await stream.say(silence(400));
    expect(harness.last('line.closed')).toMatchObject({
      end: { status: 'completed' },
      extent: { generatedMs: 1200, sentMs: 1200 },
    });
    expect(harness.view.packets()[0]?.audio.lineStartSample).toBe(0);
    await harness.end();
  });

  it('begins its next line even while the end of the last one is still paced', async () => {
    const stream = await StreamCall.open();
    const { harness } = stream;
    stream.emit(answer(80));
    stream.emit(answer(2000), 'speech_ended');
    stream.emit(answer(80), 'speech_started');
    await settle();
    expect(harness.entries('line.closed')).toMatchObject([
      { lineId: 'line_1', extent: { sentMs: 2080 } },
    ]);
    expect(harness.last('line.opened').line.lineId).toBe('line_2');
    await harness.end();
  });

  it('places its words with the audio they came with', async () => {
    const stream = await StreamCall.open();
    const { harness } = stream;
    stream.emit(answer(80), null, 'Hello ');
    stream.emit(answer(80), null, 'there.');
    await harness.pass(120);
    stream.emit(silence(80), 'speech_ended');
    await harness.pass(1000);
    expect(harness.last('line.closed').extent).toMatchObject({
      sentText: 'Hello there.',
      heardText: 'Hello',
    });
    expect(harness.call.seed().items).toMatchObject([
      { content: [{ type: 'audio', transcript: 'Hello there.', durationMs: 160 }] },
    ]);
    await harness.end();
  });

  it('that yields has its line cut by the model, and is not told anything', async () => {
    const stream = await StreamCall.open();
    const { harness } = stream;
    await stream.say(answer(800));
    await stream.both(answer(320), speech(320));
    stream.emit(silence(80), 'yielded');
    await settle();
    const from = harness.story.lastIndexOf('agent.cut');
    expect(harness.story.slice(from)).toEqual(['agent.cut', 'line.closed', 'speech.started']);
    expect(harness.last('agent.cut').by).toBe('model');
    expect(harness.last('line.closed').end).toEqual({
      status: 'cancelled',
      reason: 'turn_detected',
    });
    expect(harness.session.leftovers).toEqual([]);
    await harness.end();
  });

  it('[T12] has speech over it withheld, and shown with its true start once it has stopped', async () => {
    const stream = await StreamCall.open();
    const { harness } = stream;
    await stream.say(answer(800));
    await stream.both(answer(400), speech(400));
    expect(harness.entries('speech.started')).toEqual([]);
    await stream.both(silence(1200), speech(1200));
    const started = harness.last('speech.started');
    expect(started.audioStartMs).toBeGreaterThan(450);
    expect(started.audioStartMs).toBeLessThan(600);
    expect(started.detectedAtMs).toBeGreaterThan(1900);
    await stream.both(silence(640), silence(640));
    expect(harness.last('turn.committed')).toMatchObject({ cause: 'model' });
    expect(harness.session.leftovers).toEqual([]);
    await harness.end();
  });

  it('[T12] has speech over it that ends first dismissed, and never shown', async () => {
    const stream = await StreamCall.open();
    const { harness } = stream;
    await stream.say(answer(800));
    await stream.both(answer(320), speech(320));
    await stream.say(answer(1200));
    expect(harness.last('speech.dismissed').verdict).toBe('backchannel');
    expect(harness.entries('speech.started')).toEqual([]);
    expect(harness.entries('turn.committed')).toEqual([]);
    await harness.end();
  });

  it('is not heard any more after a cancel, until it has been silent by itself', async () => {
    const stream = await StreamCall.open();
    const { harness } = stream;
    await stream.say(answer(800));
    harness.ok({ type: 'cancel', lineId: null });
    const sentMs = harness.view.sentMs();
    await stream.say(answer(800));
    expect(harness.view.sentMs()).toBe(sentMs);
    await stream.say(silence(800));
    await stream.say(answer(160));
    expect(harness.last('line.opened').line).toMatchObject({ lineId: 'line_2', epoch: 1 });
    expect(harness.session.leftovers).toEqual([]);
    await harness.end();
  });

  it('refuses what it cannot do, and nothing has changed', async () => {
    const { harness } = await StreamCall.open();
    await harness.hear(speech(200));
    const before = harness.call.entries.length;
    const item = {
      kind: 'message',
      role: 'user',
      content: [{ type: 'text', text: 'x' }],
      itemId: null,
    } as const;
    for (const command of [
      { type: 'commit' },
      { type: 'clear' },
      ask,
      { ...ask, outOfBand: true },
      { type: 'item.create', item, after: null },
      { type: 'configure', patch: { turnDetection: null } },
      { type: 'configure', patch: { modality: 'text' } },
    ] as const) {
      expect(harness.refused(command)).toBe('unsupported_by_backend');
    }
    expect(harness.call.entries).toHaveLength(before);
    expect(harness.session.leftovers).toEqual([]);
    await harness.end();
  });

  it('cannot end or fill its line by anything but its stream', async () => {
    const stream = await StreamCall.open();
    const { harness } = stream;
    await stream.say(answer(160));
    const { lineId } = harness.last('line.opened').line;
    harness.session.emit(audio(lineId, answer(500)), text(lineId, 'x'), done(lineId));
    await stream.say(answer(160));
    expect(harness.entries('line.closed')).toEqual([]);
    expect(harness.view.sentMs(lineId)).toBe(320);
    expect(harness.entries('line.text')).toEqual([]);
    await harness.end();
  });

  it('never misses a frame of the caller', async () => {
    const stream = await StreamCall.open();
    const { harness } = stream;
    await stream.both(answer(800), speech(800));
    await stream.say(silence(800));
    const chunks = harness.session.audio;
    expect(chunks.reduce((samples, chunk) => samples + chunk.samples, 0)).toBe(1600 * 24);
    await harness.end();
  });
});
