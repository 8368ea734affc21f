import { answer, away, hearing, hold, resume, started, TurnRig, turnOptions } from './turn-rig.ts';
import { describe, expect, it } from 'vitest';
import { initialTurnState } from '../../../src/turn/state.ts';
import { agentSlow } from '../../../src/turn/floor.ts';
import { digitsOver } from '../../../src/turn/hands.ts';
import type { TurnEffect } from '../../../src/turn/vocabulary.ts';

const filler = (count: number): TurnEffect => ({ type: 'say', kind: 'filler', count });

function tool(rig: TurnRig, event: 'start' | 'end' | 'cancel', toolCallId = 'call_1') {
  return rig.take({ type: 'tool', event, toolCallId });
}

describe('fillers', () => {
  const options = turnOptions('gateway', {}, { fillers: true });

  it('[T60] something is said after 900 ms of a tool, and once more after another 6 s', () => {
    const rig = new TurnRig(options);
    tool(rig, 'start');
    expect(rig.wait(899)).toEqual([]);
    expect(rig.wait(1)).toEqual([filler(0)]);
    rig.talk();
    rig.nowMs += 1000;
    rig.endLine();
    expect(rig.wait(5999)).toEqual([]);
    expect(rig.wait(1)).toEqual([filler(1)]);
    expect(rig.outlast(60_000)).toEqual([]);
  });

  it('[T60] the wait is counted from the agent’s last word', () => {
    const rig = new TurnRig(options);
    rig.talk();
    tool(rig, 'start');
    expect(rig.wait(5000)).toEqual([]);
    rig.endLine();
    expect(rig.wait(899)).toEqual([]);
    expect(rig.wait(1)).toEqual([filler(0)]);
  });

  it.each(['end', 'cancel'] as const)(
    '[T60] nothing is said once the last tool is at its %s',
    (event) => {
      const rig = new TurnRig(options);
      tool(rig, 'start');
      tool(rig, 'start', 'call_2');
      tool(rig, 'start', 'call_2');
      tool(rig, event, 'call_2');
      expect(rig.waitsUntilMs).toBe(900);
      tool(rig, event);
      expect(rig.outlast(60_000)).toEqual([]);
    },
  );

  it('[T60] the next wait begins with the first tool after it', () => {
    const rig = new TurnRig(options);
    tool(rig, 'start');
    rig.wait(900);
    tool(rig, 'end');
    rig.nowMs = 5000;
    tool(rig, 'start', 'call_2');
    expect(rig.wait(900)).toEqual([filler(0)]);
  });

  it('[T60] nothing is said while the caller speaks, where nobody wants it, or by another’s backend', () => {
    const rig = new TurnRig(options);
    tool(rig, 'start');
    rig.speech(2);
    rig.nowMs = 950;
    expect(rig.wait(0)).toEqual([]);
    for (const quiet of [
      turnOptions('gateway'),
      turnOptions('model', {}, { fillers: true }),
      turnOptions('backend', {}, { fillers: true }),
    ]) {
      const other = new TurnRig(quiet);
      tool(other, 'start');
      expect(other.outlast(60_000)).toEqual([]);
    }
  });

  it('[T60] at most 64 tools are watched', () => {
    const rig = new TurnRig(options);
    for (let call = 0; call < 70; call += 1) tool(rig, 'start', `call_${call}`);
    expect(rig.state.tools.running).toHaveLength(64);
  });

  it('[T14] [T60] the answer to a turn that ends at the same moment goes first', () => {
    const rig = new TurnRig(options);
    tool(rig, 'start');
    rig.speech(2);
    rig.nowMs = 2000;
    expect(rig.wait(0).filter(({ type }) => type !== 'event')).toMatchObject([
      { type: 'commitTurn' },
      answer,
    ]);
  });
});

describe('away', () => {
  it('[T61] a caller who is silent for 15 s after the agent’s last word is away', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    rig.nowMs = 4000;
    rig.endLine();
    expect(rig.wait(14_999)).toEqual([]);
    expect(rig.wait(1)).toEqual([away(true)]);
    expect(rig.wakeAtMs).toBeNull();
    expect(rig.wait(60_000)).toEqual([]);
  });

  it('[T61] nobody is away while the agent has the floor', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    expect(rig.wait(60_000)).toEqual([]);
  });

  it('[T61] the wait begins anew with the caller’s last word', () => {
    const rig = new TurnRig(turnOptions('gateway', { createResponse: false }));
    rig.nowMs = 10_000;
    rig.speech(2);
    rig.silence(10);
    expect(rig.wakeAtMs).toBe(10_384 + 15_000);
  });

  it.each([
    ['speech', (rig: TurnRig) => rig.speech(2)],
    ['a key', (rig: TurnRig) => rig.take({ type: 'client.ptt', pressed: true, audioMs: 0 })],
    ['a telephone key', (rig: TurnRig) => rig.take({ type: 'client.dtmf', digit: '4' })],
    ['a commit', (rig: TurnRig) => rig.take({ type: 'client.commit', audioMs: 200 })],
    [
      'speech by the backend’s word',
      (rig: TurnRig) => {
        rig.options = turnOptions('backend');
        return rig.take({ type: 'backend', event: 'speechStarted', audioMs: 0 });
      },
    ],
  ])('[T61] %s brings the caller back, which is told once', (_what, comeBack) => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.wait(15_000);
    const effects = comeBack(rig);
    expect(effects[0]).toEqual(away(false));
    expect(effects.slice(1)).not.toContainEqual(away(false));
    expect(rig.state.away).toBe(false);
  });

  it('[T61] it is told before the speech itself', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.wait(15_000);
    expect(rig.speech(2)).toEqual([away(false), started(0)]);
  });
});

describe('slow', () => {
  const slow: TurnEffect = { type: 'event', event: { type: 'agentSlow', lineId: 'line_1' } };

  it('[T62] an answer that has no sound after 3 s is told once', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.think();
    expect(rig.wait(2999)).toEqual([]);
    expect(rig.wait(1)).toEqual([slow]);
    expect(rig.wakeAtMs).toBeNull();
    expect(rig.wait(60_000)).toEqual([]);
  });

  it('[T62] sound in time is not slow', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    expect(rig.wait(60_000)).toEqual([]);
    expect(agentSlow(rig.state)).toEqual([rig.state, []]);
  });
});

describe('calm', () => {
  const options = turnOptions('gateway', {}, { minResponseDelayMs: 1000 });

  /** An answer opens 320 ms after the caller's last word, at 384 ms of the call. */
  function answered(more = options): TurnRig {
    const rig = new TurnRig(more);
    rig.speech(2);
    rig.silence(10);
    return rig;
  }

  it('[T63] the answer is held until the delay after the caller’s last word is over', () => {
    const rig = answered();
    expect(rig.think()).toEqual([hold]);
    expect(rig.wakeAtMs).toBe(1064);
    rig.nowMs = 1063;
    expect(rig.wait(0)).toEqual([]);
    expect(rig.wait(1)).toEqual([resume]);
    expect(rig.state.calmUntilMs).toBeNull();
  });

  it('[T63] an answer that comes later, or to nobody’s word, is not held', () => {
    const rig = answered();
    rig.nowMs = 1064;
    expect(rig.think()).toEqual([]);
    expect(new TurnRig(options).think()).toEqual([]);
  });

  it('[T23] [T63] speech that comes to nothing meanwhile does not let it out early', () => {
    const rig = answered();
    rig.think();
    expect(rig.speech(2)).toEqual([]);
    expect(rig.waitsUntilMs).toBe(rig.nowMs + 1000);
    expect(rig.silence(7)).not.toContainEqual(resume);
    rig.nowMs = 1064;
    expect(rig.wait(0)).toEqual([resume]);
  });

  it('[T63] speech that is judged when the delay is over keeps it held', () => {
    const rig = answered();
    rig.think();
    rig.nowMs = 990;
    rig.speech(2);
    rig.silence(4);
    expect(rig.wait(0)).toEqual([]);
    expect(rig.silence(3)).toContainEqual(resume);
    expect(rig.state.calmUntilMs).toBeNull();
  });

  it('[T63] a line that takes its place is held anew, or let go', () => {
    const rig = answered();
    rig.think();
    expect(rig.think('line_2')).toEqual([]);
    expect(rig.state.agent).toMatchObject({ lineId: 'line_2', floor: 'held' });
    rig.options = turnOptions('gateway');
    expect(rig.think('line_3')).toEqual([resume]);
    expect(rig.state.agent).toMatchObject({ floor: 'full' });
  });

  it('[T63] it ends with the line', () => {
    const rig = answered(hearing({}, { minResponseDelayMs: 1000 }));
    rig.think();
    rig.take({ type: 'line.closed', lineId: 'line_1' });
    expect(rig.state.calmUntilMs).toBeNull();
    expect(rig.wait(700)).toEqual([]);
  });
});

describe('waits that are not open', () => {
  it('[T66] are never over', () => {
    expect(digitsOver(initialTurnState, turnOptions('gateway'))).toEqual([initialTurnState, []]);
    expect(agentSlow(initialTurnState)).toEqual([initialTurnState, []]);
  });
});
