import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countedSpeech, countWords, hearNumbers } from '../ear/counted-speech.ts';
import { Ear, type EarOptions } from '../ear/ear.ts';
import { HandoverPair } from './handover-pair.ts';
import { openAiWire } from './openai-wire.ts';
import type { CallRecord } from '../../src/ports/store.ts';

const rateHz = 24_000;
const words = 8;
let pair: HandoverPair;

beforeAll(async () => {
  pair = await HandoverPair.start({ words });
  expect(pair.gateway.reasons).toEqual([]);
});
afterAll(() => pair.close());

/** A call of the stock client that loses its backend at a moment of the caller's choice. */
async function talk(
  model: string,
  moment: (ear: Ear) => Promise<void>,
  options: EarOptions = {},
): Promise<{ ear: Ear; numbers: readonly number[]; record: CallRecord }> {
  const wire = openAiWire({ url: pair.gateway.url, model, ca: pair.certificate });
  const ear = await Ear.connect(wire, {
    session: {
      type: 'realtime',
      audio: { input: { turn_detection: null, transcription: { model: 'any' } } },
    },
    line: { noiseDbfs: null },
    ...options,
  });
  await ear.waitFor('session.updated');
  await moment(ear);
  await ear.untilQuiet(1500);
  const heard = hearNumbers(ear.recording().heard, rateHz);
  const numbers = heard.map(({ number }) => number);
  const count = countWords(numbers, heard);
  expect(count.repeated).toEqual([]);
  await ear.close();
  return { ear, numbers, record: await newestRecord() };
}

/** The record of the newest call. */
async function newestRecord(): Promise<CallRecord> {
  const list = (await pair.fetched('/api/calls')) as { calls: { callId: string }[] };
  const [newest] = list.calls;
  return (await pair.fetched(`/api/calls/${newest?.callId ?? ''}`)) as CallRecord;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** Answers that the client was shown, by how they ended. */
const endings = (ear: Ear): unknown[] =>
  ear.events.flatMap(({ event }) =>
    event.type === 'response.done' ? [(event['response'] as { status: string }).status] : [],
  );

describe('a stock client whose backend is lost', () => {
  it.each([
    ['forth', 'openai', 'gemini'],
    ['back', 'gemini', 'openai'],
    ['down', 'openai', 'cascade'],
  ] as const)('%s: mid-word, the next one goes on counting', async (model, dying, next) => {
    const { ear, numbers, record } = await talk(model, async (it) => {
      it.send({ type: 'response.create' });
      await it.untilPlaying(700);
      pair.kill(dying);
      await it.waitFor('response.done');
    });
    expect(numbers).toEqual(upTo(numbers.length));
    expect(numbers.length).toBeGreaterThan(words);
    expect(endings(ear)).toEqual(['incomplete', 'completed']);
    expect(ear.failures).toEqual([]);
    expect(ear.types).not.toContain('error');
    expect(record.handovers).toMatchObject([{ from: dying, to: next, cause: 'backend_closed' }]);
    const [done] = record.events.filter(({ type }) => type === 'handover.done');
    expect(done).toMatchObject({ from: dying, to: next, gapMs: record.handovers[0]?.gapMs });
    // Nothing at all where the old one's sound lasted until then.
    // The next one's own first audio is in it, and nothing else that takes long.
    expect(record.handovers[0]?.gapMs).toBeGreaterThanOrEqual(0);
    expect(record.handovers[0]?.gapMs).toBeLessThan(3000);
  });

  it('sees one answer where none had begun, and what the caller said is understood', async () => {
    const { samples } = countedSpeech({ firstNumber: 1, words: 5, rateHz });
    const { ear, numbers, record } = await talk('forth', async (it) => {
      await it.say(samples).left;
      it.send({ type: 'input_audio_buffer.commit' });
      it.send({ type: 'response.create' });
      await it.waitFor('response.created');
      pair.kill('openai');
      await it.waitFor('response.done');
    });
    expect(endings(ear)).toEqual(['completed']);
    expect(numbers).toEqual(upTo(words));
    expect(record.turns[0]?.userText).toBe('1 2 3 4 5');
    expect(ear.types.filter((type) => type === 'input_audio_buffer.committed')).toHaveLength(1);
  });
});
