import { readdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';

import { sherpaTts, sherpaTtsOptions } from '../../../adapters/speech/local/sherpa-tts/index.ts';
import { loadSherpaVoice } from '../../../adapters/speech/local/sherpa-tts/sherpa-engine.ts';
import { voiceModel } from '../../../adapters/speech/local/sherpa-tts/voice-files.ts';
import { decodePcm16 } from '../../../src/audio/pcm16.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import type { TextToSpeechPort } from '../../../src/ports/text-to-speech.ts';
import { systemClock } from '../../../src/time/clock.ts';
import {
  audioBytes,
  going,
  mainThread,
  speakOnce,
  spoken,
  standInFolder,
  surroundings,
} from './rig.ts';

const modelFolder = standInFolder('vits-ljs');
const port = make();
afterAll(() => port.close());

function make(options: object = {}): TextToSpeechPort {
  return sherpaTts(sherpaTtsOptions.parse({ modelFolder, threads: 1, ...options }), surroundings);
}

/** Frequency of the strongest of the letters' tones in a piece of audio, as that letter. */
function letterOf(pcm: Float32Array, rateHz: number): string {
  const powers = Array.from({ length: 26 }, (_, letter) => {
    const step = (2 * Math.PI * (200 + 60 * letter)) / rateHz;
    let re = 0;
    let im = 0;
    for (const [n, value] of pcm.entries()) {
      re += value * Math.cos(step * n);
      im += value * Math.sin(step * n);
    }
    return re * re + im * im;
  });
  return String.fromCharCode(97 + powers.indexOf(Math.max(...powers)));
}

function letters(bytes: Uint8Array, rateHz: number): string {
  const pcm = decodePcm16(bytes);
  const each = 0.08 * rateHz;
  const out: string[] = [];
  for (let from = 0; from + each <= pcm.length; from += each) {
    const letter = pcm.subarray(from, from + each);
    out.push(letter.some((value) => Math.abs(value) > 0.1) ? letterOf(letter, rateHz) : ' ');
  }
  return out.join('').trim();
}

test('it speaks the text, at the rate of the model', async () => {
  const events = await speakOnce(port, ['parley', 'speaks']);
  const pieces = [1, 2].map((pieceId) =>
    events.filter((event) => event.type === 'audio' && event.pieceId === pieceId),
  );
  expect(pieces.map((piece) => letters(audioBytes(piece), 16_000))).toEqual(['parley', 'speaks']);
  expect(events.at(-1)).toEqual({ type: 'done' });
  expect(port.capabilities.outputFormats[0]).toEqual({ codec: 'pcm16', rateHz: 16_000 });
  expect(port.capabilities.voices).toEqual(['0']);
});

test('and at another rate', async () => {
  expect(letters(audioBytes(await speakOnce(port, ['tea'], { rateHz: 24_000 })), 24_000)).toBe(
    'tea',
  );
});

test('sentences of a piece come one by one', async () => {
  const events = await speakOnce(port, ['one thing. another thing. the last thing.']);
  expect(events.filter(({ type }) => type === 'audio').length).toBeGreaterThanOrEqual(3);
});

test('a stop is heeded between sentences', async () => {
  const model = voiceModel({ folder: modelFolder, names: readdirSync(modelFolder) });
  const engine = await loadSherpaVoice({ model, threads: 1, speaker: 0, pace: 1 });
  const text = Array.from({ length: 400 }, () => 'abcdefghijklmnopqrstuvwxyz.').join(' ');
  let taken = 0;
  await engine.speak(text, null, () => {
    taken += 1;
    return taken < 3;
  });
  // The engine goes on while it is asked: some sentences may still come.
  process.stdout.write(`sherpa voice: ${taken} of 400 sentences after a stop at the third\n`);
  expect(taken).toBeLessThan(200);
});

test('nothing of a cancelled utterance is heard in the next one', async () => {
  const session = await port.open({ callId: 'c', clock: systemClock, log: silentLogger }, going());
  const speaking = {
    voice: null,
    language: null,
    format: { codec: 'pcm16', rateHz: 16_000 },
  } as const;
  const long = session.speak(speaking);
  const text = Array.from({ length: 60 }, () => 'abcdefghijklmnopqrstuvwxyz.').join(' ');
  long.say({ pieceId: 1, text, styles: [], flush: true });
  for await (const event of long.events) {
    expect(event.type).toBe('audio');
    break;
  }
  long.cancel();
  const next = session.speak(speaking);
  next.say({ pieceId: 1, text: 'sure', styles: [], flush: true });
  next.end();
  expect(letters(audioBytes(await spoken(next)), 16_000)).toBe('sure');
  session.close();
});

test('the main thread stays free while it speaks', async () => {
  const before = port.figures()['audioMsTotal']!;
  const main = await mainThread(async () => {
    const texts = Array.from({ length: 20 }, () => 'the quick brown fox jumps. over the lazy dog.');
    await Promise.all([1, 2, 3].map(() => speakOnce(port, texts)));
  });
  const audioMs = port.figures()['audioMsTotal']! - before;
  process.stdout.write(
    `sherpa voice: ${main.cpuMs.toFixed(0)} ms of the main thread for ${audioMs} ms of audio, ${main.delays}\n`,
  );
  expect(main.cpuMs).toBeLessThan(0.01 * audioMs);
});

test('without weights it says which command gets them', async () => {
  const bare = sherpaTts(sherpaTtsOptions.parse({}), surroundings);
  await expect(bare.prepare(going())).rejects.toMatchObject({
    code: 'model_unavailable',
    message: expect.stringContaining('npx parley models pull vits-ljs') as string,
  });
  await bare.close();
});

test('a folder without a model, and a speaker that it lacks, are named', async () => {
  const empty = make({ modelFolder: '/nowhere' });
  await expect(empty.prepare(going())).rejects.toThrow('there is no model folder /nowhere');
  const other = make({ speaker: 7 });
  await expect(other.prepare(going())).rejects.toThrow('the model has 1 speakers, there is no 7');
  await Promise.all([empty.close(), other.close()]);
});
