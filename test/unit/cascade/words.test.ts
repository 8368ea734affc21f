import { describe, expect, it } from 'vitest';
import { pronunciations } from '../../../adapters/backends/cascade/text/pronunciation.ts';
import { sameWords } from '../../../adapters/backends/cascade/words.ts';

const speaking = (language: string) => ({
  language,
  dictionary: pronunciations([]),
  voiceStyles: {},
});

describe('two texts of a recogniser', () => {
  it.each([
    ['en', 'a table for two', 'A table for 2.'],
    ['en', 'we are twenty one', 'We are 21!'],
    ['en', 'Yes, thank you', 'yes thank you.'],
    ['de', 'ein Tisch für zwei', 'Ein Tisch für 2.'],
  ])('say the same (%s): %s, %s', (language, one, other) => {
    expect(sameWords(one, other, speaking(language))).toBe(true);
    expect(sameWords(other, one, speaking(language))).toBe(true);
  });

  it.each([
    ['en', 'a table for two', 'A table for 3.'],
    ['en', 'a table for 2', 'A table for 20.'],
    ['en', 'a table', 'A cable.'],
    ['en', 'for two', 'to'],
  ])('say something else (%s): %s, %s', (language, one, other) => {
    expect(sameWords(one, other, speaking(language))).toBe(false);
  });
});
