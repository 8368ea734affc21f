import { expect, test } from 'vitest';
import { BadClient } from '../bad-input/client.ts';
import { EnergyDetector } from '../support/energy-detector.ts';
import { House } from '../soak/house.ts';
import { emptyOutcome, fuzz } from './fuzzed-socket.ts';
import { fuzzMessages } from './generator.ts';

/** Seeds that found something stay in front. */
const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
const messagesPerSeed = 10_000;

const config = `
server: { defaultAgent: rehearsal, drainMs: 0 }
backends:
  long:
    type: rehearsal
    firstAudioMs: { p50: 20, p95: 20 }
    script: { turns: [ { text: "One two three four five six seven eight nine ten eleven twelve." } ] }
agents:
  good: { backends: [long] }
  parrot: { backends: [rehearsal] }
`;

test('10⁵ messages of all kinds end nothing, touch no other call and leave nothing behind', async () => {
  const detector = new EnergyDetector();
  const house = await House.open({ config, detector });
  const atRest = await house.holdings();
  const good = await BadClient.open(house.callUrl('good'));
  const outcomes = seeds.map(() => emptyOutcome());
  const state = { over: false };
  const fuzzed = Promise.all(
    seeds.map((seed, place) =>
      fuzz(house.callUrl(), fuzzMessages(seed, messagesPerSeed), outcomes[place]!),
    ),
  ).finally(() => (state.over = true));

  // Beside all that, a good call asks again and again and hears every answer to its end.
  const lengths = new Set<number>();
  let answers = 0;
  do {
    good.send({ type: 'response.create' });
    answers += 1;
    await good.count('response.done', answers);
    lengths.add(heardBytes(good, answers));
  } while (!state.over);
  await fuzzed;

  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({
      sent: messagesPerSeed,
      oddCloses: [],
      oddMessages: 0,
      serverErrors: [],
    });
    expect(outcome.errors).toBeGreaterThan(messagesPerSeed / 10);
  }
  expect([...lengths]).toHaveLength(1);
  expect([...lengths][0]).toBeGreaterThan(24_000 * 2);
  expect(good.codes).toEqual([]);
  await good.close();
  await expect.poll(() => house.holdings(), { timeout: 10_000 }).toEqual(atRest);
  expect(detector.figures()['streams']).toBe(0);
  await house.close();
}, 120_000);

/** Audio of the answer that is the n-th, in bytes. */
function heardBytes(client: BadClient, answer: number): number {
  let done = 0;
  let bytes = 0;
  for (const event of client.events) {
    if (event.type === 'response.output_audio.delta' && done === answer - 1) {
      bytes += Buffer.from(event['delta'] as string, 'base64').byteLength;
    }
    if (event.type === 'response.done') done += 1;
  }
  return bytes;
}
