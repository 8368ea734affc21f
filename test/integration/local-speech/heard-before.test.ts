import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { fliteTts, fliteTtsOptions } from '../../../adapters/speech/local/flite/index.ts';
import {
  heardBeforeStt,
  heardBeforeSttOptions,
} from '../../../adapters/speech/local/heard-before/index.ts';
import { pcm16k, pcm24k, pcmu8k, type AudioFormat } from '../../../src/audio/format.ts';
import { decodePcm16 } from '../../../src/audio/pcm16.ts';
import { createResampler, prepareResampler } from '../../../src/audio/resampler.ts';
import { readWav } from '../../../src/audio/wav.ts';
import type { SpeechToTextPort } from '../../../src/ports/speech-to-text.ts';
import { audioBytes, going, Listener, noise, pause, speakOnce, surroundings } from './rig.ts';

const folder = fileURLToPath(new URL('../../fixtures/speech/', import.meta.url));
const clips = JSON.parse(readFileSync(join(folder, 'speech.json'), 'utf8')) as {
  readonly name: string;
  readonly text: string;
}[];
const recordings = clips.map(({ name, text }) => ({ file: join(folder, `${name}.wav`), text }));

let port: SpeechToTextPort;
beforeAll(async () => {
  await prepareResampler();
  port = heardBeforeStt(heardBeforeSttOptions.parse({ recordings }), surroundings);
  await port.prepare(going());
});
afterAll(() => port.close());

const clip = (name: string): Float32Array =>
  readWav(readFileSync(join(folder, `${name}.wav`))).channels[0]!;
const textOf = (name: string): string => clips.find((one) => one.name === name)!.text;

function mixed(pcm: Float32Array, levelDb: number, seed: number): Float32Array {
  const rms = Math.sqrt(pcm.reduce((sum, value) => sum + value * value, 0) / pcm.length);
  const gain = rms * 10 ** (levelDb / 20) * Math.sqrt(3);
  const hiss = noise(pcm.length, seed);
  return pcm.map((value, index) => value + gain * hiss[index]!);
}

function padded(pcm: Float32Array, before: number, after: number): Float32Array {
  const out = noise(before + pcm.length + after, 3).map((value) => value * 2e-4);
  for (const [index, value] of pcm.entries()) out[before + index]! += value;
  return out;
}

function resampled(pcm: Float32Array, fromHz: number, toHz: number): Float32Array {
  const resampler = createResampler({ fromHz, toHz });
  const out = Float32Array.from([...resampler.process(pcm), ...resampler.flush()]);
  resampler.close();
  return out;
}

async function recognised(pcm: Float32Array, format: AudioFormat, by = port): Promise<string> {
  const listener = await Listener.open(by, format);
  listener.push(pcm);
  listener.session.finish(1);
  const { text } = await listener.final(1);
  listener.session.close();
  await listener.ended;
  return text;
}

describe.each(clips)('$name', ({ name, text }) => {
  test('later', async () => {
    expect(await recognised(padded(clip(name), 40_007, 12_000), pcm24k)).toBe(text);
  });

  test('20 dB quieter', async () => {
    const quiet = clip(name).map((value) => value * 0.1);
    expect(await recognised(padded(quiet, 5000, 12_000), pcm24k)).toBe(text);
  });

  test('over a telephone', async () => {
    const line = resampled(padded(clip(name), 7777, 12_000), 24_000, 8000);
    expect(await recognised(line, pcmu8k)).toBe(text);
  });

  test('in noise of 15 dB SNR, at 16 kHz and over a telephone', async () => {
    const noisy = mixed(padded(clip(name), 4001, 12_000), -15, name.length);
    expect(await recognised(resampled(noisy, 24_000, 16_000), pcm16k)).toBe(text);
    expect(await recognised(resampled(noisy, 24_000, 8000), pcmu8k)).toBe(text);
  });
});

test('words come one by one, about when they are said', async () => {
  const listener = await Listener.open(port, pcm24k);
  const pcm = padded(clip('table'), 0, 12_000);
  const seen: [number, string][] = [];
  for (let from = 0; from < pcm.length; from += 480) {
    listener.push(pcm.subarray(from, from + 480));
    await pause(0);
    const text = listener.of('partial').at(-1)?.text ?? '';
    if (text !== (seen.at(-1)?.[1] ?? '')) seen.push([from / 24, text]);
  }
  expect(listener.events[0]).toEqual({ type: 'speech.started' });
  expect(seen.length).toBeGreaterThanOrEqual(10);
  for (const [index, [, text]] of seen.entries()) {
    expect(text.startsWith(seen[index - 1]?.[1] ?? '')).toBe(true);
  }
  listener.session.finish(1);
  const final = await listener.final(1);
  const endOf = new Map(final.words!.map(({ text, endMs }) => [text, endMs]));
  for (const [atMs, text] of seen.slice(2)) {
    expect(atMs - endOf.get(text.split(' ').at(-1)!)!).toBeLessThan(200);
  }
  listener.session.close();
});

test('what is cut off in the middle has the words that were said', async () => {
  const whole = clip('museum');
  const text = await recognised(padded(whole.slice(0, whole.length / 2), 3000, 24_000), pcm24k);
  const words = textOf('museum').split(' ');
  const count = text.split(' ').length;
  expect(text).toBe(words.slice(0, count).join(' '));
  expect(count).toBeGreaterThan(3);
  expect(count).toBeLessThan(words.length - 2);
});

test('what begins in the middle has the words that are left', async () => {
  const whole = clip('museum');
  const text = await recognised(padded(whole.slice(whole.length / 2), 3000, 12_000), pcm24k);
  const words = textOf('museum').split(' ');
  const count = text.split(' ').length;
  expect(text).toBe(words.slice(-count).join(' '));
  expect(count).toBeGreaterThan(2);
});

test('one after the other, in one stretch and in two', async () => {
  const listener = await Listener.open(port, pcm24k);
  listener.push(padded(clip('cake'), 2000, 12_000));
  listener.push(padded(clip('thanks'), 2000, 12_000));
  listener.session.finish(1);
  listener.push(padded(clip('thanks'), 2000, 12_000));
  listener.session.finish(2);
  listener.push(new Float32Array(24_000));
  listener.session.finish(3);
  await listener.final(3);
  expect(listener.of('final').map(({ text }) => text)).toEqual([
    `${textOf('cake')} ${textOf('thanks')}`,
    textOf('thanks'),
    '',
  ]);
  listener.session.close();
});

test('a finish in the middle: each word is in one of the two texts', async () => {
  for (const part of [0.3, 0.45, 0.6, 0.75]) {
    const listener = await Listener.open(port, pcm24k);
    const pcm = padded(clip('train'), 2400, 12_000);
    const cut = Math.round((pcm.length * part) / 480) * 480;
    listener.push(pcm.subarray(0, cut));
    listener.session.finish(1);
    listener.push(pcm.subarray(cut));
    listener.session.finish(2);
    await listener.final(2);
    expect(
      listener
        .of('final')
        .map(({ text }) => text)
        .join(' ')
        .trim(),
      `${part}`,
    ).toBe(textOf('train'));
    listener.session.close();
  }
});

test('what was cleared is in no final', async () => {
  const listener = await Listener.open(port, pcm24k);
  listener.push(padded(clip('cake'), 2000, 12_000));
  listener.session.clear();
  listener.push(padded(clip('wait'), 2000, 12_000));
  listener.session.finish(1);
  expect((await listener.final(1)).text).toBe(textOf('wait'));
  listener.session.close();
});

test('other speech of the same voices, noise and silence are nothing', async () => {
  const voice = fliteTts(fliteTtsOptions.parse({}), surroundings);
  const sentences = [
    'Have you ever been to Lisbon in the spring?',
    'The blue car stands behind our house.',
  ];
  for (const name of ['slt', 'rms', 'awb']) {
    for (const sentence of sentences) {
      const pcm = decodePcm16(audioBytes(await speakOnce(voice, [sentence], { voice: name })));
      expect(await recognised(padded(pcm, 1600, 8000), pcm16k), `${name}: ${sentence}`).toBe('');
    }
  }
  await voice.close();
  expect(
    await recognised(
      noise(48_000, 5).map((value) => 0.1 * value),
      pcm16k,
    ),
  ).toBe('');
  expect(await recognised(new Float32Array(48_000), pcm16k)).toBe('');
});

test('its share of the main thread is small', () => {
  const figures = port.figures();
  const eachMs = figures['pushMsTotal']! / figures['pushes']!;
  process.stdout.write(`heard-before: ${eachMs.toFixed(3)} ms for 20 ms of audio, 25 s known\n`);
  expect(eachMs).toBeLessThan(2);
  expect(figures['sessions']).toBe(0);
});

test('a recording that cannot be read is named', async () => {
  const lost = heardBeforeStt(
    { recordings: [{ file: '/nowhere/a.wav', text: 'a' }] },
    surroundings,
  );
  await expect(lost.prepare(going())).rejects.toMatchObject({
    code: 'model_unavailable',
    message: 'the recording /nowhere/a.wav cannot be read',
  });
});

describe('real recordings', () => {
  const data = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));
  const sox = spawnSync('sox', ['--version']).status === 0;
  const reason = !existsSync(data) ? '../shared/data is not there' : sox ? null : 'there is no sox';
  if (reason !== null) process.stderr.write(`skipped: real recordings, because ${reason}\n`);

  test.skipIf(reason !== null)(
    'real orders are known again, other ones are not',
    async () => {
      const made = mkdtempSync(join(tmpdir(), 'heard-before-'));
      try {
        const lines = readFileSync(join(data, 'barista/train.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .slice(0, 16);
        const files = lines.map((line, index) => {
          const { audio } = JSON.parse(line) as { readonly audio: string };
          const file = join(made, `${index}.wav`);
          const args = [join(data, 'barista', audio), '-b', '16', file];
          expect(spawnSync('sox', args).status).toBe(0);
          return file;
        });
        const known = files
          .slice(0, 8)
          .map((file, index) => ({ file, text: `order number ${index}` }));
        const stt = heardBeforeStt({ recordings: known }, surroundings);
        const pcmOf = (file: string): Float32Array => readWav(readFileSync(file)).channels[0]!;
        for (const { file, text } of known) {
          const noisy = mixed(padded(pcmOf(file), 1111, 8000), -15, 9);
          expect(await recognised(resampled(noisy, 16_000, 8000), pcmu8k, stt), file).toBe(text);
        }
        const others = await Promise.all(
          files.slice(8).map((file) => recognised(pcmOf(file), pcm16k, stt)),
        );
        expect(others.filter((text) => text !== '')).toEqual([]);
        const speech = readWav(readFileSync(join(data, 'speech/silero-test.wav'))).channels[0]!;
        expect(await recognised(speech, pcm16k, stt)).toBe('');
        await stt.close();
      } finally {
        rmSync(made, { recursive: true });
      }
    },
    120_000,
  );
});
