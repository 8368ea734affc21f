import { expect, it } from 'vitest';
import { TextMatcher } from '../../../src/gate/matcher.ts';
import { compileRule } from '../../../src/gate/rules.ts';
import { gateOf, gateSchema } from '../../../src/server/config-gate.ts';
import { gateRules } from '../../conformance/gate/plants.ts';
import { cleanSentences } from './clean-sentences.ts';

const rules = gateOf(gateSchema.parse({ rules: gateRules })).rules.map(compileRule);

/** What the rules find in sentences that break none. */
function falseHits(sentences: readonly string[]): readonly string[] {
  return sentences.flatMap((sentence) => {
    const matcher = new TextMatcher(rules);
    matcher.push(sentence);
    matcher.end();
    const hit = matcher.first;
    return hit === null ? [] : [`${hit.rule}: ${sentence.slice(hit.from, hit.to)} in: ${sentence}`];
  });
}

it('finds nothing in 2,000 sentences that break no rule, each by itself', () => {
  expect(falseHits(cleanSentences(2_000, 7))).toEqual([]);
});

it('finds nothing in them as one agent says them, four in a row', () => {
  const all = cleanSentences(2_000, 8);
  const answers = Array.from({ length: 500 }, (_, at) => all.slice(at * 4, at * 4 + 4).join(' '));
  expect(falseHits(answers)).toEqual([]);
});
