import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DeepgramClient } from '@deepgram/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { WireFolder } from '../../adapters/shared/wire-folder.ts';
import { silentLogger } from '../../src/ports/log.ts';
import { systemClock } from '../../src/time/clock.ts';
import { countedSpeech } from '../ear/counted-speech.ts';
import { startDeepgramStandIn } from '../upstream/stt/deepgram-server.ts';
import { sttKey, type SttRig } from '../upstream/stt/rig.ts';
import { encodePcm16 } from '../../src/audio/pcm16.ts';
import { deepgramRig } from './stt-rigs.ts';

let rig: SttRig | null = null;
afterEach(async () => {
  await rig?.close();
  rig = null;
});

describe('deepgram, Flux: its own judgement of turns', () => {
  it('tells eager_end, resumed and end, with probabilities', async () => {
    // The stand-in takes that for 360 ms of silence, more than lies between two words.
    rig = await deepgramRig({}, { eagerEotThreshold: 0.7 });
    const probe = await rig.open();
    await probe.count(1, 2);
    await probe.silence(200);
    await probe.count(3, 2);
    await probe.silence(1500);
    const kinds = probe.events.map(({ type }) => type).filter((type) => type !== 'partial');
    expect(kinds).toEqual(['speech.started', 'eager_end', 'resumed', 'eager_end', 'end']);
    expect(probe.of('eager_end').map(({ text }) => text)).toEqual(['1 2', '1 2 3 4']);
    expect(probe.of('end')).toMatchObject([{ text: '1 2 3 4', probability: 0.9 }]);
    // The text goes on over several of the vendor's turns.
    await probe.count(5, 2);
    await probe.silence(1500);
    expect(probe.of('end').at(-1)?.text).toBe('1 2 3 4 5 6');
    probe.session.finish(1);
    // Nobody speaks: its next update says that there was nothing more.
    await probe.silence(400);
    expect(await probe.final(1)).toMatchObject({ text: '1 2 3 4 5 6', complete: true });
  });

  it('goes on without ForceEndTurn where the server does not take it', async () => {
    rig = await deepgramRig({ forceEndTurn: false }, { finalTimeoutMs: 5000 });
    const probe = await rig.open();
    for (const finishId of [1, 2]) {
      await probe.count(100 * finishId, 3);
      await probe.silence(100);
      probe.session.finish(finishId);
      await probe.silence(1800);
      const { text } = await probe.final(finishId);
      expect(text).toBe([0, 1, 2].map((i) => 100 * finishId + i).join(' '));
    }
    expect(rig.server.stats.violations).toEqual(["unknown message type 'ForceEndTurn'"]);
    expect(rig.server.stats.connections).toBe(2);
  });

  it('does without times of words, where the server gives none', async () => {
    rig = await deepgramRig({ fluxWordTimes: false });
    const probe = await rig.open();
    await probe.count(10, 3);
    await probe.silence(200);
    probe.session.finish(1);
    expect(await probe.final(1)).toMatchObject({ text: '10 11 12', words: null, complete: true });
  });
});

describe('deepgram: what is asked for', () => {
  it.each([
    ['flux', 'en-GB', '/v2/listen', 'flux-general-en', null],
    ['flux', 'de', '/v2/listen', 'flux-general-multi', 'de'],
    ['nova-3', null, '/v1/listen', 'nova-3', null],
  ])('%s, %s', async (model, language, path, asked, hint) => {
    rig = await deepgramRig({}, { model });
    const probe = await rig.open({ language, keyTerms: ['Parley', 'São Tomé'] });
    const url = new URL(rig.server.requests[0]!, 'http://stand-in');
    expect(url.pathname).toBe(path);
    expect(url.searchParams.get('model')).toBe(asked);
    expect(url.searchParams.getAll('keyterm')).toEqual(['Parley', 'São Tomé']);
    expect(url.searchParams.get('language_hint')).toBe(hint);
    probe.session.close();
  });

  it('has no key in its recordings', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stt-wires-'));
    const wires = await WireFolder.at({ folder, clock: systemClock, log: silentLogger });
    rig = await deepgramRig({}, {}, { recorder: wires.recorder('stt', 'deepgram') });
    const probe = await rig.open();
    await probe.count(1, 2);
    probe.session.finish(1);
    await probe.final(1);
    probe.session.close();
    await rig.port.close();
    await wires.close();
    const files = await readdir(folder);
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
    expect(texts.join('')).toContain('ForceEndTurn');
    for (const spelling of [sttKey, encodeURIComponent(sttKey)]) {
      expect(texts.join('')).not.toContain(spelling);
    }
    await rm(folder, { recursive: true });
  });
});

describe('the stand-in, with the vendor’s own client', () => {
  const speech = countedSpeech({ firstNumber: 40, words: 3, rateHz: 16_000 });
  const audio = encodePcm16(new Float32Array([...speech.samples, ...new Float32Array(4800)]));

  it.each(['v1', 'v2'] as const)('%s', async (version) => {
    const server = await startDeepgramStandIn({ apiKey: 'k', delayMs: { p50: 5, p95: 9 } });
    const { origin, url } = server;
    const client = new DeepgramClient({
      apiKey: 'k',
      environment: { base: origin, production: url, agent: url, agentRest: origin },
    });
    const shared = { encoding: 'linear16', sample_rate: 16_000, reconnectAttempts: 0 } as const;
    const Authorization = 'Token k';
    const heard: string[] = [];
    const note = (message: object): void => {
      if (!('type' in message)) return;
      if (message.type === 'TurnInfo' && 'transcript' in message)
        heard.push(String(message.transcript));
      if (message.type === 'Results' && 'channel' in message) {
        const { alternatives } = message.channel as { alternatives: { transcript: string }[] };
        heard.push(alternatives[0]!.transcript);
      }
    };
    if (version === 'v1') {
      const socket = await client.listen.v1.connect({ ...shared, model: 'nova-3', Authorization });
      socket.on('message', note);
      socket.connect();
      await socket.waitForOpen();
      socket.sendMedia(audio);
      socket.sendFinalize({ type: 'Finalize' });
      await setTimeout(150);
      socket.close();
    } else {
      const model = 'flux-general-en';
      const socket = await client.listen.v2.connect({ ...shared, model, Authorization });
      socket.on('message', note);
      socket.connect();
      await socket.waitForOpen();
      socket.sendMedia(audio);
      socket.sendForceEndTurn({ type: 'ForceEndTurn' });
      await setTimeout(150);
      socket.close();
    }
    expect(heard).toContain('40 41 42');
    expect(server.stats.violations).toEqual([]);
    await server.close();
  });
});
