import { describe, expect, test } from 'vitest';
import { SimulatedAgent } from '../../../../bench/turns/engine/simulated-agent.ts';
import type { Observation } from '../../../../bench/turns/scoring/observed.ts';
import { ManualClock } from '../../../../src/time/manual-clock.ts';
import type { TurnInput } from '../../../../src/turn/vocabulary.ts';

/** An agent with an answer of 2 s of ones, 300 ms after it is asked. */
function stage(): {
  readonly agent: SimulatedAgent;
  readonly clock: ManualClock;
  readonly fed: TurnInput[];
  readonly observed: Observation[];
} {
  const clock = new ManualClock();
  const fed: TurnInput[] = [];
  const observed: Observation[] = [];
  const agent = new SimulatedAgent({
    clock,
    answer: () => ({ text: 'Is it?', sound: new Float32Array(32_000).fill(1), delayMs: 300 }),
    feed: (input) => fed.push(input),
    observe: (observation) => observed.push(observation),
    listener: null,
  });
  return { agent, clock, fed, observed };
}

const typesOf = (list: readonly { readonly type: string }[]): readonly string[] =>
  list.map(({ type }) => type);

describe('the simulated agent', () => {
  test('speaks as long as its answer, and says what a call would tell the machine', () => {
    const { agent, clock, fed, observed } = stage();
    agent.run({ type: 'startResponse', cause: 'turn' });
    clock.advance(5_000);
    expect(observed).toEqual([
      { type: 'lineStarted', lineId: 'line_1', atMs: 300 },
      { type: 'lineEnded', lineId: 'line_1', atMs: 2_360, cut: false },
    ]);
    expect(typesOf(fed).filter((type) => type !== 'playback')).toEqual([
      'line.opened',
      'line.audio',
      'line.outlook',
      'line.closed',
    ]);
    expect(fed.find(({ type }) => type === 'line.outlook')).toMatchObject({
      endsAtMs: 2_360,
      question: true,
    });
    expect(fed.at(-1)).toMatchObject({ type: 'playback', playedMs: 2_000, bufferedMs: 0 });
  });

  test('sends at most 200 ms ahead of what can be heard', () => {
    const { agent, clock, fed } = stage();
    agent.run({ type: 'startResponse', cause: 'turn' });
    clock.advance(1_400);
    const ahead = fed.flatMap((input) => (input.type === 'playback' ? [input.bufferedMs] : []));
    expect(Math.max(...ahead)).toBeLessThanOrEqual(200);
    expect(agent.heard).toEqual({
      lineId: 'line_1',
      startedAtMs: 360,
      lengthMs: 2_000,
      heardMs: 1_040,
    });
  });

  test('is lowered with the next piece, and comes back', () => {
    const { agent, clock, observed } = stage();
    agent.run({ type: 'startResponse', cause: 'turn' });
    clock.advance(1_005);
    agent.run({ type: 'duck', gainDb: -18 });
    clock.advance(300);
    agent.run({ type: 'resume' });
    clock.advance(300);
    expect(observed.slice(1)).toEqual([
      { type: 'lowered', lineId: 'line_1', atMs: 1_020 },
      { type: 'resumed', lineId: 'line_1', atMs: 1_320 },
    ]);
    // What was sent before the duck plays as it was sent.
    const played = agent.played(1_000, 16_000);
    expect(played[0]).toBe(1);
    expect(played[16 * 300]).toBeCloseTo(0.126, 3);
    expect(played[16 * 560]).toBe(1);
  });

  test('loses and repeats nothing when it is held', () => {
    const { agent, clock, observed } = stage();
    agent.run({ type: 'startResponse', cause: 'turn' });
    clock.advance(1_000);
    agent.run({ type: 'hold' });
    clock.advance(1_000);
    expect(agent.heard).not.toBeNull();
    agent.run({ type: 'resume' });
    clock.advance(3_000);
    expect(typesOf(observed)).toEqual(['lineStarted', 'lowered', 'resumed', 'lineEnded']);
    const endMs = observed.at(-1)!.atMs;
    // Two seconds of sound, and the hold less what was on its way.
    expect(endMs).toBeGreaterThan(3_000);
    expect(endMs).toBeLessThan(3_400);
  });

  test('says nothing when it is held before its first sample and cut there', () => {
    const { agent, clock, observed, fed } = stage();
    agent.run({ type: 'startResponse', cause: 'turn' });
    clock.advance(100);
    agent.run({ type: 'hold' });
    clock.advance(1_000);
    agent.run({ type: 'cancelGeneration' });
    agent.run({ type: 'flushPlayback' });
    clock.advance(2_000);
    expect(observed).toEqual([]);
    expect(typesOf(fed)).toContain('line.closed');
    expect(agent.heard).toBeNull();
  });

  test('is cut once, and can be asked again', () => {
    const { agent, clock, observed } = stage();
    agent.run({ type: 'startResponse', cause: 'turn' });
    clock.advance(1_000);
    agent.run({ type: 'cancelGeneration' });
    agent.run({ type: 'flushPlayback' });
    expect(agent.played(1_000, 320).every((sample) => sample === 0)).toBe(true);
    agent.run({ type: 'startResponse', cause: 'turn' });
    clock.advance(5_000);
    expect(typesOf(observed)).toEqual([
      'lineStarted',
      'yielded',
      'lineEnded',
      'lineStarted',
      'lineEnded',
    ]);
  });
});
