import { anyOptions, optionsOf, run, storms, type Taken } from './storm.ts';
import { describe, expect } from 'vitest';
import { initialTurnState, step } from '../../../src/turn/machine.ts';
import { test } from '@fast-check/vitest';
import type { TurnEffect, TurnState } from '../../../src/turn/vocabulary.ts';

const settings = { seed: 20_261_108, numRuns: 300 } as const;

/** What an effect is called; events by their own name. */
function nameOf(effect: TurnEffect): string {
  return effect.type === 'event' ? effect.event.type : effect.type;
}

function effectsOf(taken: readonly Taken[]): readonly TurnEffect[] {
  return taken.flatMap(({ effects }) => effects);
}

describe('any storm of inputs', () => {
  test.prop([anyOptions, storms], settings)(
    '[T7] a shown speech is stopped, committed by hand or cleared before the next is shown',
    (options, storm) => {
      let open = false;
      for (const { input, effects } of run(storm, options)) {
        for (const name of effects.map(nameOf)) {
          if (name === 'speechStarted') {
            expect(open).toBe(false);
            open = true;
          } else if (name === 'speechStopped') {
            expect(open).toBe(true);
            open = false;
          } else if (name === 'speechDismissed') expect(open).toBe(false);
        }
        if (input.type === 'client.commit' || input.type === 'client.clear') open = false;
      }
      // [T4] Nobody speaks for ever, except to a backend that never says so.
      if (options.authority !== 'backend') expect(open).toBe(false);
    },
  );

  test.prop([anyOptions, storms], settings)(
    '[T7] a stop is followed by its commit, and an answer by nothing',
    (options, storm) => {
      for (const { effects } of run(storm, options)) {
        const names = effects.map(nameOf);
        const stopAt = names.indexOf('speechStopped');
        if (stopAt >= 0) expect(names[stopAt + 1]).toBe('commitTurn');
        const answerAt = names.indexOf('startResponse');
        if (answerAt >= 0) expect(answerAt).toBe(names.length - 1);
      }
    },
  );

  test.prop([anyOptions, storms], settings)(
    '[T2] committed turns never overlap, never go back and never hold cleared audio',
    (options, storm) => {
      let takenMs = 0;
      for (const { input, effects } of run(storm, options)) {
        for (const effect of effects) {
          if (effect.type !== 'commitTurn') continue;
          const { fromAudioMs, toAudioMs, speechEndAudioMs } = effect;
          if (fromAudioMs === null || toAudioMs === null) {
            expect(effect).toMatchObject({ cause: 'manual', fromAudioMs: null, toAudioMs: null });
            continue;
          }
          expect(fromAudioMs).toBeGreaterThanOrEqual(takenMs);
          expect(toAudioMs).toBeGreaterThanOrEqual(fromAudioMs);
          if (speechEndAudioMs !== null) {
            expect(speechEndAudioMs).toBeGreaterThanOrEqual(fromAudioMs);
            expect(speechEndAudioMs).toBeLessThanOrEqual(toAudioMs);
          }
          takenMs = toAudioMs;
        }
        if (input.type === 'client.commit' || input.type === 'client.clear') {
          takenMs = input.audioMs;
        }
      }
    },
  );

  test.prop([anyOptions, storms], settings)(
    '[T2] the floor of the uplink never goes back',
    (options, storm) => {
      for (const { before, after } of run(storm, options)) {
        expect(after.floorAudioMs).toBeGreaterThanOrEqual(before.floorAudioMs);
      }
    },
  );

  test.prop([anyOptions, storms], settings)(
    'a tick at the time that was asked for is never in vain, and ticks end',
    (options, storm) => {
      // `run` throws where ticks do not end.
      const taken = run(storm, options);
      for (const [index, { input, atMs, before, after }] of taken.entries()) {
        const wakeAtMs = taken[index - 1]?.wakeAtMs ?? null;
        if (input.type === 'tick' && wakeAtMs !== null && wakeAtMs <= atMs) {
          expect(after).not.toEqual(before);
        }
      }
      expect(taken.at(-1)?.wakeAtMs ?? null).toBeNull();
    },
  );

  test.prop([anyOptions, storms], settings)(
    'the state survives JSON, and so does what follows from it',
    (options, storm) => {
      for (const { input, atMs, before, after, effects, wakeAtMs } of run(storm, options)) {
        const moved = JSON.parse(JSON.stringify(before)) as TurnState;
        expect(moved).toStrictEqual(before);
        expect(step(moved, input, atMs, options)).toStrictEqual({
          state: after,
          effects,
          wakeAtMs,
        });
      }
    },
  );

  test.prop([anyOptions, storms], settings)(
    'the same inputs at the same times give the same effects',
    (options, storm) => {
      const first = run(storm, options);
      let state = initialTurnState;
      for (const { atMs, input, after, effects } of first) {
        const again = step(state, input, atMs, options);
        expect(again.effects).toStrictEqual(effects);
        expect(again.state).toStrictEqual(after);
        ({ state } = again);
      }
    },
  );

  test.prop([anyOptions, storms], settings)(
    'a step leaves its state as it was',
    (options, storm) => {
      let state: TurnState = Object.freeze(initialTurnState);
      for (const { atMs, input } of run(storm, options)) {
        ({ state } = step(state, Object.freeze(input), atMs, options));
        Object.freeze(state.caller);
        Object.freeze(state.agent);
        Object.freeze(state);
      }
    },
  );
});

describe('a storm under one authority', () => {
  test.prop([optionsOf('model'), storms], settings)(
    '[T12] the model is never cut from here, except when the app wants silence',
    (options, storm) => {
      for (const { input, effects } of run(storm, options)) {
        if (input.type === 'client.interrupt') continue;
        expect(effects.map(nameOf)).not.toContain('cancelGeneration');
        expect(effects.map(nameOf)).not.toContain('flushPlayback');
        expect(effects.map(nameOf)).not.toContain('truncate');
      }
    },
  );

  test.prop([optionsOf('model'), storms], settings)(
    '[T12] no speech is shown while the model can be heard',
    (options, storm) => {
      for (const { after, effects } of run(storm, options)) {
        if (effects.map(nameOf).includes('speechStarted')) {
          expect(after.agent.kind).not.toBe('speaking');
        }
      }
    },
  );

  test.prop([optionsOf('backend'), storms], settings)(
    '[T13] the backend’s generation is left alone, except when the app wants silence',
    (options, storm) => {
      for (const { input, effects } of run(storm, options)) {
        if (input.type === 'client.interrupt') continue;
        expect(effects.map(nameOf)).not.toContain('cancelGeneration');
        if (input.type !== 'backend') expect(effects.map(nameOf)).not.toContain('flushPlayback');
      }
    },
  );

  for (const authority of ['model', 'backend'] as const) {
    test.prop([optionsOf(authority), storms], settings)(
      `[T14] no answer is started under ${authority} authority`,
      (options, storm) => {
        expect(effectsOf(run(storm, options)).map(nameOf)).not.toContain('startResponse');
      },
    );
  }

  test.prop([optionsOf('gateway'), storms], settings)(
    '[T14] an answer waits for a free floor, and only detection starts one',
    (options, storm) => {
      for (const { input, after, effects } of run(storm, options)) {
        if (!effects.map(nameOf).includes('startResponse')) continue;
        expect(after.agent.kind).toBe('idle');
        expect(options.detection).not.toBeNull();
        expect(input.type).not.toBe('client.commit');
      }
    },
  );

  test.prop([optionsOf('gateway'), storms], settings)(
    '[T10] [T11] a cut is whole, follows its speech, and comes only where it is wanted',
    (options, storm) => {
      for (const { input, before, effects } of run(storm, options)) {
        const names = effects.map(nameOf);
        if (!names.some((name) => ['cancelGeneration', 'flushPlayback', 'truncate'].includes(name)))
          continue;
        expect(before.agent.kind).not.toBe('idle');
        const cut = ['cancelGeneration', 'flushPlayback', 'truncate'];
        if (input.type === 'client.interrupt') {
          expect(names).toEqual(cut);
          continue;
        }
        expect(names).toEqual(['speechStarted', ...cut]);
        expect(options.detection?.interruptResponse).toBe(true);
      }
    },
  );
});
