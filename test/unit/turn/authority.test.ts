import {
  answer,
  committed,
  dismissed,
  duck,
  hearing,
  resume,
  started,
  stopped,
  TurnRig,
  turnOptions,
} from './turn-rig.ts';
import { describe, expect, it } from 'vitest';

describe('speech that the client judges', () => {
  it('[T11] nothing is lowered or cut, and speech is shown at once', () => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    rig.talk();
    expect(rig.speech(3)).toEqual([started(0)]);
    expect(rig.speech(20)).toEqual([]);
  });

  it('[T11] speech that is being judged when it is switched off is shown, and the agent goes on', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    rig.silence(20);
    expect(rig.speech(2)).toEqual([duck]);
    rig.options = turnOptions('gateway', { interruptResponse: false });
    expect(rig.wait(0)).toEqual([started(576), resume]);
    expect(rig.state.overlap).toEqual({ kind: 'none' });
  });

  it('[T11] what lingers when it is switched off is settled', () => {
    const rig = new TurnRig(hearing());
    rig.talk();
    rig.silence(20);
    rig.speech(6);
    rig.silence(7);
    rig.options = turnOptions('gateway', { interruptResponse: false });
    expect(rig.wait(0)).toEqual([dismissed(576, 832)]);
  });
});

describe('under model authority', () => {
  it('[T12] speech over an audible agent is withheld and cuts nothing', () => {
    const rig = new TurnRig(turnOptions('model'));
    rig.talk();
    expect(rig.speech(40)).toEqual([]);
    expect(rig.state.caller).toMatchObject({ kind: 'speaking', shown: false });
  });

  it('[T12] withheld speech is shown with its true start once the agent has stopped', () => {
    const rig = new TurnRig(turnOptions('model'));
    rig.talk();
    rig.silence(10);
    rig.speech(10);
    expect(rig.endLine()).toEqual([started(256)]);
    expect(rig.silence(10)).toEqual([stopped(960), committed('model', 256, 960, 640)]);
  });

  it('[T12] withheld speech is shown in a pause of it too', () => {
    const rig = new TurnRig(turnOptions('model'));
    rig.talk();
    rig.speech(4);
    rig.silence(3);
    expect(rig.endLine()).toEqual([started(0)]);
    expect(rig.state.caller).toMatchObject({ kind: 'paused', shown: true });
  });

  it('[T12] withheld speech stays withheld while what was sent still plays', () => {
    const rig = new TurnRig(turnOptions('model'));
    rig.talk();
    rig.speech(4);
    expect(
      rig.take(
        { type: 'line.closed', lineId: 'line_1' },
        { type: 'playback', lineId: 'line_1', playedMs: 300, bufferedMs: 100 },
      ),
    ).toEqual([]);
    expect(rig.take({ type: 'playback', lineId: 'line_1', playedMs: 400, bufferedMs: 0 })).toEqual([
      started(0),
    ]);
  });

  it('[T12] speech that ends before the agent does is dismissed as a backchannel', () => {
    const rig = new TurnRig(turnOptions('model'));
    rig.talk();
    rig.speech(5);
    expect(rig.silence(10)).toEqual([dismissed(0, 480)]);
    expect(rig.endLine()).toEqual([]);
  });

  it('[T12] withheld speech that loses its input is dismissed too', () => {
    const rig = new TurnRig(turnOptions('model'));
    rig.talk();
    rig.speech(5);
    expect(rig.wait(1000)).toEqual([dismissed(0, 160)]);
  });

  it('[T12] speech over a thinking agent is shown at once and cuts nothing', () => {
    const rig = new TurnRig(turnOptions('model'));
    rig.think();
    expect(rig.speech(2)).toEqual([started(0)]);
  });

  it('[T12] speech in silence is shown at once', () => {
    const rig = new TurnRig(turnOptions('model'));
    expect(rig.speech(2)).toEqual([started(0)]);
  });
});

describe('under backend authority', () => {
  it('[T13] the backend’s own events pass at once and commit its turn', () => {
    const rig = new TurnRig(turnOptions('backend'));
    expect(rig.take({ type: 'backend', event: 'speechStarted', audioMs: 500 })).toEqual([
      started(500),
    ]);
    expect(rig.take({ type: 'backend', event: 'speechStopped', audioMs: 1700 })).toEqual([
      stopped(1700),
      committed('backend', 500, 1700, 1700),
    ]);
  });

  it('[T13] what is sent and unplayed is flushed and truncated, and generation is left alone', () => {
    const rig = new TurnRig(turnOptions('backend', { interruptResponse: false }));
    rig.talk();
    expect(rig.take({ type: 'backend', event: 'speechStarted', audioMs: 500 })).toEqual([
      started(500),
      { type: 'flushPlayback' },
      { type: 'truncate' },
    ]);
  });

  it('[T13] there is nothing to flush of an agent that thinks', () => {
    const rig = new TurnRig(turnOptions('backend'));
    rig.think();
    expect(rig.take({ type: 'backend', event: 'speechStarted', audioMs: 500 })).toEqual([
      started(500),
    ]);
    expect(rig.take({ type: 'backend', event: 'interrupted', audioMs: 500 })).toEqual([]);
  });

  it('[T13] an interruption by the backend flushes and truncates without a speech', () => {
    const rig = new TurnRig(turnOptions('backend'));
    rig.talk();
    expect(rig.take({ type: 'backend', event: 'interrupted', audioMs: 500 })).toEqual([
      { type: 'flushPlayback' },
      { type: 'truncate' },
    ]);
    expect(rig.state.caller).toEqual({ kind: 'silent' });
  });

  it('[T13] detector frames change nothing', () => {
    const rig = new TurnRig(turnOptions('backend'));
    const before = rig.state;
    expect([...rig.speech(20), ...rig.silence(40)]).toEqual([]);
    expect(rig.state).toEqual(before);
  });

  it('[T13] a speech that the backend starts twice starts once, and still stops the agent', () => {
    const rig = new TurnRig(turnOptions('backend'));
    rig.take({ type: 'backend', event: 'speechStarted', audioMs: 500 });
    rig.talk();
    expect(rig.take({ type: 'backend', event: 'speechStarted', audioMs: 900 })).toEqual([
      { type: 'flushPlayback' },
      { type: 'truncate' },
    ]);
    expect(rig.take({ type: 'backend', event: 'speechStopped', audioMs: 1500 })).toEqual([
      stopped(1500),
      committed('backend', 500, 1500, 1500),
    ]);
  });

  it('[T13] a stop without a start is nothing', () => {
    const rig = new TurnRig(turnOptions('backend'));
    expect(rig.take({ type: 'backend', event: 'speechStopped', audioMs: 900 })).toEqual([]);
  });

  it('[T13] positions inside audio that is already committed are moved out of it', () => {
    const rig = new TurnRig(turnOptions('backend'));
    rig.take({ type: 'client.commit', audioMs: 1000 });
    expect(rig.take({ type: 'backend', event: 'speechStarted', audioMs: 700 })).toEqual([
      started(1000),
    ]);
    expect(rig.take({ type: 'backend', event: 'speechStopped', audioMs: 900 })).toEqual([
      stopped(1000),
      committed('backend', 1000, 1000, 1000),
    ]);
  });

  it('[T13] its turns never start an answer from here', () => {
    const rig = new TurnRig(turnOptions('backend', { createResponse: true }));
    rig.take({ type: 'backend', event: 'speechStarted', audioMs: 0 });
    const effects = rig.take({ type: 'backend', event: 'speechStopped', audioMs: 900 });
    expect(effects).not.toContainEqual(answer);
  });

  it.each(['gateway', 'model'] as const)(
    '[T13] the backend’s detection is not asked under %s authority',
    (authority) => {
      const rig = new TurnRig(turnOptions(authority));
      rig.talk();
      const before = rig.state;
      expect(
        rig.take(
          { type: 'backend', event: 'speechStarted', audioMs: 0 },
          { type: 'backend', event: 'interrupted', audioMs: 100 },
          { type: 'backend', event: 'speechStopped', audioMs: 900 },
        ),
      ).toEqual([]);
      expect(rig.state).toEqual(before);
    },
  );

  it('[T13] a pause that the gateway heard is the backend’s to end after a handover', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(4);
    rig.silence(2);
    rig.options = turnOptions('backend');
    expect(rig.take({ type: 'backend', event: 'speechStarted', audioMs: 200 })).toEqual([]);
    expect(rig.take({ type: 'backend', event: 'speechStopped', audioMs: 600 })).toEqual([
      stopped(600),
      committed('backend', 0, 600, 600),
    ]);
  });
});
