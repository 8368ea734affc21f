import { expect, test } from 'vitest';
import { split } from './splitting.ts';

const shown = (answer: string): readonly string[] =>
  split([answer]).map(({ kind, text }) => `${kind}: ${text}`);

test('every line of a list, a heading, a table and code is a clause of its kind', () => {
  const answer = [
    'Here you go:',
    '',
    '## Rooms',
    '- Single, 80 euros',
    '* Double. With bath.',
    '1. First',
    '2) Second',
    '> Quoted',
    '```js',
    'const a = 1;',
    '',
    'b.',
    '```',
    '| a | b |',
    '|---|---|',
    '| 1 | 2 |',
    'Done.',
  ].join('\n');
  expect(shown(answer)).toEqual([
    'paragraph: Here you go:',
    'heading: ## Rooms',
    'item: - Single, 80 euros',
    'item: * Double. With bath.',
    'item: 1. First',
    'item: 2) Second',
    'quote: > Quoted',
    'code: ```js',
    'code: const a = 1;',
    'code: b.',
    'code: ```',
    'table: | a | b |',
    'table: |---|---|',
    'table: | 1 | 2 |',
    'paragraph: Done.',
  ]);
});

test('a wrapped line goes on, a new line is a pause', () => {
  expect(shown('This line was wrapped\nin the middle of it.')).toEqual([
    'paragraph: This line was wrapped\nin the middle of it.',
  ]);
  expect(shown('Roses are red my dear\nViolets are blue')).toEqual([
    'paragraph: Roses are red my dear',
    'paragraph: Violets are blue',
  ]);
});

test('what only looks like markup is text', () => {
  expect(
    shown('-5 degrees today and *very* cold. #winter is here.').map((line) => line.slice(0, 9)),
  ).toEqual(['paragraph', 'paragraph']);
  expect(shown('```inline``` code goes on.\nMore of it.').at(-1)).toBe('paragraph: More of it.');
});

test('positions are those of the answer', () => {
  const answer = '  Hello there!  \n\n- One\n- Two  ';
  for (const { start, end, text } of split([answer])) expect(answer.slice(start, end)).toBe(text);
});
