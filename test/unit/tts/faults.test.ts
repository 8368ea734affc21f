import { afterEach, describe, expect, test } from 'vitest';
import { CallError } from '../../../src/ports/errors.ts';
import { tonesIn, tonesOf } from '../../upstream/openai-speech/tone-voice.ts';
import { passTime } from '../../upstream/pass-time.ts';
import type { VoiceFault, VoiceStandInOptions } from '../../upstream/tts/options.ts';
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
afterEach(async () => {
  await rig.close();
  // Whatever waited for a time is gone: nothing of the voice, and nothing of the stand-in.
  await rig.pass(3000);
  expect(rig.clock.pending).toBe(0);
});

const refusal = async (fault: VoiceFault | null, name: VendorName): Promise<CallError> => {
  await start(name, { fault, ...(fault === null ? { apiKey: 'another' } : {}) });
  try {
    await rig.open();
  } catch (thrown) {
    if (thrown instanceof CallError) return thrown;
    throw thrown;
  }
  throw new Error('it opened');
};

describe.each(vendorNames)('%s that does not open', (name) => {
  test('a wrong key: once, and the key is not repeated though the upstream repeats it', async () => {
    const error = await refusal(null, name);
    expect(error.code).toBe('backend_refused');
    expect(error.message).toContain('HTTP 401');
    expect(error.message).not.toContain(rigKey);
    await rig.pass(10_000);
    expect(rig.server.stats.requests).toHaveLength(1);
  });

  test.each([402, 429, 500, 503])('HTTP %i', async (status) => {
    const error = await refusal({ kind: 'refuse', status }, name);
    expect(error.message).toBe(
      `the upstream refused with HTTP ${status} (refused: told_to_refuse)`,
    );
    expect(rig.port.figures()).toMatchObject({ opensRefused: 1, sessionsOpen: 0 });
  });

  test('it never answers', async () => {
    const error = await refusal({ kind: 'hang' }, name);
    expect(error).toMatchObject({
      code: 'backend_stalled',
      message: 'the voice did not connect within 8000 ms',
    });
  });

  test('no key where one is named', async () => {
    await start(name, {}, { apiKeyEnv: 'NOT_SET' });
    await expect(rig.port.prepare(new AbortController().signal)).rejects.toMatchObject({
      code: 'model_unavailable',
    });
    await expect(rig.open()).rejects.toMatchObject({ code: 'model_unavailable' });
  });
});

describe.each(vendorNames)('%s that is lost between utterances', (name) => {
  test.each([1000, 1001, 1011, 1012, 1013])('with %i: it is had again', async (code) => {
    await start(name, { fault: { kind: 'close', code, reason: 'as told', at: 'open' } });
    const session = await rig.open();
    await rig.pass(1000);
    const probe = await rig.speakAll(session, text);
    expect(tonesIn(probe.audio, 24_000)).toEqual(tonesOf(text));
    expect(rig.port.figures()).toMatchObject({ sessionsLost: 0 });
  });

  test.each([
    [1008, 'max_active_conversations'],
    [1007, 'invalid'],
  ])('with %i: it is not dialled again', async (code, reason) => {
    await start(name, { fault: { kind: 'close', code, reason, at: 'open' }, faultyConnections: 9 });
    const session = await rig.open();
    await rig.pass(10_000);
    const lost = await session.lost;
    expect(lost).toMatchObject({
      code: 'backend_closed',
      message: `the upstream closed with ${code}: ${reason}`,
    });
    expect(rig.server.stats.requests.length).toBeLessThanOrEqual(name === 'lightning' ? 2 : 1);
    const probe = await rig.speakAll(session, text);
    expect(probe.events).toEqual([{ type: 'failed', error: lost }]);
  });

  test('for good: it gives up after a bounded time, and fails what waited', async () => {
    await start(name, {}, { reopenAttempts: 3 });
    const session = await rig.open();
    await rig.server.close();
    await rig.pass(100);
    const waiting = rig.speak(session).say(text, { flush: true });
    await rig.pass(10_000);
    await waiting.finished();
    const lost = await session.lost;
    expect(lost).toBeInstanceOf(CallError);
    expect(waiting.events).toEqual([{ type: 'failed', error: lost }]);
    expect(rig.port.figures()).toMatchObject({ sessionsLost: 1, sessionsOpen: 0 });
  });

  test('a server that takes everyone and drops everyone is not dialled for ever', async () => {
    await start(name, { fault: { kind: 'drop', at: 'open' }, faultyConnections: 1000 });
    const session = await rig.open();
    await rig.pass(60_000);
    expect(await session.lost).toBeInstanceOf(CallError);
    expect(rig.server.stats.connectionsTotal).toBeLessThan(20);
  });

  test('idle for long: exchanged before the upstream closes', async () => {
    await start(name);
    const session = await rig.open();
    await passTime(rig.clock, 4000)(4_200_000);
    expect(rig.port.figures()).toMatchObject({ connectionsLost: 0, sessionsLost: 0 });
    const probe = await rig.speakAll(session, text);
    expect(probe.outcome).toEqual({ type: 'done' });
  });
});

describe.each(vendorNames)('%s that is lost while it speaks', (name) => {
  const atText: readonly VoiceFault[] = [
    { kind: 'drop', at: 'text' },
    { kind: 'close', code: 1011, reason: 'as told', at: 'text' },
    { kind: 'stall', at: 'text' },
    { kind: 'send', text: '{', at: 'text' },
    { kind: 'send', text: '[]', at: 'text' },
    { kind: 'send', text: '{"type":7,"audio":7,"status":7}', at: 'text' },
  ];

  test.each(atText)('before any audio it is spoken once more: %o', async (fault) => {
    await start(name, { fault });
    const session = await rig.open();
    const probe = rig.speak(session).say(text, { flush: true }).say(longText);
    probe.utterance.end();
    await probe.finished();
    expect(probe.outcome).toEqual({ type: 'done' });
    expect(tonesIn(probe.audio, 24_000)).toEqual(tonesOf(`${text} ${longText}`));
    expect(rig.port.figures()).toMatchObject({ utterancesRespoken: 1, utterancesFailed: 0 });
  });

  test('twice before any audio, it fails', async () => {
    await start(name, { fault: { kind: 'drop', at: 'text' }, faultyConnections: 3 });
    const session = await rig.open();
    const probe = await rig.speakAll(session, text);
    expect(probe.outcome).toMatchObject({ type: 'failed', error: { code: 'backend_closed' } });
    expect(rig.port.figures()).toMatchObject({ utterancesRespoken: 1, utterancesFailed: 1 });
  });

  const inAudio: readonly (readonly [VoiceFault, string])[] = [
    [{ kind: 'drop', at: 'audio', afterMs: 500 }, 'backend_closed'],
    [{ kind: 'close', code: 1008, reason: 'no more', at: 'audio', afterMs: 500 }, 'backend_closed'],
    [{ kind: 'stall', at: 'audio', afterMs: 500 }, 'backend_stalled'],
    [{ kind: 'send', text: 'nonsense', at: 'audio', afterMs: 500 }, 'backend_protocol'],
  ];

  test.each(inAudio)('after some audio it fails: %o %s', async (fault, code) => {
    await start(name, { fault });
    const session = await rig.open();
    const probe = await rig.speakAll(session, longText);
    expect(probe.outcome).toMatchObject({ type: 'failed', error: { code } });
    expect(probe.of('audio').length).toBeGreaterThan(0);
    expect(rig.port.figures()).toMatchObject({ utterancesRespoken: 0, utterancesFailed: 1 });
  });

  test('what it does not stop is cut off', async () => {
    await start(name, { fault: { kind: 'stall', at: 'stop' }, realTimeFactor: 1 });
    const session = await rig.open();
    const cut = await rig.speak(session).say(longText, { flush: true }).firstAudio();
    cut.utterance.cancel();
    const next = await rig.speakAll(session, text);
    expect(next.outcome).toEqual({ type: 'done' });
    expect(tonesIn(next.audio, 24_000)).toEqual(tonesOf(text));
  });
});

describe.each(vendorNames)('%s and what cannot be', (name) => {
  test('a format it has not', async () => {
    await start(name);
    const session = await rig.open();
    const format = { codec: 'pcm16', rateHz: 11_025 } as const;
    const probe = rig.speak(session, { format });
    await probe.finished();
    expect(probe.outcome).toMatchObject({
      type: 'failed',
      error: { code: 'unsupported_by_backend', message: 'the voice gives no pcm16 at 11025 Hz' },
    });
  });

  test('too much text', async () => {
    await start(name);
    const session = await rig.open();
    const probe = rig.speak(session).say('word '.repeat(10_000));
    await probe.finished();
    expect(probe.outcome).toMatchObject({ type: 'failed', error: { code: 'queue_overflow' } });
    expect(rig.port.figures()).toMatchObject({ queueOverflows: 1 });
  });

  test('too many utterances at once', async () => {
    await start(name);
    const session = await rig.open();
    const probes = Array.from({ length: 40 }, () => rig.speak(session).say(text));
    await rig.pass(40);
    const failed = probes.filter(({ outcome }) => outcome?.type === 'failed');
    expect(failed.length).toBeGreaterThan(10);
    expect(rig.port.figures()['queueOverflows']).toBe(failed.length);
  });

  test('events that nobody takes', async () => {
    await start(name, { pieceMs: 1, realTimeFactor: 1000 });
    const session = await rig.open();
    const utterance = session.speak(rig.speaking);
    utterance.say({ pieceId: 1, text: longText, styles: [], flush: true });
    for (let more = 0; more < 4; more += 1) {
      utterance.say({ pieceId: more + 2, text: longText, styles: [], flush: true });
    }
    await rig.pass(3000);
    expect(rig.port.figures()).toMatchObject({ queueOverflows: 1, utterancesFailed: 1 });
  });
});
