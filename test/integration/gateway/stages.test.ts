import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configOf, knownAgents } from '../../../bench/ttfb/agents.ts';
import { measureCall } from '../../../bench/ttfb/measured-call.ts';
import { quantileInterval } from '../../../bench/ttfb/intervals.ts';
import { rehearsalDelay, sharesOf } from '../../../bench/ttfb/shares.ts';
import type { SpokenTurn } from '../../../bench/ttfb/spoken-turn.ts';
import { turnStages } from '../../../src/ports/stages.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { fixture } from '../../ear/speech.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

const measured = knownAgents.filter(({ name }) => name === 'steady' || name === 'shifted');
/** A piece of audio on most wires, ms. */
const frameMs = 20;
/** How late this process was, which callers and gateway share: both sides' times are as wrong as that. */
const late = monitorEventLoopDelay({ resolution: 1 });

let gateway: TestGateway;
let turns: readonly SpokenTurn[];

/** Six calls at once, real time: callers who speak and listen. */
beforeAll(async () => {
  gateway = await startGateway({ config: JSON.stringify(configOf(measured, 1)) });
  const clips = [fixture('thanks').samples];
  const calling = { url: gateway.url, key: null, clips, startMs: systemClock.nowMs() };
  late.enable();
  const calls = await Promise.all(
    [0, 1, 2, 3, 4, 5].map((call) =>
      measureCall({ agent: measured[call % 2]!.name, call, turns: 2 }, calling),
    ),
  );
  late.disable();
  expect(calls.map(({ failure }) => failure)).toEqual(calls.map(() => null));
  turns = calls.flatMap((call) => call.turns);
}, 60_000);

afterAll(() => gateway.close());

describe('the stage clock of a running gateway', () => {
  it('has every answered turn, in parts that add up to the silence', () => {
    expect(turns).toHaveLength(12);
    for (const { stages } of turns) {
      const parts = turnStages.map((stage) => stages?.partsMs[stage] ?? 0);
      expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
      const us = parts.reduce((sum, partMs) => sum + Math.round(partMs * 1000), 0);
      expect(us).toBe(Math.round((stages?.silenceMs ?? NaN) * 1000));
      expect(stages?.heardBy).toBe('acknowledgement');
    }
  });

  it('says what the ear heard of silence, to a frame', () => {
    const wrongMs = turns.map(({ stages, firstHeardMs }) =>
      Math.abs(firstHeardMs - stages!.silenceMs),
    );
    expect(Math.max(...wrongMs)).toBeLessThanOrEqual(frameMs + late.max / 1e6);
    expect(wrongMs.filter((ms) => ms <= frameMs).length).toBeGreaterThanOrEqual(9);
  });

  it('tells the delays apart that the two backends were given', () => {
    for (const { name, firstAudioMs } of measured) {
      const delays = turns
        .filter(({ agent }) => agent === name)
        .map((turn) => rehearsalDelay(turn)!);
      const { low, high } = quantileInterval(Float64Array.from(delays).sort(), 0.5);
      expect(low!).toBeLessThanOrEqual(firstAudioMs.p50);
      expect(high!).toBeGreaterThanOrEqual(firstAudioMs.p50);
    }
    for (const turn of turns) {
      const { ownMs } = sharesOf(turn, rehearsalDelay)!;
      expect(ownMs).toBeGreaterThanOrEqual(0);
    }
  });

  it('is in the metrics', async () => {
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    const silence = text
      .split('\n')
      .filter((line) => line.startsWith('parley_stage_seconds_sum'))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    const told = turns.reduce((sum, { stages }) => sum + (stages?.silenceMs ?? 0), 0);
    expect(silence).toBeCloseTo(told / 1000, 6);
    for (const { name } of measured) {
      const labels = `agent="${name}",backend="${name}",stage="first_heard"`;
      expect(text).toContain(`parley_stage_seconds_count{${labels}} 6`);
    }
  });
});
