import { byMeaning, bySilence } from './options.ts';
import { expect, it } from 'vitest';
import { report, walk } from './walk.ts';

const talk = ['speech', 'silence', 'wait', 'respond', 'audio', 'done'] as const;
const words = ['stop', 'mhm', 'words', 'final'] as const;
const client = ['commit', 'clear', 'interrupt'] as const;
const sounds = ['hiss', 'echo', 'murky', 'asked', 'ownVoice', 'classifier'] as const;
const hands = ['mute', 'down', 'up', 'one', 'hash', 'toolStart', 'toolEnd'] as const;

it(
  'under gateway authority, caller and agent: the walk sees every world there is',
  { timeout: 180_000 },
  () => {
    const walked = walk([...talk, ...words, ...client], bySilence('gateway'), 60);
    report('gateway, words over the agent', walked);
    expect(walked.complete).toBe(true);
    expect(walked.states).toBeGreaterThan(50_000);
    expect(walked.depth).toBeGreaterThanOrEqual(14);
  },
);

it('under gateway authority, keys, tools and talk: to a depth', { timeout: 180_000 }, () => {
  const walked = walk([...talk, ...hands, 'interrupt'], bySilence('gateway'), 7);
  report('gateway, hands and tools', walked);
  expect(walked.states).toBeGreaterThan(10_000);
});

it('under gateway authority, everything at once: to a depth', { timeout: 180_000 }, () => {
  const all = [...talk, ...words, ...client, ...sounds, ...hands];
  const walked = walk(all, bySilence('gateway'), 6);
  report('gateway, all inputs', walked);
  expect(walked.states).toBeGreaterThan(10_000);
});

it('under gateway authority, scores and speculation: to a depth', { timeout: 180_000 }, () => {
  const moves = [...talk, 'words', 'mhm', 'final', 'score', 'context', 'one'] as const;
  const walked = walk([...moves, 'interrupt'], byMeaning('gateway'), 8);
  report('gateway, scores, speculation and calm', walked);
  expect(walked.states).toBeGreaterThan(10_000);
});

it(
  'under gateway authority, an agent that may hear itself: to a depth',
  { timeout: 180_000 },
  () => {
    const moves = [...talk, 'murky', 'unheard', 'echo', 'words', 'foreign', 'interrupt'] as const;
    const walked = walk(moves, bySilence('gateway'), 9);
    report('gateway, echo that cannot be told', walked);
    expect(walked.states).toBeGreaterThan(10_000);
  },
);
