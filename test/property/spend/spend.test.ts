import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import type { Usage } from '../../../src/ports/backend.ts';
import { usageKinds, type Quantities } from '../../../src/ports/usage.ts';
import { addCost, costOf, noCost, type PriceTable } from '../../../src/spend/prices.ts';
import { addQuantities, quantitiesOf } from '../../../src/spend/quantities.ts';
import { UsageFold } from '../../../src/spend/usage-fold.ts';

const count = fc.nat({ max: 100_000 });
const maybe = fc.option(count);
const report: fc.Arbitrary<Usage> = fc.record(
  {
    inputTextTokens: maybe,
    inputAudioTokens: maybe,
    inputCachedTokens: maybe,
    outputTextTokens: maybe,
    outputAudioTokens: maybe,
    inputCachedTextTokens: maybe,
    inputCachedAudioTokens: maybe,
  },
  {
    requiredKeys: [
      'inputTextTokens',
      'inputAudioTokens',
      'inputCachedTokens',
      'outputTextTokens',
      'outputAudioTokens',
    ],
  },
);
const price = fc.integer({ min: 0, max: 10_000 }).map((cents) => cents / 100);
const table: fc.Arbitrary<PriceTable> = fc.record({
  currency: fc.constant('USD'),
  asOf: fc.constant(null),
  source: fc.constant(null),
  inputTextPerMillion: price,
  inputAudioPerMillion: price,
  inputCachedTextPerMillion: price,
  inputCachedAudioPerMillion: price,
  outputTextPerMillion: price,
  outputAudioPerMillion: price,
  perMinute: price,
  perRecognisedMinute: price,
  perMillionCharacters: price,
});
const beside: fc.Arbitrary<Quantities> = fc.record({
  sessionMs: count,
  connectedMs: count,
  recognisedAudioMs: count,
  spokenCharacters: count,
  toolCalls: fc.nat(20),
});

test.prop([fc.array(fc.tuple(report, beside), { maxLength: 30 }), table])(
  'the costs of all records are the cost of their sum',
  (reports, prices) => {
    const parts = reports.map(([usage, more]) => addQuantities(quantitiesOf(usage) ?? {}, more));
    const apart = parts.map((part) => costOf(part, prices)).reduce(addCost, noCost);
    const together = costOf(parts.reduce<Quantities>(addQuantities, {}), prices);
    expect(apart.known).toBeCloseTo(together.known, 6);
    expect(apart.amount === null).toBe(together.amount === null);
    expect(new Set(apart.missing)).toEqual(new Set(together.missing));
  },
);

test.prop([report, table])('cached tokens take the place of input, once', (usage, prices) => {
  const used = quantitiesOf(usage);
  if (used === null) return;
  const { inputTextTokens = 0, inputAudioTokens = 0 } = used;
  const { inputCachedTextTokens = 0, inputCachedAudioTokens = 0, inputCachedTokens = 0 } = used;
  expect(inputCachedTextTokens).toBeLessThanOrEqual(inputTextTokens);
  expect(inputCachedAudioTokens).toBeLessThanOrEqual(inputAudioTokens);
  expect(inputCachedTextTokens + inputCachedAudioTokens).toBeLessThanOrEqual(inputCachedTokens);
  expect(inputCachedTokens).toBeLessThanOrEqual(inputTextTokens + inputAudioTokens);
  // Where cached costs what other input does, caching changes nothing.
  const { inputTextPerMillion = 0, inputAudioPerMillion = 0 } = prices;
  const same: PriceTable = {
    ...prices,
    inputCachedTextPerMillion: inputTextPerMillion,
    inputCachedAudioPerMillion: inputAudioPerMillion,
  };
  const uncached = quantitiesOf({
    ...usage,
    inputCachedTokens: 0,
    inputCachedTextTokens: 0,
    inputCachedAudioTokens: 0,
  });
  expect(costOf(used, same).known).toBeCloseTo(costOf(uncached!, same).known, 9);
});

test.prop([
  fc.array(
    fc.record({
      backend: fc.constantFrom('one', 'two'),
      source: fc.constantFrom('reported', 'counted'),
      used: fc.dictionary(fc.constantFrom(...usageKinds), count),
    }),
    { maxLength: 30 },
  ),
  table,
])('a fold keeps every quantity, whatever the order', (entries, prices) => {
  const counted = entries.map((entry) => ({ ...entry, cost: costOf(entry.used, prices) }));
  const [one, other] = [new UsageFold(), new UsageFold()];
  for (const entry of counted) one.push(entry);
  for (const entry of counted.toReversed()) other.push(entry);
  for (const backend of ['one', 'two']) {
    const amounts = one.usage().find((usage) => usage.backend === backend)?.amounts;
    const again = other.usage().find((usage) => usage.backend === backend)?.amounts;
    expect(again).toEqual(amounts);
    for (const kind of usageKinds) {
      const sum = counted
        .filter((entry) => entry.backend === backend)
        .reduce((total, { used }) => total + (used[kind] ?? 0), 0);
      expect(amounts?.[kind].amount ?? 0).toBe(sum);
    }
  }
});
