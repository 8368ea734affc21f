import { describe, expect, test } from 'vitest';
import type { BlockKind } from '../../../../../../adapters/backends/cascade/text/clause.ts';
import { pronunciations } from '../../../../../../adapters/backends/cascade/text/pronunciation.ts';
import { noStyles } from '../../../../../../adapters/backends/cascade/text/style-tags.ts';
import { verbalise } from '../../../../../../adapters/backends/cascade/text/verbalise.ts';
import { speak } from './speaking.ts';

describe('markup never reaches the voice', () => {
  const table: readonly (readonly [kind: BlockKind, written: string, spoken: string])[] = [
    ['paragraph', '**Bold** and *it* and __so__ ~~gone~~ `code`', 'Bold and it and so gone code'],
    ['paragraph', '**Half of it', 'Half of it'],
    ['paragraph', 'of it** goes on', 'of it goes on'],
    ['paragraph', 'See [our page](https://x.example/y).', 'See our page.'],
    ['paragraph', 'page](https://x.example/y) now', 'page now'],
    ['paragraph', '![A red door](door.png)', 'A red door'],
    ['paragraph', 'Known since[1] then[^2].', 'Known since then.'],
    ['paragraph', 'snake_case and 2 * 3', 'snake_case and two times three'],
    ['paragraph', 'a <b>bold</b><br> word', 'a bold word'],
    ['paragraph', '\\*not emphasis\\*', 'not emphasis'],
    ['heading', '## The **rooms**', 'The rooms.'],
    ['heading', '# 房间', '房间。'],
    ['item', '- A single room', 'A single room.'],
    ['item', '- [x] Done already!', 'Done already!'],
    ['item', '2. Open the door', 'two. Open the door.'],
    ['quote', '> To be', 'To be'],
    ['table', '| Room | Price | 80 € |', 'Room, Price, eighty euros.'],
    ['table', '|---|:---:|', ''],
    ['paragraph', '---', ''],
    ['code', 'const a = 1;', ''],
    ['paragraph', 'Great 😀! 👩‍👩‍👧‍👦 🇩🇪 ✅ yes', 'Great! yes'],
    ['paragraph', '😀', ''],
  ];
  test.each(table)('%s: %s → %s', (kind, written, spoken) => {
    expect(speak(written, { kind }).text).toBe(spoken);
  });

  test('what is left out is counted', () => {
    expect(speak('a\nb', { kind: 'code' }).dropped.codeLines).toBe(2);
    expect(speak('|--|--|', { kind: 'table' }).dropped.rules).toBe(1);
    const { dropped } = speak('[a](b) ![c](d) 😀 👍🏽 <whisper>e</whisper>');
    expect(dropped).toMatchObject({ addresses: 1, images: 1, emoji: 2, styles: 1 });
  });
});

describe('styles', () => {
  const voiceStyles = { whisper: 'soft-voice', cheerful: 'joy' };

  test('a tag becomes a stretch in the voice’s own style', () => {
    const { text, styles } = speak('Listen: <whisper>room 5</whisper> is free.', { voiceStyles });
    expect(text).toBe('Listen: room five is free.');
    expect(
      styles.map(({ style, spokenStart, spokenEnd }) => [
        style,
        text.slice(spokenStart, spokenEnd),
      ]),
    ).toEqual([['soft-voice', 'room five']]);
  });

  test('a style goes on in the next clause until it ends', () => {
    const options = { language: 'en', dictionary: [], voiceStyles };
    const first = verbalise(
      { text: '[cheerful] Hello! <whisper>You', kind: 'paragraph' },
      options,
      noStyles,
    );
    expect(first.styles.map(({ style }) => style)).toEqual(['joy', 'soft-voice']);
    const second = verbalise(
      { text: 'there</whisper> again.', kind: 'paragraph' },
      options,
      first.open,
    );
    expect(second.text).toBe('there again.');
    expect(second.styles).toEqual([
      { style: 'soft-voice', spokenStart: 0, spokenEnd: 5 },
      { style: 'joy', spokenStart: 5, spokenEnd: 12 },
    ]);
    const third = verbalise({ text: '[neutral] Bye.', kind: 'paragraph' }, options, second.open);
    expect(third.styles).toEqual([]);
  });

  test('a style the voice lacks is dropped, and words in brackets that are no style stay', () => {
    const said = speak('[laughs] That is [your name] then.', { voiceStyles });
    expect(said.text).toBe('That is [your name] then.');
    expect(said.dropped.styles).toBe(1);
    expect(said.styles).toEqual([]);
  });
});

describe('an agent’s dictionary', () => {
  const dictionary = pronunciations([
    { written: 'nginx', spoken: 'engine x' },
    { written: 'Reading', spoken: 'Redding' },
    { written: 'New York', spoken: 'Nu Jork' },
    { written: 'New York City', spoken: 'the City' },
    { written: 'C++', spoken: 'see plus plus' },
    { written: 'SQL', spoken: 'sequel', match: 'any' },
    { written: '北京', spoken: 'Běijīng' },
  ]);
  test.each([
    ['NGINX and nginx-like, not nginxes', 'engine x and engine x-like, not nginxes'],
    ['Reading is fun, reading too', 'Redding is fun, reading too'],
    ['New York and New York City', 'Nu Jork and the City'],
    ['C++ or sql', 'see plus plus or sequel'],
    ['我在北京住', '我在Běijīng住'],
  ])('%s → %s', (written, spoken) => {
    expect(speak(written, { dictionary }).text).toBe(spoken);
  });

  test('an entry with nothing written is refused', () => {
    expect(() => pronunciations([{ written: ' ', spoken: 'x' }])).toThrow(RangeError);
  });

  test('what it says is not read again', () => {
    const five = pronunciations([{ written: 'Fünf', spoken: 'F 5' }]);
    expect(speak('Fünf', { dictionary: five }).text).toBe('F 5');
  });
});
