import {
  answer,
  committed,
  interruption,
  resume,
  started,
  stopped,
  TurnRig,
  turnOptions,
  wholeCut,
} from './turn-rig.ts';
import { describe, expect, it } from 'vitest';
import type { TurnEffect } from '../../../src/turn/vocabulary.ts';

function key(rig: TurnRig, pressed: boolean, audioMs = rig.audioMs): TurnEffect[] {
  return rig.take({ type: 'client.ptt', pressed, audioMs });
}

function mute(rig: TurnRig, muted: boolean): TurnEffect[] {
  return rig.take({ type: 'client.mute', muted });
}

function dial(rig: TurnRig, digits: string): TurnEffect[] {
  return Array.from(digits).flatMap((digit) => rig.take({ type: 'client.dtmf', digit }));
}

function digits(text: string): TurnEffect {
  return { type: 'commitDigits', digits: text };
}

describe('push-to-talk', () => {
  it('[T64] the key down is speech from there on, the key up commits and answers it', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.silence(10);
    expect(key(rig, true)).toEqual([started(320)]);
    rig.silence(10);
    expect(key(rig, false)).toEqual([stopped(640), committed('manual', 320, 640, 640), answer]);
  });

  it('[T64] it cuts the agent', () => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    rig.talk();
    expect(key(rig, true)).toEqual([started(0), interruption('key', 0), ...wholeCut]);
    expect(rig.endLine()).toEqual([]);
  });

  it('[T64] detector frames and repeats change nothing meanwhile, and no wait ends it', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    key(rig, true);
    expect([...rig.speech(10), ...rig.silence(60), ...key(rig, true)]).toEqual([]);
    expect(rig.wakeAtMs).toBeNull();
    expect(mute(rig, true)).toEqual([]);
    key(rig, false);
    expect(key(rig, false)).toEqual([]);
  });

  it('[T64] speech that was shown goes on with its start, withheld speech is shown with it', () => {
    const shown = new TurnRig(turnOptions('gateway'));
    shown.speech(4);
    expect(key(shown, true)).toEqual([]);
    expect(key(shown, false, 200)).toContainEqual(committed('manual', 0, 200, 200));
    const withheld = new TurnRig(turnOptions('gateway'));
    withheld.talk();
    withheld.silence(20);
    withheld.speech(3);
    expect(key(withheld, true)).toEqual([started(576), interruption('key', 0), ...wholeCut]);
    expect(withheld.state.overlap).toEqual({ kind: 'none' });
  });

  it('[T64] without createResponse, or with detection off, nothing is answered', () => {
    for (const options of [
      turnOptions('gateway', { createResponse: false }),
      turnOptions('gateway', null),
    ]) {
      const rig = new TurnRig(options);
      key(rig, true, 0);
      expect(key(rig, false, 500)).toEqual([stopped(500), committed('manual', 0, 500, 500)]);
    }
  });

  it('[T14] [T64] the answer is owed while an agent has the floor', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    key(rig, true, 0);
    rig.talk();
    expect(key(rig, false, 500)).toEqual([stopped(500), committed('manual', 0, 500, 500)]);
    expect(rig.endLine()).toEqual([answer]);
  });

  it('[T64] what a commit took while the key was down is not committed again', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    key(rig, true, 0);
    rig.take({ type: 'client.commit', audioMs: 500 });
    expect(key(rig, false, 600)).toEqual([]);
  });

  it.each(['model', 'backend'] as const)('[T64] it does nothing under %s authority', (who) => {
    const rig = new TurnRig(turnOptions(who));
    rig.talk();
    const before = rig.state;
    expect(key(rig, true)).toEqual([]);
    expect(rig.state).toEqual(before);
  });

  it('[T64] a key that is let go after a handover does not stay down', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    key(rig, true);
    rig.options = turnOptions('model');
    expect(key(rig, false)).toEqual([]);
    expect(rig.state).toMatchObject({ pressed: false, caller: { kind: 'speaking' } });
    rig.silence(9);
    expect(rig.silence(1)).toContainEqual(committed('model', 0, 320, 0));
  });
});

describe('mute', () => {
  it('[T65] speech in progress ends, and frames change nothing until it is lifted', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(4);
    expect(mute(rig, true)).toEqual([stopped(128), committed('silence', 0, 128, 128), answer]);
    expect(rig.speech(20)).toEqual([]);
    expect(mute(rig, false)).toEqual([]);
    expect(rig.speech(2)).toEqual([started(rig.audioMs - 128)]);
  });

  it('[T65] an onset comes to nothing', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(1);
    expect(mute(rig, true)).toEqual([]);
    expect(rig.state.caller).toEqual({ kind: 'silent' });
  });

  it.each([turnOptions('backend'), turnOptions('gateway', null)])(
    '[T65] where nobody listens, whoever decides ends the speech',
    (options) => {
      const rig = new TurnRig(turnOptions('gateway'));
      rig.speech(4);
      rig.options = options;
      expect(mute(rig, true)).toEqual([]);
      expect(rig.state.caller).toMatchObject({ kind: 'speaking' });
    },
  );
});

describe('telephone keys', () => {
  it('[T66] keys are collected until the hash, committed as text and answered', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    expect(dial(rig, '42*')).toEqual([]);
    expect(dial(rig, '#')).toEqual([digits('42*'), answer]);
  });

  it('[T66] 2 s without a key end the input too', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    dial(rig, '4');
    rig.nowMs = 1500;
    dial(rig, '2');
    expect(rig.wakeAtMs).toBe(3500);
    expect(rig.wait(1999)).toEqual([]);
    expect(rig.wait(1)).toEqual([digits('42'), answer]);
  });

  it('[T66] the first key cuts the agent, the next ones do not', () => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    rig.talk();
    expect(dial(rig, '4')).toEqual([interruption('key', 0), ...wholeCut]);
    rig.endLine();
    rig.talk('line_2');
    expect(dial(rig, '2')).toEqual([]);
  });

  it('[T66] a hash alone only cuts', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    expect(dial(rig, '#')).toEqual([interruption('key', 0), ...wholeCut]);
    expect(rig.state.digits).toBeNull();
  });

  it('[T14] [T66] the answer is owed while an agent has the floor', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    dial(rig, '4');
    rig.talk();
    expect(dial(rig, '#')).toEqual([digits('4')]);
    expect(rig.endLine()).toEqual([answer]);
  });

  it('[T66] at most 64 keys are taken', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    dial(rig, '1'.repeat(70));
    expect(dial(rig, '#')).toContainEqual(digits('1'.repeat(64)));
  });

  it('[T66] after a handover what was pressed is committed, and nobody here answers it', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    dial(rig, '4');
    rig.options = turnOptions('backend');
    expect(rig.wait(2000)).toEqual([digits('4')]);
    expect(dial(rig, '4')).toEqual([]);
  });
});

describe('silence now', () => {
  it('[T16] what was lowered is not lowered any more: nothing of it is left', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    rig.silence(20);
    rig.speech(3);
    expect(rig.take({ type: 'client.interrupt' })).toEqual(wholeCut);
    expect(rig.endLine()).toEqual([started(576)]);
    expect(rig.silence(10)).not.toContainEqual(resume);
  });
});
