import {
  answer,
  committed,
  frameMs,
  hearing,
  hold,
  interruption,
  started,
  stopped,
  TurnRig,
  turnOptions,
  wholeCut,
} from './turn-rig.ts';
import { defaultTurnTimes } from '../../../src/turn/options.ts';
import { describe, expect, it } from 'vitest';
import type { TurnEffect } from '../../../src/turn/vocabulary.ts';

const retract: TurnEffect = { type: 'retractTurn' };

/** A turn is committed at 512 ms, after speech up to 192 ms, and its answer is on its way. */
function answering(options = turnOptions('gateway')): TurnRig {
  const rig = new TurnRig(options);
  rig.speech(6);
  expect(rig.silence(10)).toContainEqual(answer);
  rig.think();
  return rig;
}

describe('retraction', () => {
  it('[T40] going on within 700 ms of the commit retracts the turn, before the cut', () => {
    const rig = answering();
    rig.silence(5);
    expect(rig.speech(8)).toEqual([
      hold,
      started(608),
      interruption('continuation', 192),
      retract,
      ...wholeCut,
    ]);
  });

  it('[T40] also when the first 300 ms of the answer were heard', () => {
    const rig = answering();
    rig.take({ type: 'line.audio', lineId: 'line_1' });
    rig.silence(5);
    expect(rig.speech(8)).toContainEqual(retract);
  });

  it('[T40] its pause counts as one of this caller’s', () => {
    const rig = answering();
    rig.silence(5);
    rig.speech(8);
    // The onset was at 736 ms of the call, the last speech at 192.
    expect(rig.state.pauseMs).toBeCloseTo(450 + 0.15 * (736 - 192 - 450), 9);
  });

  it('[T40] 700 ms after the commit it is a new turn', () => {
    const inTime = answering();
    inTime.nowMs += 700 - 2 * frameMs;
    expect(inTime.speech(8)).toContainEqual(retract);
    const late = answering();
    late.nowMs += 701 - 2 * frameMs;
    expect(late.speech(8)).not.toContainEqual(retract);
  });

  it('[T40] a manual commit since then takes the turn’s place: nothing is retracted', () => {
    const rig = answering();
    rig.take({ type: 'client.commit', audioMs: rig.audioMs });
    expect(rig.speech(9)).not.toContainEqual(retract);
  });

  it('[T40] a turn that only is owed an answer is not retracted', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.speech(6);
    rig.think();
    rig.silence(10);
    expect(rig.speech(8)).toContainEqual(interruption('continuation', 192));
    const other = new TurnRig(turnOptions('gateway'));
    other.speech(6);
    other.think();
    other.silence(10);
    expect(other.speech(8)).not.toContainEqual(retract);
  });

  it('[T40] what comes to nothing retracts nothing', () => {
    const rig = answering();
    rig.speech(4);
    expect(rig.silence(7)).not.toContainEqual(retract);
  });
});

describe('speculation', () => {
  const options = hearing({}, { speculation: true });
  const speculate = (speculationId: number, text: string): TurnEffect => ({
    type: 'speculate',
    speculationId,
    text,
  });
  const drop = (speculationId: number): TurnEffect => ({ type: 'dropSpeculation', speculationId });

  /** The caller has said something. */
  function said(text: string, more = options): TurnRig {
    const rig = new TurnRig(more);
    rig.speech(4);
    rig.partial(text);
    return rig;
  }

  it('[T50] an answer is begun after 160 ms of silence, once the words stand still', () => {
    const rig = said('green tea');
    expect(rig.silence(4)).toEqual([]);
    expect(rig.silence(1)).toEqual([speculate(1, 'green tea')]);
    expect(rig.silence(1)).toEqual([]);
  });

  it('[T50] the words must have stood still for 150 ms', () => {
    const rig = said('green');
    rig.silence(3);
    rig.partial('green tea');
    expect(rig.silence(4)).toEqual([]);
    expect(rig.silence(1)).toEqual([speculate(1, 'green tea')]);
  });

  it('[T50] the same transcript again has not changed', () => {
    const rig = said('green tea');
    rig.silence(3);
    rig.partial('green tea');
    rig.silence(1);
    expect(rig.silence(1)).toEqual([speculate(1, 'green tea')]);
  });

  it('[T50] a score of 0.3 makes the silence unnecessary', () => {
    const rig = new TurnRig(options);
    rig.speech(2);
    rig.partial('green tea');
    rig.speech(3);
    rig.silence(2);
    const speechEndAudioMs = 5 * frameMs;
    expect(rig.take({ type: 'eot', probability: 0.29, speechEndAudioMs })).toEqual([]);
    expect(rig.take({ type: 'eot', probability: 0.3, speechEndAudioMs })).toEqual([
      speculate(1, 'green tea'),
    ]);
  });

  it.each([
    ['the backend cannot', { speculation: false }],
    ['the model has the say', { authority: 'model' }],
    ['turns are over 10 s', { times: { ...defaultTurnTimes, speculateWithinMs: 200 } }],
  ] as const)('[T50] none where %s', (_what, more) => {
    expect(said('green tea', { ...options, ...more }).silence(9)).toEqual([]);
  });

  it('[T50] none where no answer is wanted, nor without words, nor under an agent that has the floor', () => {
    const asked = said('green tea', hearing({ createResponse: false }, { speculation: true }));
    expect(asked.silence(9)).toEqual([]);
    expect(said('').silence(9)).toEqual([]);
    const wordless = new TurnRig(options);
    wordless.speech(4);
    expect(wordless.silence(9)).toEqual([]);
    const taken = said('green tea');
    taken.think();
    expect(taken.silence(9)).toEqual([]);
  });

  it('[T50] at most three times a turn', () => {
    const rig = said('one');
    const begun = ['one', 'one two', 'one two three', 'one two three four'].flatMap((text) => {
      rig.speech(1);
      rig.partial(text);
      return rig.silence(9);
    });
    expect(begun.filter(({ type }) => type === 'speculate')).toHaveLength(3);
    rig.silence(1);
    rig.speech(4);
    rig.partial('five');
    expect(rig.silence(9)).toContainEqual(speculate(4, 'five'));
  });

  it('[T51] it is adopted by the answer to its turn when the words are the same', () => {
    const rig = said('green tea');
    rig.silence(9);
    rig.partial('Green tea!');
    expect(rig.silence(1)).toEqual([
      stopped(448),
      committed('silence', 0, 448, 128),
      { type: 'startResponse', cause: 'turn', speculationId: 1 },
    ]);
    expect(rig.state.speculation).toBeNull();
  });

  it('[T51] it is dropped as soon as the words change', () => {
    const rig = said('green tea');
    rig.silence(6);
    expect(rig.partial('green tea please')).toEqual([drop(1)]);
    expect(rig.silence(4)).toContainEqual(answer);
  });

  it.each([
    ['a change of context', (rig: TurnRig) => rig.take({ type: 'context' })],
    ['a clear', (rig: TurnRig) => rig.take({ type: 'client.clear', audioMs: 320 })],
    ['a commit', (rig: TurnRig) => rig.take({ type: 'client.commit', audioMs: 320 })],
    [
      'keys of a telephone',
      (rig: TurnRig) => {
        rig.take({ type: 'client.dtmf', digit: '1' });
        return rig.take({ type: 'client.dtmf', digit: '#' });
      },
    ],
    [
      'a handover',
      (rig: TurnRig) => {
        rig.options = { ...options, authority: 'backend' };
        return rig.wait(0);
      },
    ],
    [
      'the key',
      (rig: TurnRig) => {
        rig.take({ type: 'client.ptt', pressed: true, audioMs: 320 });
        return rig.take({ type: 'client.ptt', pressed: false, audioMs: 330 });
      },
    ],
  ])('[T51] %s drops it', (_what, change) => {
    const rig = said('green tea');
    expect(rig.silence(6)).toContainEqual(speculate(1, 'green tea'));
    expect(change(rig)).toContainEqual(drop(1));
    expect(rig.state.speculation).toBeNull();
  });

  it('[T51] a turn that is answered otherwise drops it', () => {
    const rig = said('green tea');
    rig.silence(6);
    rig.think();
    expect(rig.silence(4)).toContainEqual(drop(1));
  });

  it('[T51] an answer to other words drops it and starts anew', () => {
    const rig = said('green tea');
    rig.silence(6);
    // Nothing that the machine takes leaves it so; a state from elsewhere may.
    rig.state = { ...rig.state, transcript: { text: 'black tea', sinceMs: 0 } };
    expect(rig.silence(4).slice(-2)).toEqual([drop(1), answer]);
  });
});
