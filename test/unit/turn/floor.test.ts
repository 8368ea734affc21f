import { answer, committed, hearing, started, stopped, TurnRig, turnOptions } from './turn-rig.ts';
import { describe, expect, it } from 'vitest';
import type { TurnEffect } from '../../../src/turn/vocabulary.ts';

describe('the agent’s floor', () => {
  it('the agent holds the floor from the question to the last played sample', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.think();
    expect(rig.state.agent).toMatchObject({ kind: 'thinking', lineId: 'line_1' });
    rig.take({ type: 'line.audio', lineId: 'line_1' });
    expect(rig.state.agent).toMatchObject({ kind: 'speaking', lineId: 'line_1', closed: false });
    rig.take({ type: 'line.closed', lineId: 'line_1' });
    expect(rig.state.agent).toMatchObject({ kind: 'speaking', lineId: 'line_1', closed: true });
    rig.take({ type: 'playback', lineId: 'line_1', playedMs: 300, bufferedMs: 1 });
    expect(rig.state.agent).toMatchObject({ kind: 'speaking', lineId: 'line_1', closed: true });
    rig.nowMs = 4000;
    rig.take({ type: 'playback', lineId: 'line_1', playedMs: 301, bufferedMs: 0 });
    expect(rig.state.agent).toEqual({ kind: 'idle', sinceMs: 4000 });
  });

  it('an empty buffer does not free the floor while the line is open', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    rig.take({ type: 'playback', lineId: 'line_1', playedMs: 300, bufferedMs: 0 });
    expect(rig.state.agent).toMatchObject({ kind: 'speaking' });
  });

  it('a line that ends without sound frees the floor at once', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.think();
    rig.nowMs = 700;
    rig.take({ type: 'line.closed', lineId: 'line_1' });
    expect(rig.state.agent).toEqual({ kind: 'idle', sinceMs: 700 });
  });

  it('news of another line changes nothing', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    expect(rig.endLine('line_0')).toEqual([]);
    rig.talk('line_1');
    rig.take({ type: 'line.closed', lineId: 'line_1' });
    const before = rig.state;
    expect(rig.endLine('line_0')).toEqual([]);
    expect(rig.state).toEqual(before);
    rig.think('line_2');
    expect(rig.endLine('line_1')).toEqual([]);
    expect(rig.state.agent).toMatchObject({ kind: 'thinking', lineId: 'line_2' });
  });
});

describe('the answer', () => {
  it('[T14] a committed turn starts an answer', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    expect(rig.silence(10).at(-1)).toEqual(answer);
  });

  it('[T14] with createResponse off it starts none, now or later', () => {
    const rig = new TurnRig(
      turnOptions('gateway', { createResponse: false, interruptResponse: false }),
    );
    rig.talk();
    rig.speech(3);
    expect(rig.silence(10)).toEqual([stopped(416), committed('silence', 0, 416, 96)]);
    expect(rig.endLine()).toEqual([]);
  });

  it('[T14] an answer is owed while the agent holds the floor, and paid when it is free', () => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    rig.talk();
    rig.speech(3);
    expect(rig.silence(10)).toEqual([stopped(416), committed('silence', 0, 416, 96)]);
    expect(rig.take({ type: 'line.closed', lineId: 'line_1' })).toEqual([]);
    expect(rig.take({ type: 'playback', lineId: 'line_1', playedMs: 400, bufferedMs: 0 })).toEqual([
      answer,
    ]);
    rig.talk('line_2');
    expect(rig.endLine('line_2')).toEqual([]);
  });

  it('[T14] an owed answer is paid when a line fails before its first sound', () => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    rig.think();
    rig.speech(2);
    rig.silence(10);
    expect(rig.take({ type: 'line.closed', lineId: 'line_1' })).toEqual([answer]);
  });

  it('[T14] a line that opens during the speech makes the answer owed too', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    rig.talk();
    expect(rig.silence(10)).not.toContainEqual(answer);
    expect(rig.endLine()).toEqual([answer]);
  });

  it('[T14] a new line takes the place of an owed answer', () => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    rig.talk();
    rig.speech(3);
    rig.silence(10);
    rig.talk('line_2');
    expect(rig.endLine('line_2')).toEqual([]);
  });

  it('[T14] new speech takes the place of an owed answer', () => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    rig.talk();
    rig.speech(3);
    rig.silence(10);
    rig.speech(3);
    expect(rig.endLine()).toEqual([]);
    expect(rig.silence(10).filter((effect) => effect.type === 'startResponse')).toEqual([answer]);
  });

  it('[T14] what turns out to be no speech leaves the answer owed', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    rig.talk();
    rig.silence(10);
    rig.silence(10);
    rig.speech(3);
    rig.silence(7);
    expect(rig.endLine()).toEqual([answer]);
  });

  it('[T14] an interruption takes the place of an owed answer', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    rig.talk();
    rig.silence(20);
    rig.speech(23);
    expect(rig.endLine()).toEqual([]);
  });

  it('[T14] speech at the agent’s end takes the place of an owed answer', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(2);
    rig.talk();
    rig.silence(20);
    const endsAtMs = rig.nowMs + 500;
    rig.take({ type: 'line.outlook', lineId: 'line_1', endsAtMs, question: false });
    rig.speech(3);
    expect(rig.endLine().map(({ type }) => type)).toEqual(['event']);
  });

  it('[T14] an owed answer is not started once somebody else has the say', () => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    rig.talk();
    rig.speech(3);
    rig.silence(10);
    rig.options = turnOptions('model');
    expect(rig.endLine()).toEqual([]);
  });

  it('[T14] speech by the backend’s word takes the place of an owed answer', () => {
    const rig = new TurnRig(turnOptions('gateway', { interruptResponse: false }));
    rig.talk();
    rig.speech(3);
    rig.silence(10);
    rig.options = turnOptions('backend');
    rig.take({ type: 'backend', event: 'speechStarted', audioMs: 500 });
    rig.options = turnOptions('gateway');
    expect(rig.endLine()).toEqual([]);
  });

  it('[T14] a manual commit starts none', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(4);
    expect(rig.take({ type: 'client.commit', audioMs: 128 })).toEqual([
      committed('manual', null, null, 128),
    ]);
    expect(rig.silence(40)).toEqual([]);
  });
});

describe('idle', () => {
  const idle = (audioStartMs: number, audioEndMs: number): readonly TurnEffect[] => [
    { type: 'event', event: { type: 'idle', audioStartMs, audioEndMs } },
    committed('idle', audioEndMs, audioEndMs, null),
    { type: 'startResponse', cause: 'idle' },
  ];
  const options = turnOptions('gateway', { idleTimeoutMs: 6000 });

  function heardOutAt(nowMs: number): TurnRig {
    const rig = new TurnRig(options);
    rig.talk();
    rig.silence(10);
    rig.nowMs = nowMs;
    rig.endLine();
    return rig;
  }

  it('[T15] silence after the agent was heard out commits an empty turn and asks again', () => {
    const rig = heardOutAt(1000);
    expect(rig.wakeAtMs).toBe(7000);
    rig.silence(10);
    expect(rig.wakeAtMs).toBe(7000);
    rig.nowMs = 6999;
    expect(rig.wait(0)).toEqual([]);
    expect(rig.wait(1)).toEqual(idle(0, 640));
    expect(rig.waitsUntilMs).toBeNull();
  });

  it('[T15] it prompts once until the agent is heard again', () => {
    const rig = heardOutAt(1000);
    expect(rig.wait(6000)).toEqual(idle(0, 320));
    expect(rig.outlast(60_000)).toEqual([]);
    rig.talk('line_2');
    rig.endLine('line_2');
    expect(rig.wait(6000)).toEqual(idle(320, 320));
  });

  it('[T15] an idle turn takes the silence: the next one starts after it', () => {
    const rig = heardOutAt(1000);
    rig.wait(6000);
    expect(rig.speech(2)).toEqual([started(320)]);
  });

  it('[T15] nobody is prompted before the agent has spoken', () => {
    const rig = new TurnRig(options);
    rig.silence(10);
    expect(rig.outlast(60_000)).toEqual([]);
    expect(rig.waitsUntilMs).toBeNull();
  });

  it('[T15] a line without sound does not prompt', () => {
    const rig = new TurnRig(options);
    rig.think();
    rig.take({ type: 'line.closed', lineId: 'line_1' });
    expect(rig.outlast(60_000)).toEqual([]);
  });

  it('[T15] without a timeout, or without detection, nobody is prompted', () => {
    for (const quiet of [turnOptions('gateway'), turnOptions('gateway', null)]) {
      const rig = heardOutAt(1000);
      rig.options = quiet;
      expect(rig.outlast(60_000)).toEqual([]);
      expect(rig.waitsUntilMs).toBeNull();
    }
  });

  it.each(['model', 'backend'] as const)('[T15] nobody is prompted under %s authority', (who) => {
    const rig = heardOutAt(1000);
    rig.options = turnOptions(who, { idleTimeoutMs: 6000 });
    expect(rig.outlast(60_000)).toEqual([]);
    expect(rig.waitsUntilMs).toBeNull();
  });

  it('[T15] speech disarms it, also when it is over', () => {
    const rig = heardOutAt(1000);
    rig.options = turnOptions('gateway', { idleTimeoutMs: 6000, createResponse: false });
    rig.speech(2);
    rig.silence(10);
    expect(rig.outlast(60_000)).toEqual([]);
  });

  it('[T15] a commit disarms it', () => {
    const rig = heardOutAt(1000);
    rig.take({ type: 'client.commit', audioMs: 320 });
    expect(rig.outlast(60_000)).toEqual([]);
  });

  it('[T15] a new line disarms it', () => {
    const rig = heardOutAt(1000);
    rig.think('line_2');
    expect(rig.wait(2999)).toEqual([]);
    rig.take({ type: 'line.closed', lineId: 'line_2' });
    expect(rig.outlast(60_000)).toEqual([]);
  });

  it('[T15] speech by the backend’s word disarms it', () => {
    const rig = heardOutAt(1000);
    rig.options = turnOptions('backend', { idleTimeoutMs: 6000 });
    rig.take(
      { type: 'backend', event: 'speechStarted', audioMs: 400 },
      { type: 'backend', event: 'speechStopped', audioMs: 900 },
    );
    rig.options = options;
    expect(rig.outlast(60_000)).toEqual([]);
  });

  it('[T15] a line that the caller cut does not arm it', () => {
    const rig = new TurnRig(turnOptions('gateway', { idleTimeoutMs: 6000, createResponse: false }));
    rig.talk();
    rig.speech(3);
    rig.endLine();
    expect(rig.speech(300)).toEqual([]);
    expect(rig.silence(10)).toEqual([stopped(10_016), committed('silence', 0, 10_016, 9696)]);
    expect(rig.outlast(60_000)).toEqual([]);
  });

  it('[T15] an onset that comes to nothing only delays it', () => {
    const rig = heardOutAt(6990);
    rig.nowMs = 12_970;
    rig.speech(1);
    // [T4] Only for the onset itself.
    expect(rig.waitsUntilMs).toBe(14_002);
    expect(rig.silence(1)).toEqual([]);
    expect(rig.wakeAtMs).toBe(12_990);
    expect(rig.wait(0)).toEqual(idle(0, 384));
  });

  it('[T15] a line that the caller cut by a key does not arm it', () => {
    const rig = new TurnRig(options);
    rig.talk();
    rig.take({ type: 'client.dtmf', digit: '1' });
    rig.endLine();
    expect(rig.state.idleArmed).toBe(false);
  });

  it('[T15] words that turn up late disarm it: the caller has spoken', () => {
    const rig = new TurnRig(hearing({ idleTimeoutMs: 6000, createResponse: false }));
    rig.talk();
    rig.silence(20);
    rig.speech(6);
    rig.silence(7);
    rig.endLine();
    expect(rig.state.idleArmed).toBe(true);
    rig.partial('green tea please');
    rig.silence(20);
    expect(rig.outlast(60_000)).toEqual([]);
  });

  it('[T15] the empty turn does not reach back into audio that a clear forgot', () => {
    const rig = heardOutAt(1000);
    rig.take({ type: 'client.clear', audioMs: 500 });
    expect(rig.wait(6000)).toEqual(idle(500, 500));
    rig.audioMs = 500;
    expect(rig.speech(2)).toEqual([started(500)]);
  });
});
