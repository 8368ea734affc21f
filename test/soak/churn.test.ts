import { expect, test } from 'vitest';
import { BadClient } from '../bad-input/client.ts';
import { EnergyDetector } from '../support/energy-detector.ts';
import { churn } from './churning.ts';
import { House } from './house.ts';

const config = `
server: { defaultAgent: rehearsal, drainMs: 0 }
backends: { quick: { type: rehearsal, firstAudioMs: { p50: 50, p95: 100 } } }
agents: { quick: { backends: [quick] } }
`;

test('100 calls, half of them to the model, dropped at random points, leave nothing behind', async () => {
  const house = await House.open({ config, detector: new EnergyDetector() });
  const atRest = await house.holdings();
  // The counts are live ones: a call shows in each of them.
  const one = await BadClient.open(house.callUrl('parrot'));
  await expect
    .poll(() => house.holdings())
    .toMatchObject({ calls: 1, sockets: 1, detectorStreams: 1, modelRows: 1 });
  await one.close();
  const ends = await churn({
    urlOf: (call) => house.callUrl(call % 2 === 0 ? 'parrot' : 'quick'),
    calls: 100,
    atOnce: 25,
    useMs: 500,
    seed: 7,
  });
  for (const count of Object.values(ends)) expect(count).toBeGreaterThan(10);
  await expect.poll(() => house.holdings(), { timeout: 10_000 }).toEqual(atRest);
  await house.close();
});
