import { bySilence } from './options.ts';
import { expect, it } from 'vitest';
import { report, walk } from './walk.ts';

it('under backend authority: the walk sees every world there is', { timeout: 180_000 }, () => {
  const talk = ['speech', 'silence', 'wait', 'respond', 'audio', 'done', 'yields'] as const;
  const words = ['backendStart', 'backendStop', 'backendCut', 'mhm'] as const;
  const hands = ['commit', 'clear', 'interrupt', 'mute', 'down', 'one'] as const;
  const walked = walk([...talk, ...words, ...hands], bySilence('backend'), 60);
  report('backend', walked);
  expect(walked.complete).toBe(true);
  expect(walked.states).toBeGreaterThan(1000);
});
