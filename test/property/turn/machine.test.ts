import { anyOptions, optionsOf, run, storms, type Taken } from './storm.ts';
import { describe, expect } from 'vitest';
import { initialTurnState, type TurnState } from '../../../src/turn/state.ts';
import { step } from '../../../src/turn/machine.ts';
import { test } from '@fast-check/vitest';
import type { TurnEffect } from '../../../src/turn/vocabulary.ts';

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
      // [T4] Nobody speaks for ever, except to a backend that never says so, or by the key.
      const pressed = run(storm, options).at(-1)?.after.pressed === true;
      if (options.authority !== 'backend' && !pressed) expect(open).toBe(false);
    },
  );

  test.prop([anyOptions, storms], settings)(
    '[T7] a stop is followed by its commit, and a request for a line by nothing',
    (options, storm) => {
      for (const { effects } of run(storm, options)) {
        const names = effects.map(nameOf);
        const stopAt = names.indexOf('speechStopped');
        if (stopAt >= 0) expect(names[stopAt + 1]).toBe('commitTurn');
        const asks = names.flatMap((name, at) =>
          name === 'startResponse' || name === 'say' ? [at] : [],
        );
        expect(asks.length).toBeLessThanOrEqual(1);
        // Somebody may be away at the same moment.
        const after = asks[0] === undefined ? [] : names.slice(asks[0] + 1);
        expect(after).toEqual([]);
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
        // Words may show that what was taken for a backchannel is the beginning of a turn.
        const floorMs =
          before.overlap.kind === 'lingering' && after.overlap.kind === 'none'
            ? before.overlap.floorAudioMs
            : before.floorAudioMs;
        expect(after.floorAudioMs).toBeGreaterThanOrEqual(floorMs);
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
      const { overlap, calmUntilMs, digits, caller } = taken.at(-1)?.after ?? initialTurnState;
      expect({ overlap, calmUntilMs, digits }).toEqual({
        overlap: { kind: 'none' },
        calmUntilMs: null,
        digits: null,
      });
      if (options.authority !== 'backend' && options.detection !== null) {
        expect(caller.kind === 'silent' || taken.at(-1)?.after.pressed).toBe(true);
      }
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
        expect(input.type).not.toBe('client.commit');
      }
    },
  );

  test.prop([optionsOf('gateway'), storms], settings)(
    '[T10] [T11] a cut is whole, comes after its reason, and only where it is wanted',
    (options, storm) => {
      for (const { input, before, effects } of run(storm, options)) {
        const names = effects.map(nameOf);
        const cut = ['cancelGeneration', 'flushPlayback', 'truncate'];
        if (!names.some((name) => cut.includes(name))) continue;
        expect(before.agent.kind).not.toBe('idle');
        expect(names.filter((name) => cut.includes(name))).toEqual(cut);
        const at = names.indexOf('cancelGeneration');
        expect(names.slice(at, at + 3)).toEqual(cut);
        if (input.type === 'client.interrupt') continue;
        expect(names.slice(0, at)).toContain('interruption');
        if (input.type === 'client.ptt' || input.type === 'client.dtmf') continue;
        expect(names.slice(0, at)).toContain('speechStarted');
        expect(options.detection?.interruptResponse).toBe(true);
      }
    },
  );

  test.prop([optionsOf('gateway'), storms], settings)(
    '[T20] [T21] [T23] what was lowered or held goes on exactly once, unless it is cut',
    (options, storm) => {
      let floor = 'full';
      for (const { after, effects } of run(storm, options)) {
        for (const { type } of effects) {
          if (type === 'duck') {
            expect(floor).toBe('full');
            floor = 'ducked';
          } else if (type === 'hold') {
            expect(floor).not.toBe('held');
            floor = 'held';
          } else if (type === 'resume') {
            expect(floor).not.toBe('full');
            floor = 'full';
          } else if (type === 'flushPlayback') floor = 'full';
        }
        // Where nothing has the floor there is nothing lowered or held.
        if (after.agent.kind === 'idle') floor = 'full';
        else expect(after.agent.floor).toBe(floor);
      }
    },
  );

  test.prop([optionsOf('gateway'), storms], settings)(
    '[T10] [T21] to lower, to hold and to go on never touches history',
    (options, storm) => {
      for (const { effects } of run(storm, options)) {
        const names = effects.map(nameOf);
        if (!names.includes('duck') && !names.includes('resume')) continue;
        for (const name of ['cancelGeneration', 'flushPlayback', 'truncate', 'retractTurn']) {
          expect(names).not.toContain(name);
        }
      }
    },
  );

  test.prop([optionsOf('gateway'), storms], settings)(
    '[T40] a turn is retracted after its commit, once, and before the cut',
    (options, storm) => {
      let answered = false;
      for (const { effects } of run(storm, options)) {
        const names = effects.map(nameOf);
        if (names.includes('retractTurn')) {
          expect(answered).toBe(true);
          expect(names.indexOf('retractTurn')).toBeLessThan(names.indexOf('cancelGeneration'));
          answered = false;
        }
        if (names.includes('commitTurn')) answered = names.includes('startResponse');
      }
    },
  );

  test.prop([optionsOf('gateway'), storms], settings)(
    '[T50] [T51] one speculation at a time, and each is adopted or dropped once',
    (options, storm) => {
      let open: number | null = null;
      for (const effect of effectsOf(run(storm, options))) {
        if (effect.type === 'speculate') {
          expect(open).toBeNull();
          open = effect.speculationId;
        } else if (effect.type === 'dropSpeculation') {
          expect(effect.speculationId).toBe(open);
          open = null;
        } else if (effect.type === 'startResponse' && effect.speculationId !== undefined) {
          expect(effect.speculationId).toBe(open);
          open = null;
        }
      }
    },
  );
});

describe('settings that change in a storm', () => {
  test.prop([anyOptions, anyOptions, storms, storms], settings)(
    '[T7] [T11] [T51] whoever decides next leaves nothing lowered, withheld or begun',
    (first, second, storm, more) => {
      const before = run(storm, first).at(-1);
      if (before === undefined) return;
      const moved = step(before.after, { type: 'tick' }, before.atMs, second);
      const judges = second.authority === 'gateway' && second.detection?.interruptResponse === true;
      const { agent, overlap, speculation, calmUntilMs } = moved.state;
      if (!judges) {
        expect(overlap).toEqual({ kind: 'none' });
        if (agent.kind !== 'idle' && calmUntilMs === null) expect(agent.floor).toBe('full');
      }
      if (second.authority !== 'gateway') expect(speculation).toBeNull();
      const late = more.map(({ atMs, input }) => ({ atMs: atMs + before.atMs, input }));
      // `run` throws where ticks do not end.
      run([...storm, ...late], second);
    },
  );
});
