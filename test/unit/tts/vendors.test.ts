import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { WireFolder } from '../../../adapters/shared/wire-folder.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { tonesIn, tonesOf } from '../../upstream/openai-speech/tone-voice.ts';
import type { VoiceStandInOptions } from '../../upstream/tts/options.ts';
import { rigKey, vendorNames, VoiceStandInRig, type VendorName } from '../../upstream/tts/rig.ts';

const text = 'Good morning dear caller.';
const longText = Array.from({ length: 8 }, () => text).join(' ');

let rig: VoiceStandInRig;
const start = async (
  name: VendorName,
  standIn: VoiceStandInOptions = {},
  options: object = {},
): Promise<VoiceStandInRig> => {
  rig = await VoiceStandInRig.start(name, standIn, options);
  return rig;
};
afterEach(() => rig.close());

const sent = (field: string): readonly Readonly<Record<string, unknown>>[] =>
  rig.server.stats.messages.filter((message) => field in message);
const ofType = (type: string): readonly Readonly<Record<string, unknown>>[] =>
  rig.server.stats.messages.filter((message) => message['type'] === type);

describe.each(vendorNames)('%s', (name) => {
  test('a cancel is told upstream in the same tick', async () => {
    await start(name, { realTimeFactor: 1 });
    const session = await rig.open();
    const probe = await rig.speak(session).say(longText, { flush: true }).firstAudio();
    const before = rig.server.stats.messages.length;
    probe.utterance.cancel();
    // No time passes: only what was sent at once can arrive.
    await rig.pass(1);
    await rig.pass(0.1);
    if (name === 'lightning') expect(rig.server.stats.working).toBe(0);
    else expect(rig.server.stats.messages.length).toBe(before + 1);
    expect(rig.port.figures()).toMatchObject({ utterancesCancelled: 1 });
  });

  test('counts what it sent to be spoken, and what came of it', async () => {
    await start(name);
    const probe = await rig.speakAll(await rig.open(), text);
    expect(rig.port.figures()).toMatchObject({
      charactersSent: text.length,
      audioSamples: probe.audio.byteLength / 2,
      utterancesStarted: 1,
      utterancesDone: 1,
    });
  });

  test('the key is in no recording, log line, error or figure', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-voice-'));
    const wires = await WireFolder.at({ folder, clock: systemClock, log: silentLogger });
    rig = await VoiceStandInRig.start(
      name,
      { fault: { kind: 'close', code: 1011, reason: `no ${rigKey}`, at: 'audio', afterMs: 100 } },
      {},
      wires.recorder('voice', name),
    );
    const session = await rig.open();
    const probe = await rig.speakAll(session, text);
    await rig.speakAll(session, text);
    session.close();
    await wires.close();
    const files = await readdir(folder);
    expect(files.length).toBeGreaterThan(0);
    const recorded = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
    expect(recorded.join('')).toContain('1011');
    const { outcome } = probe;
    const error = outcome?.type === 'failed' ? outcome.error.message : '';
    expect(error).toContain('no [key]');
    const everything = [...recorded, ...rig.logged, error, JSON.stringify(rig.port.figures())];
    for (const spelling of [rigKey, encodeURIComponent(rigKey)]) {
      expect(everything.join('\n')).not.toContain(spelling);
    }
    expect(rig.server.stats.requests.join('\n')).not.toContain(encodeURIComponent(rigKey));
  });

  test('takes the rate that is asked for', async () => {
    await start(name, {}, { rateHz: 16_000 });
    expect(rig.speaking.format.rateHz).toBe(16_000);
    const session = await rig.open();
    const first = await rig.speakAll(session, text);
    expect(tonesIn(first.audio, 16_000)).toEqual(tonesOf(text));
    const format = { codec: 'pcm16', rateHz: 8000 } as const;
    const probe = rig.speak(session, { format }).say(text);
    probe.utterance.end();
    await probe.finished();
    expect(tonesIn(probe.audio, 8000)).toEqual(tonesOf(text));
  });
});

describe('elevenlabs', () => {
  test('another voice and language is another address; the session goes on', async () => {
    await start('elevenlabs', {}, { language: 'en-GB' });
    const session = await rig.open();
    await rig.speakAll(session, text);
    const probe = rig.speak(session, { voice: 'other', language: 'de' }).say(text);
    probe.utterance.end();
    await probe.finished();
    expect(probe.outcome).toEqual({ type: 'done' });
    const [first, second] = rig.server.stats.requests;
    expect(first).toContain('/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM/multi-stream-input?');
    expect(first).toContain('language_code=en');
    expect(second).toContain('/other/');
    expect(second).toContain('language_code=de');
  });

  test('many cancels at once never fill the contexts of a connection', async () => {
    await start('elevenlabs', { realTimeFactor: 1 });
    const session = await rig.open();
    for (let turn = 0; turn < 12; turn += 1) {
      const cut = await rig.speak(session).say(longText, { flush: true }).firstAudio();
      cut.utterance.cancel();
    }
    const probe = await rig.speakAll(session, text);
    expect(tonesIn(probe.audio, 24_000)).toEqual(tonesOf(text));
    expect(rig.server.stats.connectionsTotal).toBe(3);
    expect(rig.port.figures()).toMatchObject({ connectionsLost: 0, connectionsRenewed: 2 });
  });

  test('an utterance that waits for its text is kept alive', async () => {
    await start('elevenlabs');
    const session = await rig.open();
    const probe = rig.speak(session).say(text, { flush: true });
    await rig.pass(40_000);
    probe.say('One room.').utterance.end();
    await probe.finished();
    expect(tonesIn(probe.audio, 24_000)).toEqual(tonesOf(`${text} One room.`));
    expect(sent('text').filter((message) => message['text'] === '')).toHaveLength(2);
  });

  test('styles become tags, which are neither words nor times', async () => {
    await start('elevenlabs', {}, { styles: { whisper: 'whispers softly' } });
    const session = await rig.open();
    const probe = rig.speak(session);
    const styles = [
      { style: 'whisper', start: 5, end: 12 },
      { style: 'unknown', start: 0, end: 4 },
    ];
    probe.say('Good morning caller.', { styles }).utterance.end();
    await probe.finished();
    expect(sent('text')[1]).toMatchObject({ text: 'Good [whispers softly] morning caller. ' });
    const words = probe.of('words').flatMap((event) => event.words.map((word) => word.text));
    expect(words).toEqual(['Good', 'morning', 'caller.']);
    expect(new Set(probe.of('words').map((event) => event.pieceId))).toEqual(new Set([1]));
  });
});

describe('cartesia', () => {
  test('text that comes after a long pause is spoken on, its words timed from the beginning', async () => {
    await start('cartesia', { realTimeFactor: 10 });
    const session = await rig.open();
    const probe = rig.speak(session).say(text, { flush: true });
    for (const more of ['One room.', 'Shall I book it?']) {
      await rig.pass(3000);
      probe.say(more, { flush: true });
    }
    probe.utterance.end();
    await probe.finished();
    const whole = `${text} One room. Shall I book it?`;
    expect(tonesIn(probe.audio, 24_000)).toEqual(tonesOf(whole));
    const words = probe.of('words').flatMap((event) => event.words);
    expect(words.map((word) => word.text).join(' ')).toBe(whole);
    const lengthMs = probe.audio.byteLength / 48;
    expect(words.at(-1)!.endMs).toBeGreaterThan(lengthMs - 100);
    expect(new Set(sent('transcript').map((message) => message['context_id'])).size).toBe(3);
    expect(rig.server.stats.violations).toEqual([]);
  });

  test.each([560, 580, 600, 620, 640, 1000, 1020, 1040])(
    'no word is lost to a context that is just being forgotten, %i ms after its audio',
    async (pauseMs) => {
      await start('cartesia', { realTimeFactor: 1000 });
      const session = await rig.open();
      const probe = await rig.speak(session).say('Good', { flush: true }).firstAudio();
      await rig.pass(pauseMs);
      probe.say('morning', { flush: true }).utterance.end();
      await probe.finished();
      expect(tonesIn(probe.audio, 24_000)).toEqual(tonesOf('Good morning'));
      expect(rig.port.figures()).toMatchObject({ staleMessages: 0, utterancesFailed: 0 });
    },
  );

  test.each([240, 260, 280, 300, 320, 340])(
    'nor to one that is forgotten sooner than the vendor says, %i ms after its audio',
    async (pauseMs) => {
      await start('cartesia', { realTimeFactor: 1000, contextExpiryMs: 300 });
      const session = await rig.open();
      const probe = await rig.speak(session).say('Good', { flush: true }).firstAudio();
      await rig.pass(pauseMs);
      // The end of the context may be on its way to us while this is on its way there.
      rig.clock.advance(20);
      probe.say('morning', { flush: true }).utterance.end();
      await probe.finished();
      expect(tonesIn(probe.audio, 24_000)).toEqual(tonesOf('Good morning'));
    },
  );

  test('styles become emotions around their words', async () => {
    await start('cartesia', {}, { styles: { cheerful: 'happy' }, speed: 1.1 });
    const session = await rig.open();
    const probe = rig.speak(session);
    const styles = [{ style: 'cheerful', start: 0, end: 4 }];
    probe.say('Good morning.', { styles });
    await rig.pass(20);
    probe.utterance.cancel();
    expect(sent('transcript')[0]).toMatchObject({
      transcript: '<emotion value="happy"/>Good<emotion value="neutral"/> morning. ',
      generation_config: { speed: 1.1 },
      continue: true,
    });
  });
});

describe('deepgram aura', () => {
  test('flushes no more often than it may, and says everything', async () => {
    await start('aura', { realTimeFactor: 50 });
    const session = await rig.open();
    for (let turn = 0; turn < 5; turn += 1) {
      const probe = rig.speak(session);
      for (let piece = 0; piece < 10; piece += 1) probe.say('Good morning.');
      probe.utterance.end();
      await probe.finished();
      expect(tonesIn(probe.audio, 24_000)).toEqual(tonesOf('Good morning. '.repeat(10)));
      const over = probe.of('piece.done').map((event) => event.pieceId);
      expect(over).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
    // The stand-in warns of each that is too many.
    expect(rig.port.figures()).toMatchObject({ warnings: 0 });
  });

  test('exchanges a connection that may not be flushed any more', async () => {
    await start('aura', { realTimeFactor: 50 });
    const session = await rig.open();
    for (let turn = 0; turn < 25; turn += 1) {
      const probe = await rig.speakAll(session, text);
      expect(probe.outcome).toEqual({ type: 'done' });
    }
    expect(rig.server.stats.connectionsTotal).toBe(2);
    expect(rig.port.figures()).toMatchObject({ warnings: 0, stalls: 0 });
  });

  test('an utterance of many urgent pieces is said in time with what it may flush', async () => {
    await start('aura', { realTimeFactor: 50 });
    const session = await rig.open();
    const probe = rig.speak(session);
    for (let piece = 0; piece < 40; piece += 1) probe.say('Good morning.', { flush: true });
    await rig.pass(70_000);
    expect(tonesIn(probe.audio, 24_000)).toEqual(tonesOf('Good morning. '.repeat(40)));
    probe.utterance.end();
    await probe.finished();
    expect(probe.outcome).toEqual({ type: 'done' });
    expect(rig.port.figures()).toMatchObject({ warnings: 0, stalls: 0 });
  });

  test('refuses a voice that speaks another protocol', async () => {
    await start('aura');
    const probe = rig.speak(await rig.open(), { voice: 'flux-alexis-en' });
    await probe.finished();
    expect(probe.outcome).toMatchObject({ error: { code: 'unsupported_by_backend' } });
  });
});

describe('deepgram flux', () => {
  test('says which text was heard, in one turn after the other', async () => {
    await start('flux', { realTimeFactor: 1, lateAudioMs: 0 });
    const session = await rig.open();
    for (let turn = 0; turn < 3; turn += 1) {
      const cut = rig.speak(session).say(longText, { flush: true });
      await rig.until('audio', () => cut.of('audio').length >= 6);
      // Good: 80 ms of tone and 30 of silence, morning: 110 and 30, dear: 80.
      cut.utterance.cancel(300);
      const { spoken } = cut.utterance;
      await rig.pass(60);
      expect(await spoken).toBe('Good morning');
    }
    expect(ofType('Interrupt').map((message) => message['playback_offset'])).toEqual(
      [300, 600, 900].map((value) => ({ type: 'time_ms', value })),
    );
    const whole = await rig.speakAll(session, text);
    expect(whole.outcome).toEqual({ type: 'done' });
    expect(await whole.utterance.spoken).toBeNull();
  });

  test('what was heard nothing of is stopped without a position', async () => {
    await start('flux', { realTimeFactor: 1 });
    const session = await rig.open();
    const first = await rig.speak(session).say(longText).firstAudio();
    first.utterance.cancel(0);
    await rig.pass(60);
    expect(await first.utterance.spoken).toBeNull();
    expect(ofType('Interrupt')).toEqual([{ type: 'Interrupt' }]);
    expect(rig.port.figures()).toMatchObject({ warnings: 0, connectionsLost: 0 });
  });

  test('before the first audio of a session only a new connection stops it', async () => {
    await start('flux');
    const session = await rig.open();
    rig.speak(session).say(longText).utterance.cancel();
    await rig.pass(100);
    expect(rig.server.stats.connectionsTotal).toBe(2);
    expect(rig.server.stats.working).toBe(0);
    expect(rig.port.figures()).toMatchObject({ warnings: 0, connectionsRenewed: 1 });
  });
});

describe('smallest lightning', () => {
  test('after a cancel a connection stands ready', async () => {
    await start('lightning', { realTimeFactor: 1, firstAudioMs: { p50: 100, p95: 101 } });
    const session = await rig.open();
    await rig.pass(100);
    expect(rig.server.stats.connectionsTotal).toBe(2);
    for (let turn = 0; turn < 5; turn += 1) {
      const cut = await rig.speak(session).say(longText, { flush: true }).firstAudio();
      cut.utterance.cancel();
      const before = rig.server.stats.messages.length;
      const next = rig.speak(session).say(text, { flush: true });
      // The request is on its way before any connection could have been made.
      await rig.pass(1);
      expect(rig.server.stats.messages.length).toBe(before + 1);
      next.utterance.end();
      await next.finished();
      expect(tonesIn(next.audio, 24_000)).toEqual(tonesOf(text));
      await rig.pass(100);
    }
    expect(rig.port.figures()).toMatchObject({ sparesUsed: 5, connectionsLost: 0 });
  });

  test('goes on on another connection where the server closes after each answer', async () => {
    await start('lightning', { closesAfterComplete: true, realTimeFactor: 20 });
    const session = await rig.open();
    const probe = rig.speak(session).say(text, { flush: true });
    await probe.firstAudio();
    probe.say('One room.').say('Shall I book it?').utterance.end();
    await probe.finished();
    expect(probe.outcome).toEqual({ type: 'done' });
    const whole = `${text} One room. Shall I book it?`;
    expect(tonesIn(probe.audio, 24_000)).toEqual(tonesOf(whole));
    const next = await rig.speakAll(session, text);
    expect(next.outcome).toEqual({ type: 'done' });
  });
});
