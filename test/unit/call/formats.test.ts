import { beforeAll, describe, expect, it } from 'vitest';
import {
  CallHarness,
  ask,
  audio,
  done,
  settle,
  silence,
  speech,
} from '../../support/call-harness.ts';
import { chunked, squareOf, toneOf } from '../../support/format-sounds.ts';
import { decodeSamples } from '../../../src/audio/samples.ts';
import { pcm24k, pcma8k, pcmu8k, type AudioFormat } from '../../../src/audio/format.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import {
  frameCapabilities,
  ScriptedBackend,
  turnCapabilities,
} from '../../support/scripted-backend.ts';
import type { BackendCapabilities } from '../../../src/ports/backend.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';

beforeAll(prepareResampler);

const spoken = [pcm24k, pcmu8k, pcma8k];
/** A backend that speaks whatever its client speaks. */
const polyglot = { ...turnCapabilities, inputFormats: spoken, outputFormats: spoken };

function wish(patch: Partial<CallSettings>) {
  return { type: 'configure', patch } as const;
}

/** A call whose formats were changed before anything else. */
async function formatted(
  patch: Partial<CallSettings>,
  capabilities: BackendCapabilities = turnCapabilities,
): Promise<CallHarness> {
  const harness = new CallHarness({ backends: [new ScriptedBackend({ capabilities })] });
  harness.ok(wish(patch));
  await settle();
  harness.session.takeAll();
  return harness;
}

/** The microphone gives this at real-time pace. */
async function hear(harness: CallHarness, bytes: Uint8Array, format: AudioFormat): Promise<void> {
  for (const chunk of chunked(bytes, 20, format)) {
    await harness.pass(20);
    const result = harness.call.pushAudio(chunk);
    if (!result.ok) throw result.error;
  }
  await settle();
}

/** Audio of a backend's session so far, as one. */
function heardBytes(harness: CallHarness): Uint8Array {
  return Buffer.concat(harness.session.audio.map(({ bytes }) => bytes));
}

describe('a format that both edges speak', () => {
  it('brings the very same bytes to the backend', async () => {
    const harness = await formatted({ inputFormat: pcmu8k }, polyglot);
    const chunk = toneOf(pcmu8k, 20);
    expect(harness.call.pushAudio(chunk).ok).toBe(true);
    expect(harness.session.audio[0]?.bytes).toBe(chunk);
    expect(harness.session.audio[0]).toMatchObject({ ...pcmu8k, startSample: 0, samples: 160 });
    await harness.end();
  });

  it('brings the very same bytes to the client', async () => {
    const harness = await formatted({ outputFormat: pcma8k }, polyglot);
    harness.ok(ask);
    const bytes = toneOf(pcma8k, 20);
    harness.session.emit(audio('line_1', bytes));
    await settle();
    const [packet] = harness.view.packets('line_1');
    expect(packet?.audio.bytes.buffer).toBe(bytes.buffer);
    expect(packet?.audio.bytes).toEqual(bytes);
    await harness.end();
  });

  it('is what the session is opened with, each way for itself', async () => {
    const backend = new ScriptedBackend({ capabilities: polyglot });
    const harness = await CallHarness.open({ backends: [backend] });
    expect(backend.contexts).toMatchObject([{ inputFormat: pcm24k, outputFormat: pcm24k }]);
    const first = harness.session;
    harness.ok(wish({ inputFormat: pcmu8k, outputFormat: pcma8k }));
    await settle();
    expect(backend.contexts).toHaveLength(2);
    expect(backend.contexts[1]).toMatchObject({ inputFormat: pcmu8k, outputFormat: pcma8k });
    expect(first.closed).toBe(true);
    expect(harness.session).not.toBe(first);
    expect(harness.call.settings).toMatchObject({ inputFormat: pcmu8k, outputFormat: pcma8k });
    expect(harness.view.closes).toEqual([]);
    harness.ok(ask);
    expect(harness.session.takeAll().map(({ type }) => type)).toEqual(['configure', 'respond']);
    await harness.end();
  });

  it('is converted for a session that is already in use', async () => {
    const backend = new ScriptedBackend({ capabilities: polyglot });
    const harness = await CallHarness.open({ backends: [backend] });
    const item = { role: 'user', itemId: null, content: [{ type: 'text', text: 'Hi' }] } as const;
    harness.ok({ type: 'item.create', item: { kind: 'message', ...item }, after: null });
    harness.ok(wish({ inputFormat: pcmu8k }));
    await hear(harness, squareOf(pcmu8k, 200), pcmu8k);
    expect(backend.contexts).toHaveLength(1);
    expect(harness.session.audio[0]).toMatchObject(pcm24k);
    expect(harness.session.leftovers.map(({ type }) => type)).toContain('item.add');
    await harness.end();
  });

  it('opens no backend again that does not speak it', async () => {
    const backend = new ScriptedBackend();
    const harness = await CallHarness.open({ backends: [backend] });
    harness.ok(wish({ inputFormat: pcmu8k, outputFormat: pcma8k }));
    await settle();
    expect(backend.contexts).toHaveLength(1);
    expect(harness.entries('backend.opening')).toHaveLength(1);
    await harness.end();
  });
});

describe('a format that only the client speaks', () => {
  it.each([pcmu8k, pcma8k])('reaches the backend in its own: %j', async (format) => {
    const harness = await formatted({ inputFormat: format });
    await hear(harness, toneOf(format, 1000), format);
    const { audio: chunks } = harness.session;
    expect(chunks[0]).toMatchObject({ ...pcm24k, startSample: 0 });
    const samples = decodeSamples(heardBytes(harness), 'pcm16');
    expect(samples.length / 24).toBeGreaterThan(985);
    expect(samples.length / 24).toBeLessThanOrEqual(1000);
    const expected = decodeSamples(toneOf(pcm24k, 1000), 'pcm16');
    const off = samples.subarray(2400).map((sample, i) => sample - expected[2400 + i]!);
    // The tone peaks at 0.3; A-law is off by 1/64 of that at most, here and there.
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(0.012);
    await harness.end();
  });

  it.each([pcmu8k, pcma8k])('reaches the client whole, to the last sample: %j', async (format) => {
    const harness = await formatted({ outputFormat: format });
    harness.ok(ask);
    const { session } = harness;
    for (const chunk of chunked(toneOf(pcm24k, 1000), 47, pcm24k)) {
      session.emit(audio('line_1', chunk));
    }
    session.emit(done('line_1'));
    await harness.pass(2000);
    const bytes = harness.view.bytes('line_1');
    expect(bytes).toHaveLength(8000);
    expect(harness.last('line.closed').extent).toMatchObject({
      generatedMs: 1000,
      sentMs: 1000,
    });
    const samples = decodeSamples(bytes, format.codec);
    const expected = decodeSamples(toneOf(format, 1000), format.codec);
    const off = samples.subarray(80, -80).map((sample, i) => sample - expected[80 + i]!);
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(0.025);
    await harness.end();
  });

  it('is what a line out of band comes in, counted in its own samples', async () => {
    const harness = await formatted({ outputFormat: pcmu8k });
    harness.ok({ ...ask, outOfBand: true });
    harness.session.emit(audio('line_1', toneOf(pcm24k, 500)), done('line_1'));
    await settle();
    expect(harness.view.bytes('line_1')).toHaveLength(4000);
    expect(harness.last('line.closed').extent).toMatchObject({ generatedMs: 500, sentMs: 500 });
    await harness.end();
  });

  it('is paced and counted as heard in real time', async () => {
    const harness = await formatted({ outputFormat: pcmu8k });
    harness.ok(ask);
    harness.session.emit(audio('line_1', squareOf(pcm24k, 1000)));
    await settle();
    // The agent's lead of 200 ms and not a sample more.
    expect(harness.view.bytes('line_1')).toHaveLength(1600);
    await harness.pass(500);
    expect(harness.view.bytes('line_1').byteLength / 8).toBeGreaterThan(680);
    expect(harness.view.bytes('line_1').byteLength / 8).toBeLessThanOrEqual(700);
    harness.ok({ type: 'output.clear' });
    // 500 ms less the 60 ms that a player is assumed to hold.
    expect(harness.last('line.closed').extent.heardMs).toBeCloseTo(440, 0);
    const { itemId } = harness.last('line.opened').line;
    expect(harness.call.retrieve(itemId)?.audio).toHaveLength(3520);
    expect(harness.entries('line.first_audio')).toHaveLength(1);
    await harness.end();
  });
});

describe('speech', () => {
  it.each([pcmu8k, pcma8k])('is detected, committed and kept in %j', async (format) => {
    const harness = await formatted({ inputFormat: format });
    const quiet = encodedSilence(format, 400);
    await hear(harness, quiet, format);
    await hear(harness, squareOf(format, 800), format);
    await hear(harness, encodedSilence(format, 800), format);
    const committed = harness.last('turn.committed');
    // Speech from 400 to 1200 ms, 300 ms before it, 500 ms of silence after it.
    expect(committed.fromSample / 8).toBeGreaterThan(60);
    expect(committed.fromSample / 8).toBeLessThan(140);
    expect(committed.toSample / 8).toBeGreaterThan(1650);
    expect(committed.toSample / 8).toBeLessThan(1800);
    const kept = harness.call.retrieve(committed.itemId)?.audio;
    expect(kept).toHaveLength(committed.toSample - committed.fromSample);
    const backendCommit = harness.session.takeAll().find(({ type }) => type === 'commit');
    expect(backendCommit).toMatchObject({
      fromSample: committed.fromSample * 3,
      toSample: committed.toSample * 3,
    });
    await harness.end();
  });

  it('that nobody answered goes into the seed as PCM16 at the rate of the client', async () => {
    const harness = await formatted({ inputFormat: pcma8k });
    await hear(harness, squareOf(pcma8k, 600), pcma8k);
    const { unanswered } = harness.call.seed();
    const bytes = Buffer.from(unanswered?.pcm16 ?? '', 'base64');
    expect(unanswered?.rateHz).toBe(8000);
    expect(bytes.byteLength / 2 + (unanswered?.startSample ?? 0)).toBe(4800);
    const loudest = Math.max(...decodeSamples(bytes, 'pcm16').map(Math.abs));
    expect(loudest).toBeGreaterThan(0.17);
    expect(loudest).toBeLessThan(0.19);
    await harness.end();
  });

  it('of a backend without turns is found in its own format', async () => {
    const capabilities = { ...frameCapabilities, inputFormats: [pcmu8k], outputFormats: [pcmu8k] };
    const backend = new ScriptedBackend({ capabilities });
    const harness = await CallHarness.open({ backends: [backend] });
    const frame = (startSample: number, bytes: Uint8Array) =>
      ({
        type: 'stream.frame',
        frame: { startSample, bytes, heardInputSample: 0, text: null, mark: null },
      }) as const;
    harness.session.emit(frame(0, encodedSilence(pcmu8k, 80)));
    await settle();
    expect(harness.entries('line.opened')).toEqual([]);
    harness.session.emit(frame(640, squareOf(pcmu8k, 80)));
    await settle();
    expect(harness.entries('line.opened')).toHaveLength(1);
    expect(harness.view.packets()[0]?.audio.bytes.byteLength).toBeGreaterThan(70 * 48);
    await harness.end();
  });
});

describe('a change of format', () => {
  const refused = (harness: CallHarness, patch: Partial<CallSettings>): string => {
    const result = harness.call.execute(wish(patch));
    return result.ok ? 'taken' : `${result.error.code} ${result.error.param ?? ''}`;
  };

  it('of the input is refused once audio was appended', async () => {
    const harness = await CallHarness.open();
    await harness.hear(speech(20));
    expect(refused(harness, { inputFormat: pcmu8k })).toBe('invalid_value inputFormat');
    expect(refused(harness, { inputFormat: pcm24k })).toBe('taken');
    expect(refused(harness, { outputFormat: pcmu8k })).toBe('taken');
    expect(harness.call.settings).toMatchObject({ inputFormat: pcm24k, outputFormat: pcmu8k });
    await harness.end();
  });

  it('of the output is refused once an answer is under way, and ever after', async () => {
    const harness = await CallHarness.open();
    harness.ok(ask);
    expect(refused(harness, { outputFormat: pcma8k })).toBe('invalid_value outputFormat');
    harness.session.emit(audio('line_1', speech(40)), done('line_1'));
    await harness.pass(1000);
    expect(harness.entries('line.closed')).toHaveLength(1);
    expect(refused(harness, { outputFormat: pcma8k })).toBe('invalid_value outputFormat');
    expect(refused(harness, { outputFormat: pcm24k })).toBe('taken');
    await harness.end();
  });

  it('of the output is taken after an answer without any sound', async () => {
    const harness = await CallHarness.open();
    harness.ok({ ...ask, overrides: { modality: 'text' } });
    harness.session.emit(done('line_1'));
    await settle();
    harness.ok(ask);
    harness.session.emit(done('line_2'));
    await settle();
    expect(refused(harness, { outputFormat: pcmu8k })).toBe('taken');
    harness.ok(ask);
    harness.session.emit(audio('line_3', squareOf(pcm24k, 100)), done('line_3'));
    await harness.pass(1000);
    expect(harness.view.bytes('line_3')).toHaveLength(800);
    await harness.end();
  });

  it('goes back and forth as long as nothing was said', async () => {
    const harness = await formatted({ inputFormat: pcmu8k, outputFormat: pcmu8k }, polyglot);
    harness.ok(wish({ inputFormat: pcma8k }));
    harness.ok(wish({ inputFormat: pcm24k, outputFormat: pcm24k }));
    await settle();
    await harness.hear(silence(100));
    expect(harness.session.audio[0]).toMatchObject(pcm24k);
    harness.ok(ask);
    harness.session.emit(audio('line_1', speech(100)), done('line_1'));
    await harness.pass(1000);
    expect(harness.view.bytes('line_1')).toEqual(Buffer.from(speech(100)));
    await harness.end();
  });

  it('leaves the detector that listens already listening, in the new format', async () => {
    const harness = await CallHarness.open();
    harness.ok(wish({ inputFormat: pcmu8k }));
    // Any number of bytes is whole samples.
    expect(harness.call.pushAudio(squareOf(pcmu8k, 20).slice(0, 159)).ok).toBe(true);
    await hear(harness, squareOf(pcmu8k, 300), pcmu8k);
    expect(harness.last('speech.started').audioStartMs).toBe(0);
    expect(harness.detector?.figures()['streams']).toBe(1);
    await harness.end();
    expect(harness.detector?.figures()['streams']).toBe(0);
  });

  it('survives the loss of the first backend', async () => {
    const first = new ScriptedBackend({ name: 'first', opening: 'held', capabilities: polyglot });
    const second = new ScriptedBackend({ name: 'second' });
    const harness = new CallHarness({ backends: [first, second] });
    harness.ok(wish({ inputFormat: pcmu8k, outputFormat: pcma8k }));
    await settle();
    expect(first.contexts.at(-1)).toMatchObject({ inputFormat: pcmu8k, outputFormat: pcma8k });
    await hear(harness, squareOf(pcmu8k, 200), pcmu8k);
    await harness.pass(10_000);
    expect(harness.call.backend).toBe('second');
    expect(harness.call.settings).toMatchObject({ inputFormat: pcmu8k, outputFormat: pcma8k });
    expect(second.contexts).toMatchObject([{ inputFormat: pcm24k, outputFormat: pcm24k }]);
    expect(second.session.audio[0]).toMatchObject({ ...pcm24k, startSample: 0 });
    await harness.end();
  });
});

function encodedSilence(format: AudioFormat, ms: number): Uint8Array {
  return squareOf(format, ms, 0);
}
