import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { isAgentsOwnText, isForeignText } from '../../../src/turn/echo-text.ts';
import { SpokenTail } from '../../../src/turn/spoken-tail.ts';

const said =
  'Welcome to the hotel. We have a room with a view of the garden for three nights, ' +
  'and breakfast is included in the price.';

describe('a transcript of the agent’s own voice', () => {
  test.each([
    ['word for word', 'we have a room with a view'],
    ['in capitals and punctuation', 'Welcome, to the HOTEL!'],
    ['with misheard words', 'have a rum with a view of the garten'],
    ['with a word that is wrong', 'view of the garden four three nice and breakfast'],
    ['with a word left out', 'a room with view of the garden'],
    ['cut off in a word', 'breakfast is included in the pri'],
  ])('is known: %s', (_name, heard) => {
    expect(isAgentsOwnText(heard, said)).toBe(true);
  });

  test('is known in other languages and scripts', () => {
    expect(
      isAgentsOwnText(
        'ein Zimmer mit Blick auf den Gärten',
        'Wir haben ein Zimmer mit Blick auf den Garten.',
      ),
    ).toBe(true);
    expect(isAgentsOwnText('la habitación tiene', 'La habitación tiene vistas al jardín')).toBe(
      true,
    );
    expect(isAgentsOwnText('我们有一个房间', '您好，我们有一个房间，可以看到花园。')).toBe(true);
  });

  test.each([
    ['nothing', ''],
    ['a single word, even the agent’s', 'breakfast'],
    ['two words', 'the garden'],
    ['common words alone', 'and the with you are'],
    ['yes', 'yes'],
    ['okay', 'okay okay okay'],
    ['an answer in the agent’s words', 'yes please the garden'],
    ['a question', 'how much does that cost'],
    ['a question with some of its words', 'can I have breakfast in the room'],
    ['the echo with the caller on top', 'a room with a view wait stop'],
    ['the echo and then the caller', 'we have a room with a view of the street please'],
    ['the agent’s words in another order', 'price the in breakfast view included'],
    ['a correction', 'no for two nights'],
  ])('is not seen in %s', (_name, heard) => {
    expect(isAgentsOwnText(heard, said)).toBe(false);
  });

  test('is not seen where the agent has said nothing', () => {
    expect(isAgentsOwnText('we have a room with a view', '')).toBe(false);
  });

  const vocabulary =
    'garden breakfast hotel window ticket platform kitchen dinner Thursday station number street ' +
    'doctor market coffee bottle summer travel picture morning';
  const word = fc.constantFrom(...vocabulary.split(' '));

  property.prop(
    [
      fc.uniqueArray(word, { minLength: 14, maxLength: 20 }),
      fc.nat({ max: 6 }),
      fc.integer({ min: 7, max: 8 }),
      fc.nat({ max: 4 }),
    ],
    { seed: 4, numRuns: 200 },
  )('survives one wrong word in seven', (agent, from, length, wrongAt) => {
    const heard = agent.slice(from, from + length);
    heard[wrongAt] = 'xylophone';
    expect(isAgentsOwnText(heard.join(' '), agent.join(' '))).toBe(true);
  });

  property.prop(
    [
      fc.array(word, { minLength: 1, maxLength: 30 }),
      fc.array(fc.lorem({ maxCount: 1 }), { maxLength: 30 }),
    ],
    { seed: 5, numRuns: 200 },
  )('is never seen in words that the agent did not say', (agent, heard) => {
    expect(isAgentsOwnText(heard.join(' '), agent.join(' '))).toBe(false);
  });
});

describe('the tail of what was said', () => {
  test('is the text that began to sound in the window, in order', () => {
    const tail = new SpokenTail(6000);
    tail.add('Welcome ', 0);
    tail.add('to the ', 1000);
    tail.add('hotel.', 2000);
    tail.add(' Not yet.', 9000);
    expect(tail.textAt(2500)).toBe('Welcome to the hotel.');
    expect(tail.textAt(6500)).toBe('to the hotel.');
    expect(tail.textAt(8001)).toBe('');
  });

  test('loses what was cut before it sounded', () => {
    const tail = new SpokenTail();
    tail.add('heard ', 0);
    tail.add('cut', 500);
    tail.cut(400);
    expect(tail.textAt(1000)).toBe('heard ');
  });

  test('keeps a limited number of pieces, the latest', () => {
    const tail = new SpokenTail(1e9);
    for (let i = 0; i < 1000; i += 1) tail.add(`${i} `, i);
    const kept = tail.textAt(2000).trim().split(' ');
    expect(kept.length).toBeLessThanOrEqual(200);
    expect(kept.at(-1)).toBe('999');
  });
});

describe('isForeignText', () => {
  const said = 'we have a table for four at seven or one at the window at half past eight';

  test.each([
    ['four words in a row that the agent has not said', 'please make it larger', true],
    ['… also after the agent’s own', 'at seven or one please make it larger', true],
    ['three of them: an echo can be misheard like that', 'table for please make it', false],
    ['four in which one is the agent’s, misheard', 'please make it windows', false],
    ['one that takes the floor', 'stop', true],
    ['two of which one answers', 'yes exactly', true],
    ['one that means nothing', 'larger', false],
    ['one that the agent has said', 'eight', false],
    ['nothing', '', false],
  ])('%s', (_what, heard, foreign) => {
    expect(isForeignText(heard, said)).toBe(foreign);
  });

  test('is nothing that is an echo', () => {
    expect(isForeignText('stop', 'press stop when you are done')).toBe(false);
    expect(isForeignText('no', 'say yes or no')).toBe(false);
  });
});
