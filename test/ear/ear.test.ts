import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEchoServer, type EchoServer } from './echo-server.ts';
import { countedSpeech, countWords, hearNumbers } from './counted-speech.ts';
import { Ear } from './ear.ts';
import { judge, wasHeard } from './judge.ts';
import { ownWire } from './own-wire.ts';
import { fixture, speechRateHz } from './speech.ts';

const thanks = fixture('thanks').samples;

describe.concurrent('the ear, on a server that says back what it hears', () => {
  const servers = {} as Record<'plain' | 'cutting' | 'yielding', EchoServer>;

  beforeAll(async () => {
    servers.plain = await startEchoServer();
    servers.cutting = await startEchoServer({ spoil: withoutFortyMs });
    servers.yielding = await startEchoServer({ yields: true });
  });
  afterAll(() => Promise.all(Object.values(servers).map((server) => server.close())));

  it('hears its own words, after its own speech ended', async () => {
    const ear = await Ear.connect(ownWire({ url: servers.plain.url }));
    const said = ear.say(thanks);
    await ear.waitFor('response.done');
    await ear.untilQuiet(200);
    const heard = judge(ear.heard(said.speechEndMs), thanks, speechRateHz);
    expect(wasHeard(heard)).toBe(true);
    expect(heard.extraMs).toBe(0);
    // 500 ms of silence, 50 ms of waiting, up to 300 ms of prefix in the echo, 100 ms of buffer.
    const firstAudioMs = ear.firstAudioMs(said.speechEndMs);
    expect(firstAudioMs! - said.speechEndMs).toBeGreaterThan(550);
    expect(firstAudioMs! - said.speechEndMs).toBeLessThan(1600);
    const { said: left, heard: right } = ear.recording();
    expect(wasHeard(judge(left, thanks, speechRateHz))).toBe(true);
    expect(left.length).toBe(right.length);
    await ear.close();
    expect(ear.failures).toEqual([]);
  });

  it('hears that 40 ms are missing', async () => {
    const ear = await Ear.connect(ownWire({ url: servers.cutting.url }));
    const said = ear.say(thanks);
    await ear.waitFor('response.done');
    await ear.untilQuiet(200);
    const heard = judge(ear.heard(said.speechEndMs), thanks, speechRateHz);
    expect(wasHeard(heard)).toBe(false);
    expect(heard.lostMs).toBeGreaterThan(20);
    await ear.close();
  });

  it('counts words over a line with jitter, drift and late chunks', async () => {
    const ear = await Ear.connect(ownWire({ url: servers.plain.url }), {
      line: {
        chunkMs: { min: 20, max: 250 },
        jitterMs: 20,
        driftPpm: 200,
        late: { share: 0.03, byMs: 150 },
      },
    });
    const speech = countedSpeech({ firstNumber: 40, words: 8, rateHz: speechRateHz });
    const said = ear.say(speech.samples);
    await ear.waitFor('response.done');
    await ear.untilQuiet(200);
    const count = countWords(
      speech.numbers,
      hearNumbers(ear.heard(said.speechEndMs), speechRateHz),
    );
    expect(count).toEqual({ lost: [], repeated: [], unsaid: [], damaged: [] });
    await ear.close();
  });

  it('stops at once when it is told that it was heard, and says how much it had played', async () => {
    const ear = await Ear.connect(ownWire({ url: servers.yielding.url }), { acknowledges: true });
    ear.say(thanks);
    await ear.untilPlaying(400);
    const before = ear.events.length;
    ear.say(fixture('wait').samples);
    const started = await ear.waitFor('input_audio_buffer.speech_started', { from: before });
    await ear.pause(300);
    expect(ear.firstAudioMs(started.atMs + 1)).toBeNull();
    const truncate = servers.yielding.received.find(
      (event) => event.type === 'conversation.item.truncate',
    );
    expect(truncate?.['audio_end_ms']).toBeGreaterThan(350);
    const acknowledged = servers.yielding.received.filter(
      (event) => event.type === 'parley.playback',
    );
    expect(acknowledged.length).toBeGreaterThan(2);
    await ear.close();
  });

  it('says what it was waiting for and what it got instead', async () => {
    const ear = await Ear.connect(ownWire({ url: servers.plain.url }));
    await expect(ear.waitFor('response.done', { timeoutMs: 50 })).rejects.toThrow(
      /no response\.done in 50 ms[^]*session\.created/,
    );
    await ear.close();
  });
});

function withoutFortyMs(samples: Float32Array): Float32Array {
  const at = samples.length >> 1;
  const cut = new Float32Array(samples.length - 960);
  cut.set(samples.subarray(0, at));
  cut.set(samples.subarray(at + 960), at);
  return cut;
}
