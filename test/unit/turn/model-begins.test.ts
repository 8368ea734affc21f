import { describe, expect, it } from 'vitest';
import { committed, stopped, TurnRig, turnOptions } from './turn-rig.ts';

describe('a model that begins to speak', () => {
  it('[T12] ends the turn in whose pause it does, at once', () => {
    const rig = new TurnRig(turnOptions('model'));
    rig.speech(10);
    rig.silence(3);
    expect(rig.take({ type: 'model.begins' })).toEqual([
      stopped(416),
      committed('model', 0, 416, 320),
    ]);
    expect(rig.state.caller).toEqual({ kind: 'silent' });
    expect(rig.silence(20)).toEqual([]);
  });

  it('[T12] ends nothing while the caller speaks, or where the gateway judges', () => {
    const model = new TurnRig(turnOptions('model'));
    model.speech(10);
    expect(model.take({ type: 'model.begins' })).toEqual([]);
    expect(model.state.caller.kind).toBe('speaking');
    const gateway = new TurnRig(turnOptions('gateway'));
    gateway.speech(10);
    gateway.silence(3);
    expect(gateway.take({ type: 'model.begins' })).toEqual([]);
    expect(gateway.state.caller.kind).toBe('paused');
  });
});
