import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TextMatcher } from '../../../src/gate/matcher.ts';
import { compileRule } from '../../../src/gate/rules.ts';
import { gateOf, gateSchema } from '../../../src/server/config-gate.ts';
import { backendKinds } from './backends.ts';
import { judge } from './judge.ts';
import { cleanSentences, gateRules, plantedSentences } from './plants.ts';
import { openGateStage, type GateStage } from './stage.ts';

/** A few of the sentences of `bench/gate`, on every backend, by the ear's recording. */
const gate = { holdBackMs: 400, rules: gateRules };
const plants = plantedSentences(3, 1);

describe('what may not be said', () => {
  let stage: GateStage;
  beforeAll(async () => {
    const sentences = plants.map(({ words }) => words);
    stage = await openGateStage(
      backendKinds.map((kind) => ({ kind, sentences, realTimeFactor: 4, gate })),
    );
  }, 30_000);
  afterAll(() => stage.close());

  describe('is not heard', { concurrent: true }, () => {
    it.each(backendKinds)('%s', { timeout: 60_000 }, async (kind) => {
      const { gateEvents, numbers, said } = await stage.hear(backendKinds.indexOf(kind));
      const judged = judge(plants, said, numbers);
      expect(judged.filter(({ audible }) => audible.length > 0)).toEqual([]);
      const hits = gateEvents.filter(({ type }) => type === 'gate.hit');
      expect(hits.map(({ rule }) => rule)).toEqual(plants.map(({ rule }) => rule));
      expect(stage.violations()).toEqual([]);
    });
  });
});

it('finds nothing in the sentences that delay is measured with', () => {
  const { rules } = gateOf(gateSchema.parse(gate));
  for (const sentence of cleanSentences) {
    const matcher = new TextMatcher(rules.map(compileRule));
    matcher.push(sentence);
    matcher.end();
    expect(matcher.first, sentence).toBe(null);
  }
});
