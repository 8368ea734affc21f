import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { TextMatcher } from '../../../src/gate/matcher.ts';
import { RedactedText, redacted } from '../../../src/gate/redact.ts';
import { compileRule } from '../../../src/gate/rules.ts';
import { namedPatterns } from '../../../src/ports/gate.ts';

const rules = [
  compileRule({
    kind: 'phrases',
    name: 'promise',
    phrases: ['guarantee a refund', 'off the record', 'idiot*'],
  }),
  ...namedPatterns.map((pattern) => compileRule({ kind: 'pattern', name: pattern, pattern })),
  compileRule({ kind: 'regex', name: 'account', source: 'acct[- ]?\\d{4,6}\\b' }),
];

const planted = [
  'guarantee a refund',
  'GUАRANTEE\u200b a  refund',
  'off—the—record',
  'Idiotic',
  '4111 1111 1111 1111',
  'four one one one, one one one one, one one one one, one one one one',
  'double five double five 5555-5555-4444',
  'DE89 3704 0044 0532 0130 00',
  '219-09-9999',
  '+49 30 1234567',
  'jo.smith@example.com',
  'jo dot smith at example dot com',
  'ACCT-12345',
] as const;

const word = fc.constantFrom(
  'the', 'room', 'costs', '120', 'euros', 'at', 'four', 'one', 'o\'clock', '4', 'off', 'a', '🙂', 'café', 'on', '21.11.', 'guarantee', 'refunds', 'is', 'dot',
); // prettier-ignore
const sentence = fc.array(word, { maxLength: 12 }).map((words) => words.join(' '));
const cuts = fc.array(fc.nat(400), { maxLength: 40 });

function pieces(text: string, places: readonly number[]): readonly string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length));
}

describe('the matcher', () => {
  test.prop([sentence, fc.constantFrom('', ...planted), sentence, cuts])(
    'finds the same however a text is split',
    (before, plant, after, places) => {
      const text = `${before} ${plant} ${after}`;
      const whole = new TextMatcher(rules);
      whole.push(text);
      whole.end();
      const split = new TextMatcher(rules);
      for (const piece of pieces(text, places)) split.push(piece);
      split.end();
      expect(split.hits).toEqual(whole.hits);
      expect(split.safeChars).toBe(whole.safeChars);
    },
  );

  test.prop([sentence, fc.constantFrom(...planted), sentence, cuts])(
    'never lets anything go of what is planted',
    (before, plant, after, places) => {
      const opening = `Well: ${before}; so, `;
      const text = `${opening}${plant}. ${after}`;
      const matcher = new TextMatcher(rules);
      for (const piece of pieces(text, places)) {
        matcher.push(piece);
        expect(matcher.safeChars).toBeLessThanOrEqual(opening.length);
      }
      matcher.end();
      expect(matcher.first).not.toBeNull();
      expect(matcher.safeChars).toBeLessThanOrEqual(opening.length);
    },
  );
});

describe('redaction', () => {
  test.prop([sentence, fc.constantFrom(...planted), sentence, cuts])(
    'shows nothing of it, and pieces show what the whole would',
    (before, plant, after, places) => {
      const text = `${before}; ${plant}. ${after}; that is all, thank you. `;
      // What only looks like it ("guarantee a refunds") stays.
      fc.pre(!before.includes(plant) && !after.includes(plant));
      const whole = redacted(text, rules);
      expect(whole).not.toContain(plant);
      const running = new RedactedText(rules);
      const shown = pieces(text, places)
        .map((piece) => running.push(piece))
        .join('');
      expect(shown).not.toContain(plant);
      expect(whole.startsWith(shown)).toBe(true);
    },
  );
});
