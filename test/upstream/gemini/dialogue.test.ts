import { afterEach, describe, expect, it } from 'vitest';
import { countedSpeech } from '../../ear/counted-speech.ts';
import { fixture, realSpeech } from '../../ear/speech.ts';
import { answerSound } from '../answer-sound.ts';
import type { StandInOptions } from './options.ts';
import { RawRig, type RawClient, type Wish } from './raw-client.ts';

let rig: RawRig;
afterEach(async () => {
  await rig.close();
  expect(rig.clock.pending).toBe(0);
});

const exact = { firstAudioMs: { p50: 300, p95: 300 } };
const transcripts = { inputAudioTranscription: {}, outputAudioTranscription: {} };
const manual = { realtimeInputConfig: { automaticActivityDetection: { disabled: true } } };
const long = { text: Array.from({ length: 30 }, (_, i) => `word${i}`).join(' ') };

async function open(options: StandInOptions, setup: Wish = {}): Promise<RawClient> {
  rig = await RawRig.start({ ...exact, ...options });
  return rig.open(setup);
}

function ask(client: RawClient, text = 'Hello?'): void {
  client.send({
    clientContent: { turns: [{ role: 'user', parts: [{ text }] }], turnComplete: true },
  });
}

function detection(settings: object): Wish {
  return { realtimeInputConfig: { automaticActivityDetection: settings } };
}

describe('automatic activity detection', () => {
  it('hears a turn, answers it, and completes it when it must have been played', async () => {
    const client = await open({ answers: [{ text: 'Yes of course' }] }, transcripts);
    const { samples, rateHz } = fixture('cake');
    await client.play(samples, rateHz);
    await client.silence(500, rateHz);
    await client.until(() => client.turnsComplete === 1);
    expect(client.kinds).toEqual([
      'setupComplete',
      'modelTurn',
      'generationComplete',
      'turnComplete+interactionStatus',
    ]);
    expect(client.audio).toEqual(answerSound('Yes of course', 'audio/pcm'));
    expect(rig.session.heard).toHaveLength(1);
    expect(rig.session.history.map(({ text }) => text)).toEqual([
      'What can you do for me?',
      'Yes of course',
    ]);
  });

  it('completes the turn after the time that its audio takes to be played', async () => {
    const client = await open({ answers: [{ text: 'one two three four' }], realTimeFactor: 4 });
    ask(client);
    const at = async (ready: () => boolean): Promise<number> => {
      await client.until(ready);
      return rig.clock.nowMs();
    };
    const began = await at(() => client.audio.byteLength > 0);
    const generated = await at(() => client.contents.some((content) => content.generationComplete));
    const complete = await at(() => client.turnsComplete === 1);
    expect(generated - began).toBeCloseTo(300, -2);
    expect(complete - began).toBeCloseTo(1200, -2);
  });

  it.each([
    [{ silenceDurationMs: 200 }, 3],
    [{ silenceDurationMs: 800 }, 1],
    [{ silenceDurationMs: 400, endOfSpeechSensitivity: 'END_SENSITIVITY_LOW' }, 1],
    [{ endOfSpeechSensitivity: 'END_SENSITIVITY_HIGH' }, 1],
  ])('ends a turn after the silence that %j asks for', async (settings, turns) => {
    const client = await open({}, detection(settings));
    for (let part = 0; part < 3; part += 1) {
      await client.count(part * 10, 2);
      await client.silence(300);
    }
    await client.silence(1000);
    expect(rig.session.heard).toHaveLength(turns);
  });

  it.each([
    [{ prefixPaddingMs: 40 }, 1],
    [{ prefixPaddingMs: 500 }, 0],
    [{ startOfSpeechSensitivity: 'START_SENSITIVITY_LOW' }, 0],
  ])('starts a turn after as much speech as %j asks for', async (settings, turns) => {
    const client = await open({}, detection(settings));
    const { samples } = countedSpeech({ firstNumber: 1, words: 1, rateHz: 16_000 });
    await client.silence(200);
    // One tone pair of the word, 80 ms.
    await client.play(samples.subarray(0, 1280), 16_000);
    await client.silence(1000);
    expect(rig.session.heard).toHaveLength(turns);
  });

  it('does not add up single clicks to speech', async () => {
    const client = await open({}, detection({ prefixPaddingMs: 100 }));
    const { samples } = countedSpeech({ firstNumber: 1, words: 1, rateHz: 16_000 });
    for (let click = 0; click < 10; click += 1) {
      await client.play(samples.subarray(0, 960), 16_000);
      await client.silence(140);
    }
    expect(rig.session.callerActive).toBe(false);
    await client.count(1, 1);
    expect(rig.session.callerActive).toBe(true);
  });

  it('does not take noise for speech, and finds speech in it', async () => {
    const client = await open({});
    let seed = 1;
    // About −40 dBFS.
    const noise = (): number => {
      seed = (seed * 16_807) % 2_147_483_647;
      return (seed / 2_147_483_647 - 0.5) / 30;
    };
    await client.play(Float32Array.from({ length: 48_000 }, noise), 24_000);
    expect(rig.session.callerActive).toBe(false);
    const { samples, rateHz } = fixture('train');
    await client.play(
      samples.map((sample) => sample + noise()),
      rateHz,
    );
    await client.play(Float32Array.from({ length: 24_000 }, noise), rateHz);
    expect(rig.session.heard).toHaveLength(1);
    expect(rig.session.callerActive).toBe(false);
  });

  it('keeps of what came before a turn only a moment', async () => {
    const client = await open({});
    await client.silence(5000);
    await client.count(1, 4);
    await client.silence(600);
    const { samples, rateHz } = rig.session.heard[0]!;
    const lengthMs = (samples.length * 1000) / rateHz;
    expect(lengthMs).toBeGreaterThan(1040);
    expect(lengthMs).toBeLessThan(1040 + 500 + 600);
  });

  const real = realSpeech();
  it('hears a real speaker out, turn by turn', async ({ skip }) => {
    if ('missing' in real) {
      skip(`real speech is not tried: ${real.missing}`);
      return;
    }
    const client = await open({}, detection({ silenceDurationMs: 300 }));
    await client.play(real.speech.samples, real.speech.rateHz);
    await client.silence(600, real.speech.rateHz);
    await client.until(() => client.turnsComplete > 0);
    const { heard } = rig.session;
    expect(heard.length).toBeGreaterThan(1);
    const heardMs = heard.reduce(
      (sum, turn) => sum + (turn.samples.length * 1000) / turn.rateHz,
      0,
    );
    expect(heardMs).toBeGreaterThan(8000);
  });

  it('ends a turn when the stream ends', async () => {
    const client = await open({});
    await client.count(1, 3);
    client.send({ realtimeInput: { audioStreamEnd: true } });
    await client.until(() => client.turnsComplete === 1);
    expect(rig.session.heard).toHaveLength(1);
  });

  it('tells of activity when told to', async () => {
    const client = await open({ voiceActivity: true });
    await client.silence(400);
    await client.count(1, 3);
    await client.silence(600);
    const seen = client.messages.flatMap(({ voiceActivity }) => voiceActivity ?? []);
    expect(seen.map(({ voiceActivityType }) => voiceActivityType)).toEqual([
      'ACTIVITY_START',
      'ACTIVITY_END',
    ]);
    expect(seen[0]).toMatchObject({ audioOffset: '0.4s' });
  });

  it('is interrupted by speech: interrupted, then turnComplete, and no generationComplete', async () => {
    const client = await open({ answers: [long, { text: 'Sorry' }] });
    ask(client);
    await client.until(() => client.audio.byteLength > 48_000);
    const { samples, rateHz } = fixture('wait');
    await client.play(samples, rateHz);
    expect(rig.session.oddities).toEqual([]);
    expect(client.kinds).toEqual([
      'setupComplete',
      'modelTurn',
      'interrupted',
      'turnComplete+interactionStatus',
    ]);
    await client.silence(600, rateHz);
    await client.until(() => client.turnsComplete === 2);
    const [, cut, , next] = rig.session.history;
    expect(cut).toMatchObject({ role: 'model', interrupted: true });
    expect(long.text.startsWith(cut!.text)).toBe(true);
    expect(next).toMatchObject({ text: 'Sorry', interrupted: false });
  });

  it('is interrupted while the end of an answer is still being played', async () => {
    const client = await open({ answers: [long] });
    ask(client);
    await client.until(() => client.contents.some((content) => content.generationComplete));
    await client.count(1, 2);
    expect(client.kinds.slice(-3)).toEqual([
      'generationComplete',
      'interrupted',
      'turnComplete+interactionStatus',
    ]);
  });

  it('is not interrupted where the setup says so, and answers afterwards', async () => {
    const client = await open(
      { answers: [long, { text: 'Sorry' }] },
      { realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' } },
    );
    ask(client);
    await client.until(() => client.audio.byteLength > 0);
    await client.count(1, 2);
    await client.silence(600);
    await client.until(() => client.turnsComplete === 2);
    expect(client.kinds).not.toContain('interrupted');
    expect(rig.session.history.at(-1)).toMatchObject({ text: 'Sorry' });
  });

  it('writes what both have said, in no order to the audio', async () => {
    const client = await open({ answers: [{ text: 'Yes of course' }] }, transcripts);
    await client.count(1, 3);
    await client.silence(600);
    await client.until(() => client.turnsComplete === 1);
    await rig.pass(500);
    const said = (key: 'inputTranscription' | 'outputTranscription'): string =>
      client.contents.map((content) => content[key]?.text ?? '').join('');
    expect(said('inputTranscription')).toBe('What can you do for me?');
    expect(said('outputTranscription')).toBe('Yes of course');
    const last = client.contents.findLast(({ outputTranscription }) => outputTranscription);
    expect(last?.outputTranscription?.finished).toBe(true);
  });

  it('writes down the numbers that it really heard', async () => {
    const client = await open({ callerText: 'counted' }, transcripts);
    await client.count(70, 5);
    await client.silence(600);
    await client.until(() => client.turnsComplete === 1);
    expect(rig.session.history[0]?.text).toBe('70 71 72 73 74');
  });
});

describe('activity that the client tells of', () => {
  it('is answered after its end, and only its audio is heard', async () => {
    const client = await open({ callerText: 'counted' }, manual);
    await client.count(1, 3);
    client.send({ realtimeInput: { activityStart: {} } });
    await client.count(50, 3);
    await client.silence(2000);
    expect(client.turnsComplete).toBe(0);
    client.send({ realtimeInput: { activityEnd: {} } });
    await client.until(() => client.turnsComplete === 1);
    expect(rig.session.history[0]?.text).toBe('50 51 52');
    expect(rig.session.oddities).toEqual([]);
  });

  it('interrupts at its start', async () => {
    const client = await open({ answers: [long] }, manual);
    ask(client);
    await client.until(() => client.audio.byteLength > 0);
    client.send({ realtimeInput: { activityStart: {} } });
    await client.until(() => client.turnsComplete === 1, 200);
    expect(client.kinds).toContain('interrupted');
  });

  it('is odd out of order, and that is all', async () => {
    const client = await open({}, manual);
    client.send({ realtimeInput: { activityEnd: {} } });
    client.send({ realtimeInput: { activityStart: {} } });
    client.send({ realtimeInput: { activityStart: {} } });
    await rig.pass(100);
    expect(rig.session.oddities).toEqual([
      'activityEnd without activityStart',
      'activityStart within activity',
    ]);
    expect(client.closed).toBeNull();
  });
});

describe('content and text', () => {
  it('is history until it asks for an answer', async () => {
    const client = await open({ answers: [{ count: 3, from: 5 }] });
    const turns = [
      { role: 'user', parts: [{ text: 'Count.' }] },
      { role: 'model', parts: [{ text: '10 11' }] },
      { role: 'user', parts: [{ text: 'On.' }] },
    ];
    client.send({ clientContent: { turns } });
    await rig.pass(2000);
    expect(client.audio.byteLength).toBe(0);
    client.send({ clientContent: { turnComplete: true } });
    await client.until(() => client.turnsComplete === 1);
    expect(client.numbers).toEqual([12, 13, 14]);
  });

  it('is a seed that is not answered where the setup says so', async () => {
    const client = await open({}, { historyConfig: { initialHistoryInClientContent: true } });
    const turns = [{ role: 'model', parts: [{ text: 'Hi.' }] }];
    client.send({ clientContent: { turns, turnComplete: true } });
    await rig.pass(2000);
    expect(client.audio.byteLength).toBe(0);
    client.send({ realtimeInput: { text: 'Hello' } });
    await client.until(() => client.turnsComplete === 1);
    expect(client.closed).toBeNull();
  });

  it.each([
    { realtimeInput: { text: 'Stop.' } },
    {
      clientContent: { turns: [{ role: 'user', parts: [{ text: 'Stop.' }] }], turnComplete: true },
    },
  ])('interrupts and is answered: %j', async (message) => {
    const client = await open({ answers: [long, { text: 'Sorry' }] });
    ask(client);
    await client.until(() => client.audio.byteLength > 0);
    client.send(message);
    await client.until(() => client.turnsComplete === 2);
    expect(client.kinds).toContain('interrupted');
    expect(rig.session.history.at(-1)).toMatchObject({ text: 'Sorry' });
  });

  it('says why a turn is over without an answer', async () => {
    const client = await open({ answers: [{ refuse: 'RESPONSE_REJECTED' }] });
    ask(client);
    await client.until(() => client.turnsComplete === 1);
    expect(client.contents.at(-1)?.turnCompleteReason).toBe('RESPONSE_REJECTED');
  });

  it('keeps answers as short as the setup asks', async () => {
    const client = await open({ answers: [long] }, { generationConfig: { maxOutputTokens: 25 } });
    ask(client);
    await client.until(() => client.turnsComplete === 1);
    expect(client.audio.byteLength).toBe(48_000);
  });

  it('counts tokens by modality', async () => {
    const client = await open({ answers: [{ text: 'Yes of course' }] });
    await client.count(1, 4);
    await client.silence(600);
    await client.until(() => client.turnsComplete === 1);
    const { usageMetadata } = client.messages.find((message) => message.usageMetadata)!;
    expect(usageMetadata).toMatchObject({
      responseTokenCount: 23,
      responseTokensDetails: [{ modality: 'AUDIO', tokenCount: 23 }],
    });
    const { promptTokenCount, totalTokenCount } = usageMetadata as Record<string, number>;
    expect(totalTokenCount).toBe(promptTokenCount! + 23);
    expect(promptTokenCount).toBeGreaterThan(25);
  });

  it('draws the delay of the first audio from its distribution, the same for the same seed', async () => {
    const drawn: (readonly number[])[] = [];
    for (let run = 0; run < 2; run += 1) {
      const client = await open({ firstAudioMs: { p50: 200, p95: 500 }, seed: 7 });
      for (let turn = 1; turn <= 20; turn += 1) {
        ask(client);
        await client.until(() => client.turnsComplete === turn);
      }
      drawn.push([...rig.server.firstAudioMs]);
      if (run === 0) await rig.close();
    }
    expect(drawn[0]).toHaveLength(20);
    expect(drawn[1]).toEqual(drawn[0]);
    const sorted = drawn[0]!.toSorted((one, other) => one - other);
    expect(sorted[10]).toBeGreaterThan(120);
    expect(sorted[10]).toBeLessThan(330);
    const report = await fetch(`http://127.0.0.1:${rig.server.port}/report`);
    expect(await report.json()).toEqual({
      open: 1,
      connections: 1,
      sessions: 1,
      firstAudioMs: drawn[1],
    });
  });
});
