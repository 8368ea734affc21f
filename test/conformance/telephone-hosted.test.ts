import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Ear } from '../ear/ear.ts';
import { ownWire } from '../ear/own-wire.ts';
import { fixture } from '../ear/speech.ts';
import { telephoneWire, wireFormats } from '../ear/telephone-wire.ts';
import { audioOf } from '../ear/wire.ts';
import { pcma8k, pcmu8k } from '../../src/audio/format.ts';
import { prepareResampler } from '../../src/audio/resampler.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerSound } from '../upstream/answer-sound.ts';
import { startStandIn, type StandIn } from '../upstream/openai-realtime-server.ts';

const key = 'sk-telephone-secret';
const words = 'We have two tables by the window.';
const formats = { input: pcmu8k, output: pcma8k };

let upstream: StandIn;
let gateway: TestGateway;

beforeAll(async () => {
  await prepareResampler();
  vi.stubEnv('TELEPHONE_TEST_KEY', key);
  upstream = await startStandIn({ apiKey: key, seed: 7, answers: [{ text: words }] });
  const { url } = upstream;
  const type = 'openai-realtime';
  const hosted = { type, model: 'gpt-realtime-2.1', apiKeyEnv: 'TELEPHONE_TEST_KEY', url };
  const config = { backends: { hosted }, agents: { desk: { backends: ['hosted'] } } };
  gateway = await startGateway({ config: JSON.stringify(config) });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  vi.unstubAllEnvs();
});

it('a hosted backend is spoken to in the formats of the client, and its bytes go through untouched', async () => {
  const own = ownWire({ url: `${gateway.wsUrl}/v1/realtime`, agent: 'desk' });
  const ear = await Ear.connect(telephoneWire(own, formats), {
    session: { type: 'realtime', audio: wireFormats(formats) },
  });
  const clip = fixture('table').samples;
  ear.say(clip);
  await ear.waitFor('response.done');
  await ear.close();
  expect(ear.failures).toEqual([]);
  const heard = ear.events.map(({ event }) => audioOf(event)?.bytes ?? new Uint8Array(0));
  expect(Buffer.concat(heard)).toEqual(answerSound(words, 'audio/pcma'));
  const session = upstream.sessions.at(-1)!;
  expect(session.state).toMatchObject({ inputFormat: 'audio/pcmu', outputFormat: 'audio/pcma' });
  const [turn] = session.conversation.items;
  expect(turn!.audioMs).toBeGreaterThan(clip.length / 24 - 300);
  expect(turn!.audioMs).toBeLessThan(clip.length / 24 + 3500);
});
