import { afterAll, beforeAll, expect, test } from 'vitest';

import { fliteTts, fliteTtsOptions } from '../../../adapters/speech/local/flite/index.ts';
import { decodePcm16 } from '../../../src/audio/pcm16.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import type { TextToSpeechPort } from '../../../src/ports/text-to-speech.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { audioBytes, going, mainThread, speakOnce, spoken, surroundings } from './rig.ts';

let port: TextToSpeechPort;
beforeAll(async () => {
  port = fliteTts(fliteTtsOptions.parse({}), surroundings);
  await port.prepare(going());
});
afterAll(() => port.close());

const sentence = 'A table for two at seven, please.';
const rms = (pcm: Float32Array): number =>
  Math.sqrt(pcm.reduce((sum, value) => sum + value * value, 0) / pcm.length);

test.each(['slt', 'rms', 'awb', 'kal16', 'kal'])('%s speaks', async (voice) => {
  const events = await speakOnce(port, [sentence], { voice });
  expect(events.slice(-2)).toEqual([{ type: 'piece.done', pieceId: 1 }, { type: 'done' }]);
  const pcm = decodePcm16(audioBytes(events));
  // About two seconds, whatever rate the voice has.
  expect(pcm.length / 16_000).toBeGreaterThan(1.5);
  expect(pcm.length / 16_000).toBeLessThan(3.5);
  expect(rms(pcm)).toBeGreaterThan(0.02);
});
test('the same text sounds the same; another does not', async () => {
  const [one, same, other] = await Promise.all([
    speakOnce(port, [sentence]),
    speakOnce(port, [sentence]),
    speakOnce(port, ['Thank you very much.']),
  ]);
  expect(Buffer.compare(audioBytes(one), audioBytes(same))).toBe(0);
  expect(audioBytes(other).length).not.toBe(audioBytes(one).length);
});

test('it gives the rate that is asked for', async () => {
  const at16 = audioBytes(await speakOnce(port, [sentence], { rateHz: 16_000 }));
  const at24 = audioBytes(await speakOnce(port, [sentence], { rateHz: 24_000 }));
  expect(Math.abs(at24.length / at16.length - 1.5)).toBeLessThan(0.001);
});

test('twice the pace takes half the time', async () => {
  const hasty = fliteTts(fliteTtsOptions.parse({ pace: 2 }), surroundings);
  const fast = audioBytes(await speakOnce(hasty, [sentence])).length;
  const normal = audioBytes(await speakOnce(port, [sentence])).length;
  await hasty.close();
  expect(fast / normal).toBeGreaterThan(0.4);
  expect(fast / normal).toBeLessThan(0.65);
});

test.each([['…'], ['   '], ['你好'], ['-- ? --']])('%j is silence, not a fault', async (text) => {
  const events = await speakOnce(port, [text]);
  expect(events.map(({ type }) => type)).toEqual(['piece.done', 'done']);
});

test('what is not ASCII is spoken as near as can be', async () => {
  const accented = audioBytes(await speakOnce(port, ['“Café”, naïve…']));
  const plain = audioBytes(await speakOnce(port, ['"Cafe", naive.']));
  expect(Buffer.compare(accented, plain)).toBe(0);
});

test('a voice that it does not have is refused with those that it has', async () => {
  const events = await speakOnce(port, [sentence], { voice: 'zoe' });
  expect(events).toMatchObject([
    { type: 'failed', error: { code: 'invalid_value', message: /slt, rms, awb, kal16, kal$/ } },
  ]);
});

test('a cancelled utterance stops between sentences, and another is heard soon', async () => {
  const session = await port.open({ callId: 'c', clock: systemClock, log: silentLogger }, going());
  const speaking = {
    voice: 'rms',
    language: null,
    format: { codec: 'pcm16', rateHz: 16_000 },
  } as const;
  const before = port.figures()['audioMsTotal']!;
  const long = session.speak(speaking);
  const text = Array.from({ length: 25 }, () => sentence).join(' ');
  long.say({ pieceId: 1, text, styles: [], flush: true });
  for await (const event of long.events) {
    expect(event.type).toBe('audio');
    break;
  }
  long.cancel();
  const next = session.speak(speaking);
  next.say({ pieceId: 1, text: 'Sure.', styles: [], flush: true });
  next.end();
  expect((await spoken(next)).at(-1)).toEqual({ type: 'done' });
  session.close();
  // The whole would be 55 s.
  expect(port.figures()['audioMsTotal']! - before).toBeLessThan(30_000);
});

test('the main thread stays free while it speaks without a pause', async () => {
  const before = port.figures();
  const main = await mainThread(async () => {
    await Promise.all(
      [1, 2, 3].map(() =>
        speakOnce(
          port,
          Array.from({ length: 6 }, () => sentence),
        ),
      ),
    );
  });
  const after = port.figures();
  const spent = (name: string): number => after[name]! - before[name]!;
  const factor = spent('synthesisMsTotal') / spent('audioMsTotal');
  process.stdout.write(
    `flite: real-time factor ${factor.toFixed(3)}, start ${after['startMs']!.toFixed(0)} ms, ` +
      `${main.cpuMs.toFixed(0)} ms of the main thread for ${spent('synthesisMsTotal').toFixed(0)} ms ` +
      `of synthesis, ${main.delays}\n`,
  );
  expect(factor).toBeLessThan(0.5);
  expect(main.cpuMs).toBeLessThan(spent('synthesisMsTotal') / 3);
});

test('closing while it starts leaves nothing behind', async () => {
  const early = fliteTts(fliteTtsOptions.parse({}), surroundings);
  const starting = early.prepare(going());
  starting.catch(() => undefined);
  await early.close();
  await expect(starting).rejects.toMatchObject({ code: 'model_unavailable' });
  await expect(early.prepare(going())).rejects.toMatchObject({ code: 'model_unavailable' });
});
