import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { sherpaStt, sherpaSttOptions } from '../../../adapters/speech/local/sherpa-stt/index.ts';
import { pcm16k, pcmu8k } from '../../../src/audio/format.ts';
import { going, Listener, mainThread, standInFolder, surroundings, whyNoPython } from './rig.ts';

const modelFolder = standInFolder('zipformer-en');
const port = sherpaStt(sherpaSttOptions.parse({ modelFolder }), surroundings);
afterAll(() => port.close());

/** The stand-in hears tones: below 600 Hz, up to 2 kHz, above. */
const tones = { low: 300, middle: 1000, high: 3000 };
type Word = keyof typeof tones;

/** 300 ms of each tone, 200 ms of silence after it. */
function said(...words: readonly Word[]): Float32Array {
  const pcm = new Float32Array(words.length * 8000);
  for (const [index, word] of words.entries()) {
    for (let n = 0; n < 4800; n += 1) {
      pcm[index * 8000 + n] = 0.3 * Math.sin((2 * Math.PI * tones[word] * n) / 16_000);
    }
  }
  return pcm;
}

test('words come as they are said, and once more at the end with their times', async () => {
  const listener = await Listener.open(port, pcm16k);
  listener.push(new Float32Array(16_000));
  for (const word of ['high', 'middle', 'low'] as const) {
    listener.push(said(word));
    await expect.poll(() => listener.of('partial').at(-1)?.text.split(' ').at(-1)).toBe(word);
  }
  listener.session.finish(7);
  const final = await listener.final(7);
  expect(final).toMatchObject({ text: 'high middle low', complete: true });
  expect(final.words?.map(({ text }) => text)).toEqual(['high', 'middle', 'low']);
  for (const [index, word] of final.words!.entries()) {
    const startMs = 1000 + 500 * index;
    expect(Math.abs(word.startMs - startMs), word.text).toBeLessThan(80);
    expect(word.endMs).toBeGreaterThan(word.startMs);
    expect(word.confidence).toBeGreaterThan(0.5);
  }
  expect(listener.events[0]).toEqual({ type: 'speech.started' });
  const last = listener.of('partial').at(-1)!;
  expect(last.text.slice(0, last.settled)).toBe('high middle ');
  listener.session.close();
});

test('each finish has its final, in order, and stretches do not mix', async () => {
  const listener = await Listener.open(port, pcm16k);
  listener.push(said('low'));
  listener.session.finish(1);
  listener.session.finish(2);
  listener.push(said('high', 'low'));
  listener.session.finish(3);
  await listener.final(3);
  expect(listener.of('final').map(({ finishId, text }) => [finishId, text])).toEqual([
    [1, 'low'],
    [2, ''],
    [3, 'high low'],
  ]);
  // The third stretch begins after the first's 500 ms.
  expect(listener.of('final')[2]!.words![0]!.startMs).toBeGreaterThanOrEqual(500);
  listener.session.close();
});

test('what was cleared is in no final', async () => {
  const listener = await Listener.open(port, pcm16k);
  listener.push(said('low'));
  await expect.poll(() => listener.of('partial').length).toBeGreaterThan(0);
  listener.push(said('middle'));
  listener.session.clear();
  listener.push(said('high'));
  listener.session.finish(1);
  expect((await listener.final(1)).text).toBe('high');
  listener.session.close();
});

test('calls at once share runs and keep their words', async () => {
  const words = ['low', 'middle', 'high', 'low', 'high', 'middle'] as const;
  const before = port.figures()['runs']!;
  const listeners = await Promise.all(words.map(() => Listener.open(port, pcm16k)));
  for (const [index, listener] of listeners.entries())
    listener.push(said(words[index]!, 'high', 'low'));
  for (const listener of listeners) listener.session.finish(1);
  const finals = await Promise.all(listeners.map((listener) => listener.final(1)));
  const expected = words.map((word) => (word === 'high' ? 'high low' : `${word} high low`));
  expect(finals.map(({ text }) => text)).toEqual(expected);
  expect(port.figures()['runs']!).toBeGreaterThan(before);
  for (const listener of listeners) listener.session.close();
  expect(port.figures()['sessions']).toBe(0);
});

test('the main thread stays free while it listens to twenty calls without a pause', async () => {
  const listeners = await Promise.all(
    Array.from({ length: 20 }, () => Listener.open(port, pcm16k)),
  );
  const pcm = said('low', 'middle', 'high', 'low', 'high', 'middle', 'low', 'high', 'low', 'high');
  const before = port.figures();
  const main = await mainThread(async () => {
    for (let round = 0; round < 4; round += 1) {
      for (const listener of listeners) {
        listener.push(pcm.subarray(0, 16_000));
        await new Promise(setImmediate);
      }
      for (const listener of listeners) listener.session.finish(round);
      await Promise.all(listeners.map((listener) => listener.final(round)));
    }
  });
  for (const listener of listeners) listener.session.close();
  const after = port.figures();
  const audioMs = after['audioMsTotal']! - before['audioMsTotal']!;
  process.stdout.write(
    `sherpa recogniser: largest batch ${after['largestBatch']}, ` +
      `${(after['decodeMsTotal']! - before['decodeMsTotal']!).toFixed(0)} ms of decoding for ` +
      `${audioMs} ms of audio, ` +
      `${main.cpuMs.toFixed(0)} ms of the main thread, ${main.delays}\n`,
  );
  expect(after['largestBatch']).toBeGreaterThan(1);
  expect(after['droppedSamples']).toBe(0);
  // Making the test's audio is most of it.
  expect(main.cpuMs).toBeLessThan(0.02 * audioMs);
});

test('audio over the limit is dropped, the oldest first, and counted', async () => {
  const own = sherpaStt(sherpaSttOptions.parse({ modelFolder }), surroundings);
  const listener = await Listener.open(own, pcm16k);
  listener.push(said('low'));
  listener.push(new Float32Array(11 * 16_000));
  listener.push(said('high'));
  listener.session.finish(1);
  expect((await listener.final(1)).text).toBe('high');
  expect(own.figures()['droppedSamples']).toBe(2 * 16_000);
  await own.close();
  await listener.ended;
});

test('another format is refused', async () => {
  await expect(Listener.open(port, pcmu8k)).rejects.toMatchObject({
    code: 'unsupported_by_backend',
  });
});

test('without weights it says which command gets them', async () => {
  const bare = sherpaStt(sherpaSttOptions.parse({}), surroundings);
  await expect(bare.prepare(going())).rejects.toMatchObject({
    code: 'model_unavailable',
    message: expect.stringContaining('npx parley models pull zipformer-en') as string,
  });
  // A failed start is no end: it can be tried again.
  await expect(bare.prepare(going())).rejects.toMatchObject({ code: 'model_unavailable' });
  const wrong = sherpaStt(
    sherpaSttOptions.parse({ modelFolder: standInFolder('vits-ljs') }),
    surroundings,
  );
  await expect(wrong.prepare(going())).rejects.toThrow(/has no encoder/);
  await Promise.all([bare.close(), wrong.close()]);
});

test.each([
  ['zipformer-en', ['encoder.onnx', 'decoder.onnx', 'joiner.onnx', 'tokens.txt']],
  ['vits-ljs', ['stand-in.onnx', 'tokens.txt']],
])('make.py writes the stand-in of %s', (model, files) => {
  const folder = standInFolder(model);
  const reason = whyNoPython(readFileSync(join(folder, 'requirements.txt'), 'utf8').trim());
  if (reason !== null) {
    process.stderr.write(`skipped: remaking the stand-in of ${model}, because ${reason}\n`);
    return;
  }
  const made = mkdtempSync(join(tmpdir(), 'stand-in-'));
  try {
    spawnSync('python3', [join(folder, 'make.py'), made], { encoding: 'utf8' });
    for (const file of files) {
      expect(readFileSync(join(made, file)).equals(readFileSync(join(folder, file))), file).toBe(
        true,
      );
    }
  } finally {
    rmSync(made, { recursive: true });
  }
});
