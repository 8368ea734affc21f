import { afterEach, expect, test } from 'vitest';
import { fc, test as property } from '@fast-check/vitest';
import {
  openAiSpeechTts,
  openAiSpeechTtsOptions,
} from '../../../adapters/speech/tts/openai-speech/index.ts';
import { PlainAudio } from '../../../adapters/speech/tts/openai-speech/plain-audio.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { UtteranceProbe } from '../../contract/utterance-probe.ts';
import { surroundingsOn, rigKey } from '../llm/rig.ts';
import { passTime } from '../pass-time.ts';
import { startSpeechStandIn, type SpeechStandIn, type SpeechStandInOptions } from './server.ts';
import { speakTones, tonesIn, tonesOf } from './tone-voice.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(
  options: SpeechStandInOptions,
  voice: object = {},
): Promise<{ server: SpeechStandIn; probe: UtteranceProbe; clock: ManualClock }> {
  const clock = new ManualClock();
  const server = await startSpeechStandIn({ clock, apiKey: rigKey, ...options });
  const parsed = openAiSpeechTtsOptions.parse({
    ...{ baseUrl: server.url, apiKeyEnv: 'RIG_KEY', ...voice },
  });
  const port = openAiSpeechTts(parsed, surroundingsOn(clock));
  closing.push(
    () => server.close(),
    () => port.close(),
  );
  const context = { callId: 'call_1', clock, log: silentLogger };
  const session = await port.open(context, new AbortController().signal);
  const utterance = session.speak({ voice: null, language: null, format: pcm24k });
  return { server, clock, probe: new UtteranceProbe(utterance, passTime(clock)) };
}

test('the next piece is asked for while the first is heard, and no more than allowed', async () => {
  const { server, probe } = await start({ realTimeFactor: 4 }, { requestsAhead: 2 });
  for (const text of ['One two three.', 'Four five six.', 'Seven eight nine.']) probe.say(text);
  probe.utterance.end();
  await probe.firstAudio();
  expect(server.requests).toHaveLength(2);
  await probe.finished();
  expect(server.requests.map(({ body }) => body['input'])).toEqual([
    ...['One two three.', 'Four five six.', 'Seven eight nine.'],
  ]);
  expect(probe.of('piece.done').map(({ pieceId }) => pieceId)).toEqual([1, 2, 3]);
  expect(tonesIn(probe.audio, 24_000)).toEqual(
    tonesOf('One two three. Four five six. Seven eight nine.'),
  );
});

test('a cancel closes every connection at once, also where nothing has come yet', async () => {
  const { server, probe, clock } = await start({ fault: { kind: 'hang' } });
  probe.say('One.').say('Two.');
  await passTime(clock)(100);
  expect(server.active).toBe(2);
  probe.utterance.cancel();
  await passTime(clock)(20);
  expect(server.active).toBe(0);
  expect(server.aborted).toBe(2);
});

test('the body is what was asked for, a style among it', async () => {
  const { server, probe } = await start(
    {},
    { instructions: 'Speak slowly.', styles: { whisper: 'Whisper.' }, speed: 1.5, voice: 'ash' },
  );
  probe.say('Hush.', { styles: [{ style: 'whisper', start: 0, end: 5 }] }).utterance.end();
  await probe.finished();
  expect(server.requests[0]!.body).toEqual({
    model: 'gpt-4o-mini-tts',
    voice: 'ash',
    input: 'Hush.',
    response_format: 'pcm',
    speed: 1.5,
    instructions: 'Speak slowly. Whisper.',
  });
});

test.each([
  [{ fault: { kind: 'hang' } }, 'backend_stalled', '600 ms'],
  [{ fault: { kind: 'hang_after', audioMs: 100 } }, 'backend_stalled', '300 ms'],
  [{ fault: { kind: 'other_type', contentType: 'audio/mpeg' } }, 'backend_protocol', 'audio/mpeg'],
  [
    { fault: { kind: 'refuse', status: 429, body: { error: { message: `no, ${rigKey}` } } } },
    'backend_overloaded',
    'no, [key]',
  ],
] as const)('a fault is told: %o', async (options, code, words) => {
  const timeouts = { firstAudioMs: 600, idleMs: 300 };
  const { server, probe, clock } = await start(options, { timeouts });
  probe.say('One two three four five.').utterance.end();
  await probe.finished();
  const { outcome } = probe;
  expect(outcome).toMatchObject({ type: 'failed', error: { code } });
  expect(outcome?.type === 'failed' && outcome.error.message).toContain(words);
  await passTime(clock)(1200);
  expect(server.active).toBe(0);
  expect(clock.pending).toBe(0);
});

test('a WAV file at another rate is no surprise to the ear', async () => {
  const { probe } = await start({ statedRateHz: 22_050 }, { responseFormat: 'wav' });
  probe.say('One.').utterance.end();
  await probe.finished();
  expect(probe.of('audio')).toEqual([]);
  expect(probe.outcome).toMatchObject({ type: 'failed', error: { code: 'backend_protocol' } });
});

property.prop([fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 30 })])(
  'samples are whole and all there, however the bytes are cut, with a header or without',
  (lengths) => {
    const samples = speakTones('Good morning.', 24_000);
    const header = Buffer.alloc(44);
    header.write('RIFF', 0);
    header.write('WAVEfmt ', 8);
    header.writeUInt32LE(16, 16);
    header.writeUInt16LE(1, 22);
    header.writeUInt32LE(24_000, 24);
    header.writeUInt16LE(16, 34);
    header.write('data', 36);
    header.writeUInt32LE(samples.byteLength, 40);
    const trailer = Buffer.from('LIST\x04\0\0\0junk', 'latin1');
    for (const file of [samples, Buffer.concat([header, samples, trailer])]) {
      const plain = new PlainAudio(24_000);
      const heard: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < file.byteLength; turn += 1) {
        const length = lengths[turn % lengths.length]!;
        const piece = plain.push(file.subarray(at, at + length));
        expect(piece.byteLength % 2).toBe(0);
        heard.push(new Uint8Array(piece));
        at += length;
      }
      expect(Buffer.concat(heard).equals(samples)).toBe(true);
    }
  },
);
