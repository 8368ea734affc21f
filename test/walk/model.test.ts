import { bySilence } from './options.ts';
import { expect, it } from 'vitest';
import { report, walk } from './walk.ts';

it('under model authority: the walk sees every world there is', { timeout: 180_000 }, () => {
  const talk = ['speech', 'silence', 'hiss', 'wait', 'begins', 'audio', 'done', 'yields'] as const;
  const rest = [
    'mhm',
    'classifier',
    'commit',
    'clear',
    'interrupt',
    'mute',
    'down',
    'one',
  ] as const;
  const walked = walk([...talk, ...rest], bySilence('model'), 60);
  report('model', walked);
  expect(walked.complete).toBe(true);
  expect(walked.states).toBeGreaterThan(1_000);
});
