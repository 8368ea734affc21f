import { committed, started, stopped, TurnRig, turnOptions, wholeCut } from './turn-rig.ts';
import { describe, expect, it } from 'vitest';
import { initialTurnState } from '../../../src/turn/state.ts';

const authorities = ['gateway', 'model', 'backend'] as const;

describe('manual commit', () => {
  it.each(authorities)('[T5] it takes all uncommitted audio under %s authority', (authority) => {
    const rig = new TurnRig(turnOptions(authority, null));
    expect(rig.take({ type: 'client.commit', audioMs: 900 })).toEqual([
      committed('manual', null, null, null),
    ]);
    expect(rig.state.floorAudioMs).toBe(900);
  });

  it('[T5] in the middle of speech it ends the speech without a stop', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(4);
    expect(rig.take({ type: 'client.commit', audioMs: 140 })).toEqual([
      committed('manual', null, null, 128),
    ]);
    expect(rig.waitsUntilMs).toBeNull();
    expect([...rig.silence(40), ...rig.wait(5000)]).toEqual([]);
  });

  it('[T5] in a pause it knows where the speech ended', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(4);
    rig.silence(3);
    expect(rig.take({ type: 'client.commit', audioMs: 224 })).toEqual([
      committed('manual', null, null, 128),
    ]);
    expect(rig.silence(40)).toEqual([]);
  });

  it('[T5] an onset that it cuts short is no speech', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(1);
    expect(rig.take({ type: 'client.commit', audioMs: 32 })).toEqual([
      committed('manual', null, null, null),
    ]);
    expect(rig.speech(1)).toEqual([]);
  });

  it('[T5] it does not cut the agent', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    expect(rig.take({ type: 'client.commit', audioMs: 0 })).toEqual([
      committed('manual', null, null, null),
    ]);
    expect(rig.state.agent).toMatchObject({ kind: 'speaking' });
  });

  it('[T5] with detection off, detector frames change nothing', () => {
    const rig = new TurnRig(turnOptions('gateway', null));
    expect([...rig.speech(20), ...rig.silence(40)]).toEqual([]);
    expect(rig.state).toEqual(initialTurnState);
    expect(rig.waitsUntilMs).toBeNull();
  });

  it('[T4] speech in progress when detection is switched off waits for the client', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    rig.options = turnOptions('gateway', null);
    rig.speech(10);
    expect(rig.waitsUntilMs).toBeNull();
    expect(rig.wait(5000)).toEqual([]);
    expect(rig.take({ type: 'client.commit', audioMs: 384 })).toMatchObject([
      { type: 'commitTurn', cause: 'manual', fromAudioMs: null, toAudioMs: null },
    ]);
  });
});

describe('clear', () => {
  it('[T6] it forgets speech in progress without a word', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(4);
    expect(rig.take({ type: 'client.clear', audioMs: 128 })).toEqual([]);
    expect(rig.state.caller).toEqual({ kind: 'silent' });
    expect(rig.waitsUntilMs).toBeNull();
    expect([...rig.silence(40), ...rig.wait(5000)]).toEqual([]);
  });

  it('[T6] speech that goes on after it is a new speech', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(4);
    rig.take({ type: 'client.clear', audioMs: 128 });
    expect(rig.speech(2)).toEqual([started(128)]);
  });

  it('[T6] it forgets withheld speech: nothing is shown or dismissed', () => {
    const rig = new TurnRig(turnOptions('model'));
    rig.talk();
    rig.speech(4);
    expect(rig.take({ type: 'client.clear', audioMs: 128 })).toEqual([]);
    expect([...rig.endLine(), ...rig.silence(40)]).toEqual([]);
  });

  it('[T6] it forgets an onset', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(1);
    rig.take({ type: 'client.clear', audioMs: 32 });
    expect(rig.speech(1)).toEqual([]);
  });
});

describe('silence now', () => {
  it.each(authorities)('[T16] an audible agent is cut under %s authority', (authority) => {
    const rig = new TurnRig(turnOptions(authority, { interruptResponse: false }));
    rig.talk();
    expect(rig.take({ type: 'client.interrupt' })).toEqual(wholeCut);
  });

  it('[T16] a thinking agent is cut', () => {
    const rig = new TurnRig(turnOptions('gateway', null));
    rig.think();
    expect(rig.take({ type: 'client.interrupt' })).toEqual(wholeCut);
  });

  it('[T16] there is nothing to cut of a silent agent', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    expect(rig.take({ type: 'client.interrupt' })).toEqual([]);
  });

  it('[T16] the caller’s turn goes on', () => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    rig.talk();
    rig.speech(4);
    rig.take({ type: 'client.interrupt' });
    rig.endLine();
    expect(rig.silence(10)).toContainEqual(stopped(448));
  });
});

describe('waiting', () => {
  it('the earlier of two waits comes first', () => {
    const rig = new TurnRig(turnOptions('gateway', { idleTimeoutMs: 500 }));
    rig.talk();
    rig.endLine();
    expect(rig.wakeAtMs).toBe(500);
    rig.speech(2);
    expect(rig.wakeAtMs).toBe(1064);
  });

  it('a tick when nothing is waited for changes nothing', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    expect(rig.wait(14_999)).toEqual([]);
    expect(rig.state).toEqual(initialTurnState);
  });
});
