import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TextMatcher } from '../../../src/gate/matcher.ts';
import { compileRule } from '../../../src/gate/rules.ts';
import { gateOf, gateSchema } from '../../../src/server/config-gate.ts';
import { backendKinds } from './backends.ts';
import { judge } from './judge.ts';
import { cleanSentences, gateRules, plantedSentences } from './plants.ts';
import { openGateStage, type GateStage } from './stage.ts';

/**
 * A few of the sentences of `bench/gate`, on every backend, by the ear's recording. A machine that is
 * busy may let a word of what comes beside its text slip, as a slow network would; all of it never.
 */
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
      expect(judged.filter(({ whole }) => whole)).toEqual([]);
      const audible = judged.flatMap((each) => each.audible);
      const isBeside = kind !== 'rehearsal' && kind !== 'cascade';
      expect(audible.length).toBeLessThanOrEqual(isBeside ? 3 : 0);
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
