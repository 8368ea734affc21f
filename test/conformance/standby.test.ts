import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { hearNumbers } from '../ear/counted-speech.ts';
import { Ear } from '../ear/ear.ts';
import { HandoverPair } from './handover-pair.ts';
import { openAiWire } from './openai-wire.ts';
import type { CallRecord } from '../../src/ports/store.ts';

const rateHz = 24_000;
const words = 5;
let pair: HandoverPair;

beforeAll(async () => {
  pair = await HandoverPair.start({ words, manner: { standby: 'always' } });
  expect(pair.gateway.reasons).toEqual([]);
});
afterAll(() => pair.close());

/** A figure of a backend as its operator sees it. */
async function figure(backend: string, name: string): Promise<number | undefined> {
  const { backends } = (await pair.fetched('/api/backends')) as {
    backends: { name: string; figures: Record<string, number> }[];
  };
  return backends.find((each) => each.name === backend)?.figures[name];
}

it.each([
  ['forth', 'openai', 'gemini'],
  ['back', 'gemini', 'openai'],
  ['down', 'openai', 'cascade'],
] as const)('%s: the session that stood by goes on counting', async (model, dying, next) => {
  let callId = '';
  const wire = openAiWire({
    url: pair.gateway.url,
    model,
    ca: pair.certificate,
    onCallId: (id) => (callId = id),
  });
  const ear = await Ear.connect(wire, {
    session: {
      type: 'realtime',
      audio: { input: { turn_detection: null, transcription: { model: 'any' } } },
    },
    line: { noiseDbfs: null },
  });
  onTestFinished(() => ear.close());
  await ear.waitFor('session.updated');
  const answered = async (times: number): Promise<void> => {
    ear.send({ type: 'response.create' });
    const done = (): number => ear.types.filter((type) => type === 'response.done').length;
    await expect.poll(done, { timeout: 10_000 }).toBe(times);
    await ear.untilQuiet(500);
  };
  await answered(1);
  pair.kill(dying);
  await answered(2);
  const record = (await pair.fetched(`/api/calls/${callId}`)) as CallRecord;
  const heard = hearNumbers(ear.recording().heard, rateHz);
  const numbers = heard.map(({ number }) => number);
  expect(numbers).toEqual(Array.from({ length: 2 * words }, (_, place) => place + 1));
  expect(ear.types).not.toContain('error');
  expect(ear.failures).toEqual([]);
  await ear.close();
  const { events } = record;
  const adopted = events.filter(({ type }) => type === 'standby.closed');
  expect(adopted).toMatchObject([{ backend: next, outcome: 'adopted' }]);
  expect(await figure(next, 'standbysAdopted')).toBeGreaterThan(0);
  const ready = events.filter(({ type }) => type === 'backend.ready');
  expect(ready.at(-1)).toMatchObject({ backend: next, openMs: 0 });
  expect(events.filter(({ type }) => type === 'handover.done')).toHaveLength(1);
  // Nobody stands by for a call that is over.
  await expect.poll(() => figure(dying, 'standbys'), { timeout: 5000 }).toBe(0);
});
