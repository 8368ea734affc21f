import {
  answer,
  committed,
  dismissed,
  started,
  stopped,
  TurnRig,
  turnOptions,
  wholeCut,
} from './turn-rig.ts';
import { describe, expect, it } from 'vitest';
import { judgeOnset } from '../../../src/turn/barge-in.ts';

describe('under gateway authority', () => {
  it('[T10] speech over an audible agent cuts: shown, cancel, flush, truncate', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    expect(rig.speech(3)).toEqual([started(0), ...wholeCut]);
  });

  it('[T10] speech over a thinking agent cuts in the same way', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.think();
    expect(rig.speech(2)).toEqual([started(0), ...wholeCut]);
  });

  it('[T10] speech over a line that only still plays cuts it', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    rig.take({ type: 'line.closed', lineId: 'line_1' });
    expect(rig.speech(3)).toEqual([started(0), ...wholeCut]);
  });

  it('[T10] one speech cuts once', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    rig.speech(3);
    expect([...rig.speech(20), ...rig.silence(5), ...rig.speech(5)]).toEqual([]);
  });

  it('[T10] a silent agent is not cut', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    rig.endLine();
    expect(rig.speech(2)).toEqual([started(0)]);
  });

  it('[T11] with interruptResponse off nothing is cut and speech is shown at once', () => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    rig.talk();
    expect(rig.speech(3)).toEqual([started(0)]);
    expect(rig.speech(20)).toEqual([]);
  });

  it('[T11] without detection the verdict on speech is not to cut', () => {
    expect(
      judgeOnset({ kind: 'thinking', lineId: 'line_1' }, turnOptions('gateway', null)),
    ).toEqual({ shown: true, effects: [] });
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

  it('[T13] news of its answers changes nothing', () => {
    const rig = new TurnRig(turnOptions('backend'));
    rig.talk();
    const before = rig.state;
    expect(
      rig.take(
        { type: 'backend', event: 'responseCreated', audioMs: 0 },
        { type: 'backend', event: 'responseDone', audioMs: 0 },
      ),
    ).toEqual([]);
    expect(rig.state).toEqual(before);
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

  it('[T13] the verdict on speech that the gateway hears is to show it and leave the agent', () => {
    const agent = { kind: 'speaking', lineId: 'line_1', closed: false } as const;
    expect(judgeOnset(agent, turnOptions('backend'))).toEqual({ shown: true, effects: [] });
  });
});
