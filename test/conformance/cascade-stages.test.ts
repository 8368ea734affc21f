import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { measureCall } from '../../bench/ttfb/measured-call.ts';
import type { SpokenTurn } from '../../bench/ttfb/spoken-turn.ts';
import { turnStages } from '../../src/ports/stages.ts';
import { systemClock } from '../../src/time/clock.ts';
import { fixture } from '../ear/speech.ts';
import { openCascadeStage, partsKey, partsKeyEnv, type CascadeStage } from './cascade-stage.ts';

/** A piece of audio on most wires, ms. */
const frameMs = 20;
/** Turns of a call (a count); there may be a second round of calls. */
const turnsEach = 3;
const said = Array.from({ length: 2 * turnsEach }, () => 'thanks' as const);
const agents = {
  flux: { stt: 'flux', tts: 'cartesia', said },
  nova: { stt: 'nova', tts: 'speech', said },
  patient: { stt: 'nova', tts: 'elevenlabs', said, settings: { speculation: false } },
  transcription: { stt: 'transcription', tts: 'lightning', said },
} as const;

/** Callers who speak and listen to cascades of servers, in real time, four at once. */
describe('the stage clock of a cascade', () => {
  let stage: CascadeStage;
  let turns: readonly SpokenTurn[];

  beforeAll(async () => {
    vi.stubEnv(partsKeyEnv, partsKey);
    stage = await openCascadeStage(agents);
    turns = await spoken();
  }, 90_000);
  afterAll(async () => {
    await stage.close();
    vi.unstubAllEnvs();
  });

  async function spoken(): Promise<readonly SpokenTurn[]> {
    const clips = [fixture('thanks').samples];
    const calling = { url: stage.gateway.url, key: null, clips, startMs: systemClock.nowMs() };
    const calls = await Promise.all(
      Object.keys(agents).map((agent, call) =>
        measureCall({ agent, call, turns: turnsEach }, calling),
      ),
    );
    expect(calls.map(({ failure }) => failure)).toEqual(calls.map(() => null));
    return calls.flatMap((call) => call.turns);
  }

  it('knows every stage of every turn, in parts that add up to the silence', () => {
    expect(turns).toHaveLength(12);
    for (const { stages } of turns) {
      const parts = turnStages.map((name) => stages?.partsMs[name] ?? NaN);
      expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
      const us = parts.reduce((sum, partMs) => sum + Math.round(partMs * 1000), 0);
      expect(us).toBe(Math.round((stages?.silenceMs ?? NaN) * 1000));
    }
  });

  it("is the silence in the ear's recording to a frame, on every turn", async ({ task }) => {
    // Repeated, it is other calls that are looked at.
    if ((task.result?.retryCount ?? 0) > 0) turns = await spoken();
    const offMs = turns.map(({ firstHeardMs, stages }) => firstHeardMs - stages!.silenceMs);
    expect(Math.max(...offMs.map(Math.abs)), JSON.stringify(offMs)).toBeLessThanOrEqual(frameMs);
  }, 60_000);

  it('tells that the model waits for the decision only where it may not begin before', () => {
    const aheadOf = (name: keyof typeof agents): readonly (number | undefined)[] =>
      turns.flatMap(({ agent, stages }) => (agent === name ? stages?.aheadMs.transcript : []));
    expect(aheadOf('patient').filter((ms) => (ms ?? 0) > 5)).toEqual([]);
    expect(aheadOf('flux').filter((ms) => (ms ?? 0) > 5).length).toBeGreaterThan(0);
  });
});
