import {
  answer,
  committed,
  frameMs,
  hold,
  interruption,
  started,
  stopped,
  turnOptions,
  wholeCut,
} from './turn-rig.ts';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { TurnEngine } from '../../../src/turn/engine.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { TurnEffect } from '../../../src/turn/vocabulary.ts';
import { defaultTurnTimes } from '../../../src/turn/options.ts';
import type { TurnOptions } from '../../../src/turn/options.ts';

/** An engine on a manual clock whose effects are kept, and answered by `react`. */
function rig(
  options: TurnOptions,
  { startMs = 0, originMs = startMs }: { startMs?: number; originMs?: number } = {},
) {
  const clock = new ManualClock(startMs);
  const effects: TurnEffect[] = [];
  const at: number[] = [];
  let react: (effect: TurnEffect) => void = () => undefined;
  let audioMs = 0;
  const engine = new TurnEngine({ clock, originMs, options }, (effect) => {
    effects.push(effect);
    at.push(clock.nowMs());
    react(effect);
  });
  return {
    clock,
    engine,
    effects,
    at,
    onEffect(reaction: (effect: TurnEffect) => void) {
      react = reaction;
    },
    hear(...probabilities: number[]) {
      for (const probability of probabilities) {
        clock.advance(frameMs);
        audioMs += frameMs;
        engine.feed({ type: 'vad', probability, audioMs, frameMs });
      }
    },
  };
}

describe('TurnEngine', () => {
  it('keeps one timer however many frames come, and none while nothing is waited for', () => {
    const { clock, engine, hear } = rig(turnOptions('gateway'));
    expect(clock.pending).toBe(0);
    for (let frame = 0; frame < 50; frame += 1) {
      hear(0.9);
      expect(clock.pending).toBe(1);
    }
    hear(...Array<number>(10).fill(0.01));
    // [T61]
    expect(clock.pending).toBe(1);
    engine.feed({ type: 'line.audio', lineId: 'line_1' });
    expect(clock.pending).toBe(0);
  });

  it('does not set its timer anew when a wait only moves away', () => {
    const { clock, effects, hear } = rig(turnOptions('gateway'));
    hear(0.9, 0.9);
    let set = 0;
    const { timerAt } = clock;
    clock.timerAt = (atMs, callback) => {
      set += 1;
      return timerAt.call(clock, atMs, callback);
    };
    hear(...Array<number>(60).fill(0.9));
    // Once a second, when the timer comes and finds that it is too early.
    expect(set).toBe(1);
    expect(effects).toEqual([started(0)]);
    clock.advance(999);
    expect(effects).toEqual([started(0)]);
    clock.advance(1);
    expect(effects).toContainEqual(stopped(1984));
  });

  it('sets its timer anew when a wait comes nearer', () => {
    const { clock, engine, effects } = rig(turnOptions('gateway'));
    engine.feed({ type: 'tick' });
    engine.feed({ type: 'line.opened', lineId: 'line_1' });
    expect(clock.pending).toBe(1);
    clock.advance(3000);
    expect(effects).toMatchObject([{ type: 'event', event: { type: 'agentSlow' } }]);
    expect(clock.pending).toBe(0);
  });

  it('[T4] ticks when the wait is over', () => {
    const { clock, effects, at, hear } = rig(turnOptions('gateway'));
    hear(0.9, 0.9);
    clock.advance(999);
    expect(effects).toEqual([started(0)]);
    clock.advance(1);
    expect(effects).toEqual([started(0), stopped(64), committed('silence', 0, 64, 64), answer]);
    expect(at).toEqual([64, 1064, 1064, 1064]);
  });

  it('counts time from the start of the call', () => {
    const { clock, engine, at, hear } = rig(turnOptions('gateway'), { startMs: 5000 });
    hear(0.9, 0.9);
    expect(engine.state.lastFrameAtMs).toBe(64);
    clock.advance(1000);
    expect(at.at(-1)).toBe(6064);
  });

  it('hands effects on in order', () => {
    const { engine, effects, hear } = rig(turnOptions('gateway'));
    engine.feed({ type: 'line.opened', lineId: 'line_1' });
    hear(...Array<number>(8).fill(0.9));
    expect(effects).toEqual([hold, started(0), interruption('continuation', 192), ...wholeCut]);
  });

  it('takes inputs that effects cause after all effects of the first', () => {
    const { engine, effects, hear, onEffect } = rig(
      turnOptions('gateway', { interruptResponse: false }),
    );
    engine.feed({ type: 'line.opened', lineId: 'line_1' });
    onEffect((effect) => {
      if (effect.type === 'event' && effect.event.type === 'speechStopped') {
        engine.feed({ type: 'line.closed', lineId: 'line_1' });
        expect(engine.state.agent).toMatchObject({ kind: 'thinking' });
      }
    });
    hear(0.9, 0.9, ...Array<number>(10).fill(0.01));
    expect(effects).toEqual([started(0), stopped(384), committed('silence', 0, 384, 64), answer]);
    expect(engine.state.agent).toEqual({ kind: 'idle', sinceMs: 384 });
  });

  it('takes inputs that effects cause in the order they were fed', () => {
    const { engine, hear, onEffect } = rig(turnOptions('gateway'));
    onEffect((effect) => {
      if (effect.type !== 'startResponse') return;
      engine.feed({ type: 'line.opened', lineId: 'line_1' });
      engine.feed({ type: 'line.audio', lineId: 'line_1' });
      engine.feed({ type: 'line.closed', lineId: 'line_1' });
    });
    hear(0.9, 0.9, ...Array<number>(10).fill(0.01));
    expect(engine.state.agent).toMatchObject({ kind: 'speaking', lineId: 'line_1', closed: true });
  });

  it('judges an open turn by new settings, and waits as they say', () => {
    const { clock, engine, effects, hear } = rig(turnOptions('gateway'));
    hear(0.9, 0.9);
    const times = { ...defaultTurnTimes, noInputMs: 100 };
    engine.configure({ ...turnOptions('gateway'), times });
    expect(clock.pending).toBe(1);
    clock.advance(100);
    expect(effects).toContainEqual(stopped(64));
  });

  it('[T15] new settings can let a wait be over at once', () => {
    const { clock, engine, effects } = rig(turnOptions('gateway'));
    engine.feed({ type: 'line.audio', lineId: 'line_1' });
    engine.feed({ type: 'line.closed', lineId: 'line_1' });
    engine.feed({ type: 'playback', lineId: 'line_1', playedMs: 10, bufferedMs: 0 });
    clock.advance(9000);
    expect(effects).toEqual([]);
    engine.configure(turnOptions('gateway', { idleTimeoutMs: 6000 }));
    expect(effects).toContainEqual({ type: 'startResponse', cause: 'idle' });
  });

  it('stops everything when closed, and may be closed twice', () => {
    const { clock, engine, effects, hear } = rig(turnOptions('gateway'));
    hear(0.9, 0.9);
    expect(clock.pending).toBe(1);
    engine.close();
    engine.close();
    expect(clock.pending).toBe(0);
    const { state } = engine;
    hear(...Array<number>(20).fill(0.01));
    engine.configure(turnOptions('gateway', { silenceDurationMs: 0 }));
    engine.feed({ type: 'client.commit', audioMs: 900 });
    clock.advance(10_000);
    expect(effects).toEqual([started(0)]);
    expect(engine.state).toBe(state);
    expect(clock.pending).toBe(0);
  });

  it('closed by an effect, it runs none of those that follow and takes no pending input', () => {
    const { clock, engine, effects, hear, onEffect } = rig(turnOptions('gateway'));
    engine.feed({ type: 'line.opened', lineId: 'line_1' });
    onEffect(({ type }) => {
      if (type !== 'event') return;
      engine.feed({ type: 'client.commit', audioMs: 64 });
      engine.close();
    });
    hear(...Array<number>(8).fill(0.9));
    expect(effects).toEqual([hold, started(0)]);
    expect(clock.pending).toBe(0);
  });

  it('hands a failing effect to whoever fed the input, and goes on with the next', () => {
    const { engine, effects, hear, onEffect } = rig(turnOptions('gateway'));
    hear(0.9);
    onEffect(() => {
      throw new Error('no such item');
    });
    expect(() => hear(0.9)).toThrow('no such item');
    onEffect(() => undefined);
    hear(...Array<number>(10).fill(0.01));
    expect(effects).toContainEqual(stopped(384));
    expect(engine.state.caller).toEqual({ kind: 'silent' });
  });

  it('ticks once for a wait whose time the origin rounds down', () => {
    // (23.6 + 1000.7) − 23.6 is 1000.6999999999999: the tick would seem to come too early for ever.
    const manual = new ManualClock(23.6);
    let timers = 0;
    const clock: Clock = {
      nowMs: () => manual.nowMs(),
      epochMs: () => manual.epochMs(),
      timerAt(atMs, callback) {
        timers += 1;
        if (timers > 10) throw new Error('the engine waits for the same time again and again');
        return manual.timerAt(atMs, callback);
      },
    };
    const effects: TurnEffect[] = [];
    const options = { ...turnOptions('gateway', { idleTimeoutMs: 1000.7 }) };
    const engine = new TurnEngine({ clock, originMs: 23.6, options }, (effect) => {
      effects.push(effect);
    });
    engine.feed({ type: 'line.audio', lineId: 'line_1' });
    engine.feed({ type: 'line.closed', lineId: 'line_1' });
    engine.feed({ type: 'playback', lineId: 'line_1', playedMs: 10, bufferedMs: 0 });
    manual.advance(2000);
    expect(effects).toContainEqual({ type: 'startResponse', cause: 'idle' });
    // The second one is for a caller who is away [T61].
    expect(timers).toBe(2);
  });
});
