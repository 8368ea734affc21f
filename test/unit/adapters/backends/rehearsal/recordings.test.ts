import { describe, expect, it } from 'vitest';
import { writeWav } from '../../../../../src/audio/wav.ts';
import { ManualClock } from '../../../../../src/time/manual-clock.ts';
import {
  rehearsalBackend,
  rehearsalOptionsSchema,
} from '../../../../../adapters/backends/rehearsal/index.ts';
import { contextFor } from '../../../../contract/backend-context.ts';
import { SessionProbe } from '../../../../contract/session-probe.ts';

function tone(rateHz: number, lengthMs: number): Float32Array {
  return Float32Array.from({ length: (rateHz * lengthMs) / 1000 }, (_, i) =>
    Math.fround(0.3 * Math.sin((2 * Math.PI * 440 * i) / rateHz)),
  );
}

/** A backend whose files are these. */
function setUp(files: Readonly<Record<string, Uint8Array | string>>, script = '/s/script.yaml') {
  const asked: string[] = [];
  const backend = rehearsalBackend('stage', rehearsalOptionsSchema.parse({ script }), {
    readFile: (path) => {
      asked.push(path);
      const file = files[path];
      if (file === undefined) return Promise.reject(new Error('no such file'));
      return Promise.resolve(typeof file === 'string' ? new TextEncoder().encode(file) : file);
    },
  });
  return { asked, backend };
}

const signal = new AbortController().signal;

describe('recordings', () => {
  it('lie beside the script, are read once, and are played at 24 kHz in mono', async () => {
    const left = tone(16_000, 1000);
    const { asked, backend } = setUp({
      '/s/script.yaml': 'turns: [{ audio: a/one.wav, text: One longword }]',
      '/s/a/one.wav': writeWav({ rateHz: 16_000, channels: [left, left.map((x) => -x / 2)] }),
    });
    await backend.prepare(signal);
    await backend.prepare(signal);
    expect(asked).toEqual(['/s/script.yaml', '/s/a/one.wav']);

    const clock = new ManualClock();
    const context = contextFor(backend, clock);
    const session = await backend.open(context, signal);
    const probe = new SessionProbe(session, context, async (ms) => {
      clock.advance(ms);
      for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
    }).read();
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    const audio = probe.audio('line_1');
    expect(audio.byteLength / 48).toBe(1000);
    // A quarter of the left channel's 0.3 remains: 440 Hz, in the middle of the recording.
    const middle = Array.from({ length: 2400 }, (_, i) => audio.readInt16LE(24_000 + 2 * i));
    const rms = Math.sqrt(middle.reduce((sum, x) => sum + x * x, 0) / middle.length) / 32_768;
    expect(rms).toBeCloseTo(0.3 / 4 / Math.SQRT2, 2);
    const words = probe
      .line('line_1')
      .flatMap((event) => (event.type === 'line.text' ? (event.words ?? []) : []));
    expect(words).toHaveLength(2);
    expect(words[0]?.endMs).toBeCloseTo((1000 * 3) / 11, 6);
    expect(words[1]?.endMs).toBeCloseTo(1000, 6);
  });

  it('that are missing or broken make the backend unavailable, by name, until they are there', async () => {
    const files: Record<string, Uint8Array | string> = {
      '/s/script.yaml': 'turns: [{ audio: one.wav, text: One }]',
      '/s/one.wav': 'not a WAV file',
    };
    const { backend } = setUp(files);
    await expect(backend.prepare(signal)).rejects.toMatchObject({
      code: 'model_unavailable',
      message: expect.stringContaining('one.wav') as unknown,
    });
    files['/s/one.wav'] = writeWav({ rateHz: 24_000, channels: [tone(24_000, 100)] });
    await backend.prepare(signal);
  });

  it('are not asked for when the script is wrong, and what is wrong is named', async () => {
    const { asked, backend } = setUp({ '/s/script.yaml': 'turns: [{ audio: one.wav }]' });
    await expect(backend.prepare(signal)).rejects.toMatchObject({
      code: 'model_unavailable',
      message: expect.stringContaining('turns.0.text') as unknown,
    });
    expect(asked).toEqual(['/s/script.yaml']);
  });
});
