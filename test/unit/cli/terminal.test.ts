import { expect, test } from 'vitest';
import { terminal } from '../../../src/cli/terminal.ts';

test('a line of progress is overwritten by the next, and ended before a plain line', () => {
  let said = '';
  const { line, progress } = terminal({ isTTY: true, write: (text) => (said += text) });
  progress?.('one');
  progress?.('two');
  line('done');
  line('more');
  expect(said).toBe('\rone\rtwo\ndone\nmore\n');
});

test('where nobody watches there is no progress', () => {
  expect(terminal({ write: () => undefined }).progress).toBeNull();
  expect(terminal({ isTTY: false, write: () => undefined }).progress).toBeNull();
});
