import { describe, expect, it } from 'vitest';
import { TextMatcher } from '../../../src/gate/matcher.ts';
import { compileRule } from '../../../src/gate/rules.ts';
import type { GateRule, NamedPattern } from '../../../src/ports/gate.ts';

function found(rule: GateRule, text: string): readonly string[] {
  const matcher = new TextMatcher([compileRule(rule)]);
  for (const char of text) matcher.push(char);
  matcher.end();
  return matcher.hits.map(({ from, to }) => text.slice(from, to));
}

const pattern = (name: NamedPattern): GateRule => ({ kind: 'pattern', name, pattern: name });
const phrases = (...list: string[]): GateRule => ({ kind: 'phrases', name: 'p', phrases: list });
const regex = (source: string): GateRule => ({ kind: 'regex', name: 'r', source });

describe('phrases', () => {
  it.each([
    ['We GUARANTEE a refund.', 'GUARANTEE a refund'],
    ['we guarantee, a refund', 'guarantee, a refund'],
    ['a gua\u200brantée a re\u00adfund!', 'gua\u200brantée a re\u00adfund'],
    ['guаrаntее a refund', 'guаrаntее a refund'],
    ['ｇｕａｒａｎｔｅｅ a refund', 'ｇｕａｒａｎｔｅｅ a refund'],
    ['(guarantee—a—refund)', 'guarantee—a—refund'],
  ])('are found however they are written: %s', (text, wanted) => {
    expect(found(phrases('guarantee a refund'), text)).toEqual([wanted]);
  });

  it('are whole words, unless they end in a star', () => {
    expect(found(phrases('guarantee'), 'it is guaranteed')).toEqual([]);
    expect(found(phrases('guarantee*'), 'it is guaranteed')).toEqual(['guaranteed']);
    expect(found(phrases('sure'), 'measure, pressure, sureness')).toEqual([]);
  });

  it('need no blanks in scripts that have none', () => {
    expect(found(phrases('保証'), '全額保証します')).toEqual(['保証']);
  });

  it('overlap', () => {
    expect(found(phrases('no no yes'), 'no no no yes')).toEqual(['no no yes']);
  });
});

describe('card', () => {
  it.each([
    ['Your card is 4111111111111111.', '4111111111111111'],
    ['Your card is 4111-1111 1111-1111, right?', '4111-1111 1111-1111'],
    [
      'It is four one one one, one one one one, one one one one, one one one one.',
      'four one one one, one one one one, one one one one, one one one one',
    ],
    ['double five double five 55 55 55 55 44 44', 'double five double five 55 55 55 55 44 44'],
    ['forty one eleven eleven eleven 1111 1111 and so', 'forty one eleven eleven eleven 1111 1111'],
    ['vier eins eins eins 1111 1111 1111 danke', 'vier eins eins eins 1111 1111 1111'],
    ['４１１１１１１１１１１１１１１１', '４１１１１１１１１１１１１１１１'],
    ['3782 822463 10005 thanks', '3782 822463 10005'],
  ])('is found: %s', (text, wanted) => {
    expect(found(pattern('card'), text)[0]).toBe(wanted);
  });

  it.each([
    'Your card is 4111111111111112.',
    'Order 1234567890123456 is on its way.',
    'It costs 4111 euros and 1111 cents, 1111 people bought 1111.',
    'On 2025-11-21 at 14:30 until 16:45, room 411, floor 11.',
    '0000000000000000',
  ])('is not: %s', (text) => {
    expect(found(pattern('card'), text)).toEqual([]);
  });
});

describe('other numbers and addresses', () => {
  it.each<[NamedPattern, string, string]>([
    ['iban', 'Pay to DE89 3704 0044 0532 0130 00 please', 'DE89 3704 0044 0532 0130 00'],
    ['iban', 'GB82WEST12345698765432', 'GB82WEST12345698765432'],
    ['iban', 'gb eight two W E S T 1234 5698 7654 32.', 'gb eight two W E S T 1234 5698 7654 32'],
    ['us-ssn', 'It is 219-09-9999.', '219-09-9999'],
    [
      'us-ssn',
      'two one nine, zero nine, nine nine nine nine.',
      'two one nine, zero nine, nine nine nine nine',
    ],
    ['phone', 'Call +49 30 1234567 now', '+49 30 1234567'],
    ['phone', 'Call 030 1234 567 now', '030 1234 567'],
    ['phone', 'Call (402) 555-2671.', '402) 555-2671'],
    [
      'phone',
      'plus four nine one five one two three four five six',
      'plus four nine one five one two three four five six',
    ],
    ['email', 'Write to jo.smith@example.com today', 'jo.smith@example.com'],
    ['email', 'Write to jo dot smith at example dot com today', 'jo dot smith at example dot com'],
  ])('%s is found: %s', (name, text, wanted) => {
    expect(found(pattern(name), text)).toContain(wanted);
  });

  it.each<[NamedPattern, string]>([
    ['iban', 'Pay to DE89 3704 0044 0532 0130 01 please'],
    ['iban', 'Es kostet 20 Euro, de 20 a 30 personas'],
    ['us-ssn', 'Order 219099999 and 666-09-9999'],
    ['phone', 'On 21.11.2025 at 10:30, 01.02.25 10:30, we have 120 rooms for 1,250 euros'],
    ['email', 'Find us at example dot com. Meet me at noon.'],
  ])('%s is not: %s', (name, text) => {
    expect(found(pattern(name), text)).toEqual([]);
  });
});

describe('expressions', () => {
  it('find the longest, from the first', () => {
    expect(found(regex('acct-\\d{4,6}\\b'), 'ACCT-12345 ok, acct-123 not')).toEqual(['ACCT-12345']);
    expect(found(regex('(?:foo|ba[rz])+'), 'x foobarbaz y')).toContain('foobarbaz');
    expect(found(regex('\\bcat\\b'), 'concat cat cats')).toEqual(['cat']);
  });

  it('take no longer for texts made to be slow', () => {
    const startMs = performance.now();
    expect(found(regex('(?:a+)+b'), 'a'.repeat(5_000))).toEqual([]);
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });

  it.each([
    '(a',
    'a)',
    '[a',
    '(?=a)',
    '(a)\\1',
    '^a',
    'a*',
    'a{3,2}',
    'a**',
    '+a',
    '(?:a{200}){200}',
  ])('are refused: %s', (source) => {
    expect(() => compileRule(regex(source))).toThrow();
  });
});

describe('languages', () => {
  const english: GateRule = { kind: 'languages', name: 'l', languages: ['en'] };

  it('finds other scripts at once, and Latin ones by small words', () => {
    expect(found(english, 'Hello. Здравствуйте')).toContain('Здравствуйте');
    expect(
      found(english, 'Natürlich, ich kann Ihnen das nicht sagen und bitte warten'),
    ).not.toEqual([]);
  });

  it('leaves names and loans alone', () => {
    expect(
      found(english, 'You are in the Hotel de la Paix, and the spelling of pаypal is on file.'),
    ).toEqual([]);
  });
});
