import { barAt, meanPause, usualWaitMs } from '../../../src/turn/end-of-turn.ts';
import { completeness } from '../../../src/turn/words.ts';
import { defaultTurnOptions, defaultTurnTimes, turnProfiles } from '../../../src/turn/options.ts';
import { describe, expect, it } from 'vitest';
import { frameMs, TurnRig, turnOptions } from './turn-rig.ts';
import type { Eagerness } from '../../../src/ports/settings.ts';
import type { TurnEffect } from '../../../src/turn/vocabulary.ts';
import type { TurnOptions } from '../../../src/turn/options.ts';

function semantic(
  { eagerness = 'auto', endOfTurn = false }: { eagerness?: Eagerness; endOfTurn?: boolean } = {},
  more: Partial<TurnOptions> = {},
): TurnOptions {
  const detection = {
    kind: 'semantic_vad',
    eagerness,
    createResponse: true,
    interruptResponse: true,
  } as const;
  const senses = { partials: true, endOfTurn };
  return { ...defaultTurnOptions, authority: 'gateway', detection, senses, ...more };
}

/** Silence after which the turn ends, ms, on the detector's grid. */
function silenceNeeded(rig: TurnRig): number {
  for (let frames = 1; frames < 200; frames += 1) {
    if (rig.silence(1).some(({ type }) => type === 'commitTurn')) return frames * frameMs;
  }
  throw new Error('the turn never ends');
}

/** The first frame's end at or after a time, ms. */
function onGrid(ms: number): number {
  return Math.ceil(ms / frameMs) * frameMs;
}

function query(speechEndAudioMs: number): TurnEffect {
  return { type: 'queryEndOfTurn', fromAudioMs: 0, speechEndAudioMs };
}

describe('this caller’s pauses', () => {
  it.each([
    ['high', 450],
    ['medium', 700],
    ['auto', 700],
    ['low', 1000],
  ] as const)('[T31] with eagerness %s a new caller is waited for %s ms', (eagerness, usualMs) => {
    const rig = new TurnRig(semantic({ eagerness }));
    rig.speech(4);
    expect(silenceNeeded(rig)).toBe(onGrid(usualMs));
  });

  it('[T31] a caller who pauses longer than usual is waited for longer', () => {
    const rig = new TurnRig(semantic());
    rig.speech(4);
    rig.silence(20);
    rig.speech(4);
    const meanMs = 450 + 0.15 * (20 * frameMs - 450);
    expect(rig.state.pauseMs).toBeCloseTo(meanMs, 9);
    expect(silenceNeeded(rig)).toBe(onGrid(700 + (meanMs - 450)));
  });

  it('[T31] a gap shorter than 200 ms is no pause', () => {
    expect(meanPause(null, 199)).toBeNull();
    expect(meanPause(300, 199)).toBe(300);
    expect(meanPause(300, 200)).toBeCloseTo(285, 9);
  });

  it('[T31] the profile limits what the pauses make of the wait', () => {
    const { balanced } = turnProfiles;
    expect(usualWaitMs(balanced, 0)).toBe(500);
    expect(usualWaitMs(balanced, 5000)).toBe(1400);
    expect(usualWaitMs(balanced, 450)).toBe(700);
  });
});

describe('scores', () => {
  const options = semantic({ endOfTurn: true });

  it('[T32] the model is asked at 200 ms of a pause and every 100 ms after', () => {
    const rig = new TurnRig(options);
    rig.speech(4);
    expect(rig.silence(6)).toEqual([]);
    expect(rig.silence(1)).toEqual([query(128)]);
    expect(rig.silence(3)).toEqual([]);
    expect(rig.silence(1)).toEqual([query(128)]);
  });

  it('[T32] it is not asked with server_vad, nor about speech that is withheld', () => {
    const silent = new TurnRig(
      turnOptions('gateway', {}, { senses: { partials: false, endOfTurn: true } }),
    );
    silent.speech(4);
    expect(silent.silence(9)).toEqual([]);
    const withheld = new TurnRig({ ...options, authority: 'model' });
    withheld.talk();
    withheld.speech(4);
    expect(withheld.silence(10)).toEqual([]);
  });

  it('[T32] a score ends the turn once it reaches the bar, which falls as silence grows', () => {
    const rig = new TurnRig(options);
    rig.speech(4);
    rig.silence(7);
    expect(rig.take({ type: 'eot', probability: 0.8, speechEndAudioMs: 128 })).toEqual([]);
    expect(barAt(turnProfiles.balanced, 9 * frameMs)).toBeGreaterThan(0.8);
    expect(barAt(turnProfiles.balanced, 10 * frameMs)).toBeLessThan(0.8);
    expect(silenceNeeded(rig)).toBe(3 * frameMs);
    const sure = new TurnRig(options);
    sure.speech(4);
    sure.silence(7);
    expect(sure.take({ type: 'eot', probability: 0.95, speechEndAudioMs: 128 })).toContainEqual({
      type: 'commitTurn',
      cause: 'score',
      fromAudioMs: 0,
      toAudioMs: 352,
      speechEndAudioMs: 128,
    });
  });

  it('[T32] the bar is straight between its points and flat outside', () => {
    const { balanced } = turnProfiles;
    expect([0, 200, 300, 400, 800, 5000].map((ms) => barAt(balanced, ms))).toEqual([
      0.92,
      0.92,
      expect.closeTo(0.81, 9),
      0.7,
      0.35,
      balanced.bar.at(-1)?.score,
    ]);
    expect(barAt({ ...balanced, bar: [] }, 300)).toBe(1);
  });

  it('[T32] a score about an earlier pause, or in speech, is nothing', () => {
    const rig = new TurnRig(options);
    rig.speech(4);
    expect(rig.take({ type: 'eot', probability: 1, speechEndAudioMs: 128 })).toEqual([]);
    rig.silence(7);
    rig.speech(2);
    rig.silence(7);
    expect(rig.take({ type: 'eot', probability: 1, speechEndAudioMs: 128 })).toEqual([]);
    expect(rig.state.caller).toMatchObject({ kind: 'paused', score: null });
  });

  it('[T32] a score when nobody listens any more is nothing', () => {
    const rig = new TurnRig(options);
    rig.speech(4);
    rig.silence(7);
    rig.options = { ...options, detection: null };
    expect(rig.take({ type: 'eot', probability: 1, speechEndAudioMs: 128 })).toEqual([]);
  });

  it('[T32] a score while speech over the agent is judged decides nothing about its end', () => {
    const rig = new TurnRig(options);
    rig.talk();
    rig.silence(20);
    rig.speech(4);
    rig.silence(3);
    const speechEndAudioMs = 24 * frameMs;
    expect(rig.take({ type: 'eot', probability: 1, speechEndAudioMs })).toEqual([]);
  });

  it('[T33] the profile’s timeout ends the turn whatever the words and the score say', () => {
    const balanced = { ...turnProfiles.balanced, bar: [{ silenceMs: 200, score: 0.9 }] };
    const profiles = { ...turnProfiles, balanced };
    const rig = new TurnRig(semantic({ endOfTurn: true }, { profiles }));
    rig.speech(4);
    rig.partial('a table for');
    rig.silence(7);
    rig.take({ type: 'eot', probability: 0.1, speechEndAudioMs: 128 });
    expect(7 * frameMs + silenceNeeded(rig)).toBe(onGrid(2000));
  });
});

describe('words', () => {
  it.each([
    ['a table for', 1.4],
    ['a table for two', 1],
    ['a table for two.', 0.7],
  ] as const)('[T33] after “%s” the wait is %s times as long', (text, factor) => {
    const rig = new TurnRig(semantic());
    rig.speech(4);
    rig.partial(text);
    expect(silenceNeeded(rig)).toBe(onGrid(700 * factor));
  });

  it.each([
    ['a table for', 0.9],
    ['a table for two', 0.7],
    ['a table for two.', 0.6],
  ] as const)('[T33] after “%s” the bar at 400 ms is %s', (text, bar) => {
    for (const [probability, ends] of [
      [bar - 0.01, false],
      [bar + 0.01, true],
    ] as const) {
      const rig = new TurnRig(semantic({ endOfTurn: true }));
      rig.speech(4);
      rig.partial(text);
      rig.nowMs += 400;
      rig.audioMs += 400 - frameMs;
      rig.silence(1);
      const effects = rig.take({ type: 'eot', probability, speechEndAudioMs: 128 });
      expect(effects.some(({ type }) => type === 'commitTurn')).toBe(ends);
    }
  });

  it('[T33] what looks finished, and what does not', () => {
    expect(['Yes.', 'Really?', '好。'].map(completeness)).toEqual(['closed', 'closed', 'closed']);
    expect(['I would', 'tea,', 'tea…', 'und'].map(completeness)).toEqual(Array(4).fill('open'));
    expect(['', 'green tea'].map(completeness)).toEqual(['unknown', 'unknown']);
  });

  it('[T28] the agent’s own words are none of the caller’s turn', () => {
    const rig = new TurnRig(semantic());
    rig.speech(4);
    expect(rig.partial('a table for', 'agent')).toEqual([]);
    expect(rig.state.transcript).toBeNull();
  });

  it('[T33] words while nobody speaks are of no turn', () => {
    const rig = new TurnRig(semantic());
    expect(rig.partial('a table for')).toEqual([]);
    expect(rig.state.transcript).toBeNull();
  });
});

describe('the longest turn', () => {
  it('[T35] a turn that is shown and 60 s long ends', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    expect(rig.speech(1874)).toHaveLength(1);
    expect(rig.speech(1)).toMatchObject([
      { type: 'event', event: { type: 'speechStopped', audioEndMs: 60_000 } },
      { type: 'commitTurn', cause: 'limit', fromAudioMs: 0, toAudioMs: 60_000 },
      { type: 'startResponse' },
    ]);
  });

  it('[T35] [T64] so does one under a key that is stuck, and the detector decides again', () => {
    const times = { ...defaultTurnTimes, longestTurnMs: 320 };
    const rig = new TurnRig(turnOptions('gateway', {}, { times }));
    rig.take({ type: 'client.ptt', pressed: true, audioMs: 0 });
    expect(rig.speech(9)).toEqual([]);
    expect(rig.speech(1)).toContainEqual({
      type: 'commitTurn',
      cause: 'limit',
      fromAudioMs: 0,
      toAudioMs: 320,
      speechEndAudioMs: 0,
    });
    expect(rig.state.pressed).toBe(false);
    expect(rig.take({ type: 'client.ptt', pressed: false, audioMs: 320 })).toEqual([]);
  });

  it('[T35] speech that is withheld is no turn yet', () => {
    const times = { ...defaultTurnTimes, longestTurnMs: 320 };
    const rig = new TurnRig(turnOptions('model', {}, { times }));
    rig.talk();
    expect(rig.speech(30)).toEqual([]);
  });
});
