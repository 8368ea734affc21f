import { describe, expect, test } from 'vitest';
import { parseBench } from '../../../bench/arguments.ts';

describe('the arguments of bench', () => {
  test.each([
    [[], { kind: 'help' }],
    [['load', '--help'], { kind: 'help' }],
    [['overhead'], { kind: 'overhead', json: false, calls: 100, rounds: 5, profile: false }],
    [['overhead', '--quick', '--json'], { kind: 'overhead', json: true, calls: 50, rounds: 2 }],
    [['overhead', '--calls', '20', '--cpu-profile'], { calls: 20, profile: true }],
    [
      ['load', '--calls', '120', '--step', '50'],
      { steps: [50, 100, 120], detections: ['off', 'on'] },
    ],
    [
      ['load', '--quick', '--detection', 'on'],
      { steps: [100, 200, 300], detections: ['on'], holdMs: 0, modelSteps: [1, 30] },
    ],
    [['load', '--model-calls', '0'], { modelSteps: [] }],
    [['load', '--model-calls', '30'], { modelSteps: [1, 10, 20, 30] }],
    [['load', '--model-calls', '1'], { modelSteps: [1] }],
    [
      ['turns'],
      { kind: 'turns', quick: false, dialogues: 360, realTimeDialogues: 20, speechFolder: null },
    ],
    [['turns', '--quick', '--json'], { kind: 'turns', quick: true, json: true, dialogues: 24 }],
    [
      ['turns', '--dialogues', '40', '--real-time', '0', '--speech', 'data'],
      { dialogues: 40, realTimeDialogues: 0, speechFolder: 'data' },
    ],
  ])('%j', (args, command) => {
    expect(parseBench(args)).toMatchObject(command);
  });

  test.each([
    [['speed'], /no benchmark "speed"/],
    [['overhead', '--calls', '0'], /--calls must be a whole number from 1/],
    [['overhead', '--rounds', 'x'], /--rounds/],
    [['load', '--detection', 'maybe'], /off, on or both/],
    [['load', '--steps', '3'], /--steps/],
    [['turns', '--dialogues', '0'], /--dialogues must be a whole number from 1/],
    [['turns', '--cpu-profile'], /--cpu-profile/],
  ])('%j makes no sense, and is told why', (args, message) => {
    const command = parseBench(args);
    expect(command.kind).toBe('usage');
    if (command.kind === 'usage') expect(command.message).toMatch(message);
  });
});
