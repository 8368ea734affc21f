import { answer, committed, frameMs, started, stopped, TurnRig, turnOptions } from './turn-rig.ts';
import { describe, expect, it } from 'vitest';
import { initialTurnState } from '../../../src/turn/state.ts';
import { stopSpeaking } from '../../../src/turn/endpointing.ts';

describe('onset', () => {
  it('[T1] 64 ms of speech start a turn while the agent is silent', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    expect(rig.speech(1)).toEqual([]);
    expect(rig.speech(1)).toEqual([started(0)]);
  });

  it.each([
    ['is heard', (rig: TurnRig) => rig.talk()],
    ['thinks', (rig: TurnRig) => rig.think()],
    [
      'is closed but still playing',
      (rig: TurnRig) => [...rig.talk(), ...rig.take({ type: 'line.closed', lineId: 'line_1' })],
    ],
  ])('[T1] 64 ms of speech start one while the agent %s too', (_what, begin) => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    begin(rig);
    expect(rig.speech(1)).toEqual([]);
    expect(rig.speech(1)).toEqual([started(0)]);
  });

  it('[T1] a frame exactly at the threshold counts, one just below does not', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    expect(rig.hear(0.499, 0.499, 0.499, 0.5)).toEqual([]);
    expect(rig.hear(0.5)).toEqual([started(32)]);
  });

  it('[T1] a frame below the lower threshold forgets the onset', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    expect(rig.hear(0.9, 0.34, 0.9)).toEqual([]);
    expect(rig.hear(0.9)).toEqual([started(0)]);
    expect(rig.state.caller).toMatchObject({ lastSpeechAudioMs: 128 });
  });

  it('[T1] the forgotten onset is not where the turn starts', () => {
    const rig = new TurnRig(turnOptions('gateway', { prefixPaddingMs: 0 }));
    expect(rig.hear(0.9, 0.34, 0.9, 0.9)).toEqual([started(64)]);
  });

  it('[T1] a frame between the thresholds neither counts nor forgets', () => {
    const rig = new TurnRig(turnOptions('gateway', { prefixPaddingMs: 0 }));
    expect(rig.hear(0.9, 0.4, 0.4, 0.4)).toEqual([]);
    expect(rig.hear(0.9)).toEqual([started(0)]);
  });

  it('[T1] the lower threshold is at least 0.01', () => {
    const rig = new TurnRig(turnOptions('gateway', { threshold: 0.1, prefixPaddingMs: 0 }));
    expect(rig.hear(0.2, 0.009, 0.2)).toEqual([]);
    expect(rig.hear(0.2)).toEqual([started(64)]);
    const kept = new TurnRig(turnOptions('gateway', { threshold: 0.1, prefixPaddingMs: 0 }));
    expect(kept.hear(0.2, 0.01, 0.2)).toEqual([started(0)]);
  });

  it('[T1] with a threshold of 0 every frame is speech', () => {
    const rig = new TurnRig(turnOptions('gateway', { threshold: 0 }));
    expect(rig.hear(0, 0)).toEqual([started(0)]);
    expect(rig.hear(...Array<number>(40).fill(0))).toEqual([]);
  });

  it('[T1] single frames of noise start nothing', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    for (let round = 0; round < 20; round += 1) expect(rig.hear(0.9, 0.1, 0.1)).toEqual([]);
    expect(rig.waitsUntilMs).toBeNull();
  });
});

describe('start position', () => {
  it('[T2] the turn starts the prefix padding before its first speech frame', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.silence(10);
    expect(rig.speech(2)).toEqual([started(256)]);
  });

  it('[T2] the turn does not start before the call', () => {
    const rig = new TurnRig(turnOptions('gateway', { prefixPaddingMs: 300 }));
    rig.silence(1);
    expect(rig.speech(2)).toEqual([started(0)]);
  });

  it('[T2] the padding stops at audio that the last turn took', () => {
    const rig = new TurnRig(turnOptions('gateway', { prefixPaddingMs: 300 }));
    rig.speech(2);
    expect(rig.silence(10)).toContainEqual(stopped(384));
    expect(rig.speech(2)).toEqual([started(384)]);
  });

  it.each(['client.commit', 'client.clear'] as const)(
    '[T2] the padding stops at audio that a %s took',
    (type) => {
      const rig = new TurnRig(turnOptions('gateway', { prefixPaddingMs: 300 }));
      rig.silence(10);
      rig.take({ type, audioMs: 320 });
      rig.silence(1);
      expect(rig.speech(2)).toEqual([started(320)]);
    },
  );

  it('[T2] the padding stops at a dismissed backchannel', () => {
    const rig = new TurnRig(turnOptions('model', { prefixPaddingMs: 300 }));
    rig.talk();
    rig.speech(3);
    rig.silence(10);
    rig.endLine();
    expect(rig.speech(2)).toEqual([started(416)]);
  });

  it.each(['client.commit', 'client.clear'] as const)(
    '[T2] frames that lag behind a %s are not speech',
    (type) => {
      const rig = new TurnRig(turnOptions('gateway'));
      rig.silence(2);
      rig.take({ type, audioMs: 160 });
      expect(rig.speech(3)).toEqual([]);
      expect(rig.state.caller).toEqual({ kind: 'silent' });
      expect(rig.speech(1)).toEqual([]);
      expect(rig.speech(1)).toEqual([started(160)]);
    },
  );

  it('[T2] a frame that began before a commit and ends after it counts', () => {
    const rig = new TurnRig(turnOptions('gateway', { prefixPaddingMs: 0 }));
    rig.take({ type: 'client.commit', audioMs: 20 });
    expect(rig.speech(2)).toEqual([started(20)]);
  });
});

describe('end by silence', () => {
  it('[T3] [T30] the turn ends with the silence it needed, which it includes', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(5);
    expect(rig.silence(9)).toEqual([]);
    expect(rig.silence(1)).toEqual([stopped(480), committed('silence', 0, 480, 160), answer]);
    expect(rig.state.caller).toEqual({ kind: 'silent' });
  });

  it('[T3] [T30] the first silent frame ends the turn if it is silence enough', () => {
    const rig = new TurnRig(turnOptions('gateway', { silenceDurationMs: frameMs }));
    rig.speech(2);
    expect(rig.silence(1)).toEqual([stopped(96), committed('silence', 0, 96, 64), answer]);
  });

  it('[T3] speech inside the silence starts its count again', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    rig.silence(9);
    rig.speech(1);
    expect(rig.silence(9)).toEqual([]);
    expect(rig.silence(1)).toEqual([stopped(704), committed('silence', 0, 704, 384), answer]);
  });

  it('[T3] a frame between the thresholds goes on with speech but does not bring it back', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    rig.hear(0.4, 0.4);
    expect(rig.state.caller).toMatchObject({ kind: 'speaking', lastSpeechAudioMs: 128 });
    rig.hear(0.34);
    expect(rig.hear(...Array<number>(8).fill(0.4))).toEqual([]);
    expect(rig.hear(0.4)).toEqual([stopped(448), committed('silence', 0, 448, 128), answer]);
  });

  it('[T3] silence is measured on the sample clock, not on the clock of arrival', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    rig.nowMs += 900;
    expect(rig.silence(9)).toEqual([]);
    rig.audioMs += 320;
    expect(rig.silence(1)).toContainEqual(stopped(704));
  });

  it('[T3] settings that change in the middle of a turn judge its end', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    rig.silence(4);
    rig.options = turnOptions('gateway', { silenceDurationMs: 160 });
    expect(rig.silence(1)).toContainEqual(stopped(224));
  });

  it('[T3] a model without turns gets its turns labelled, and no answer is asked for', () => {
    const rig = new TurnRig(turnOptions('model'));
    rig.speech(2);
    expect(rig.silence(10)).toEqual([stopped(384), committed('model', 0, 384, 64)]);
  });
});

describe('no input', () => {
  it('[T4] a second without frames ends the turn at the last position known', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(3);
    expect(rig.wakeAtMs).toBe(1096);
    expect(rig.wait(999)).toEqual([]);
    expect(rig.wait(1)).toEqual([stopped(96), committed('silence', 0, 96, 96), answer]);
    expect(rig.waitsUntilMs).toBeNull();
  });

  it('[T4] a second without frames ends a pause too', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    rig.silence(4);
    expect(rig.wait(1000)).toEqual([stopped(192), committed('silence', 0, 192, 64), answer]);
  });

  it('[T4] each frame puts the end off', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    rig.nowMs += 900;
    rig.speech(1);
    expect(rig.wakeAtMs).toBe(1996);
    expect(rig.wait(999)).toEqual([]);
  });

  it('[T4] an onset is forgotten after a second without frames', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(1);
    expect(rig.waitsUntilMs).toBe(1032);
    expect(rig.wait(1000)).toEqual([]);
    expect(rig.state.caller).toEqual({ kind: 'silent' });
    expect(rig.speech(1)).toEqual([]);
  });

  it('[T4] an onset is forgotten when nobody listens any more', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(1);
    rig.options = turnOptions('gateway', null);
    expect(rig.wait(0)).toEqual([]);
    expect(rig.state.caller).toEqual({ kind: 'silent' });
  });

  it('[T4] does not hold under backend authority, even with frames from before it', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(1);
    rig.options = turnOptions('backend');
    rig.nowMs = 5000;
    expect(rig.take({ type: 'backend', event: 'speechStarted', audioMs: 4800 })).toEqual([
      started(4800),
    ]);
    expect(rig.waitsUntilMs).toBeNull();
    expect(rig.wait(2000)).toEqual([]);
  });

  it('[T4] a caller who never sent a frame has nothing to wait for', () => {
    const rig = new TurnRig(turnOptions('backend'));
    rig.take({ type: 'backend', event: 'speechStarted', audioMs: 0 });
    rig.options = turnOptions('gateway');
    expect(rig.wait(2000)).toEqual([]);
    expect(rig.waitsUntilMs).toBeNull();
  });
});

describe('stopping', () => {
  it('[T7] a caller who does not speak cannot be stopped', () => {
    const options = turnOptions('gateway');
    expect(stopSpeaking(initialTurnState, { cause: 'silence', nowMs: 900 }, options)).toEqual([
      initialTurnState,
      [],
    ]);
  });
});

describe('order', () => {
  it('[T7] stopped, then committed, then answered; and once each', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    const effects = [...rig.speech(4), ...rig.silence(40), ...rig.wait(5000)];
    expect(
      effects.map((effect) => (effect.type === 'event' ? effect.event.type : effect.type)),
    ).toEqual(['speechStarted', 'speechStopped', 'commitTurn', 'startResponse']);
  });

  it('[T7] two turns do not overlap', () => {
    const rig = new TurnRig(turnOptions('gateway', { createResponse: false }));
    rig.speech(2);
    expect(rig.silence(10)).toContainEqual(committed('silence', 0, 384, 64));
    expect(rig.speech(2)).toEqual([started(384)]);
    expect(rig.silence(10)).toEqual([stopped(768), committed('silence', 384, 768, 448)]);
  });
});
