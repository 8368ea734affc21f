import { describe, expect, it } from 'vitest';
import {
  dismissed,
  duck,
  frameMs,
  hearing,
  resume,
  started,
  TurnRig,
  turnOptions,
} from './turn-rig.ts';

function talking(options = turnOptions('gateway')): TurnRig {
  const rig = new TurnRig(options);
  rig.talk();
  rig.silence(20);
  return rig;
}

describe('echo', () => {
  it('[T28] while the agent sounds, a frame that is echo is silence', () => {
    const rig = talking();
    expect(rig.hearWith({ echo: 0.5 }, 40)).toEqual([]);
    expect(rig.state.caller).toEqual({ kind: 'silent' });
    expect(rig.hearWith({ echo: 0.49 }, 2)).toEqual([duck]);
  });

  it('[T28] also in the tail of a line that is over', () => {
    const rig = talking();
    rig.endLine();
    expect(rig.hearWith({ echo: 0.5 }, 20)).toEqual([]);
    expect(rig.state.caller).toEqual({ kind: 'silent' });
  });

  it('[T23] [T28] speech half of which sounded like the agent was echo', () => {
    const rig = talking();
    rig.speech(6);
    rig.hearWith({ echo: 0.9 }, 3);
    expect(rig.silence(4)).toEqual([dismissed(576, 832, 'echo'), resume]);
    const less = talking();
    less.speech(7);
    less.hearWith({ echo: 0.9 }, 3);
    expect(less.silence(4)).toEqual([dismissed(576, 864), resume]);
  });

  it('[T28] a transcript that is what the agent says is no word of the caller’s', () => {
    const rig = talking(hearing());
    rig.speech(6);
    expect(rig.partial('stop right there please', 'agent')).toEqual([]);
    rig.silence(7);
    expect(rig.wait(500)).toEqual([dismissed(576, 832, 'echo')]);
  });
});

describe('half duplex', () => {
  it('[T29] no speech begins while the agent sounds, and an onset is forgotten', () => {
    const rig = new TurnRig(turnOptions('gateway', {}, { halfDuplex: true }));
    rig.speech(1);
    rig.talk();
    expect(rig.speech(40)).toEqual([]);
    expect(rig.state.caller).toEqual({ kind: 'silent' });
    rig.endLine();
    expect(rig.speech(2)).toContainEqual(started(rig.audioMs - 2 * frameMs - 64));
  });

  it('[T29] speech that had begun goes on', () => {
    const rig = new TurnRig(turnOptions('gateway', {}, { halfDuplex: true }));
    rig.speech(4);
    rig.talk();
    rig.speech(4);
    expect(rig.state.caller).toMatchObject({ kind: 'speaking', lastSpeechAudioMs: 256 });
  });
});
