import {
  dismissed,
  duck,
  frameMs,
  hearing,
  hold,
  interruption,
  resume,
  started,
  stopped,
  TurnRig,
  turnOptions,
  wholeCut,
} from './turn-rig.ts';
import { describe, expect, it } from 'vitest';
import { beginOver, pauseOver, silenceOver, yieldFloor } from '../../../src/turn/overlap.ts';
import { initialTurnState } from '../../../src/turn/state.ts';
import type { TurnOptions } from '../../../src/turn/options.ts';

/** Where a caller's first frame over the agent begins on both clocks, ms. */
const onsetMs = 20 * frameMs;
const shownAtMs = onsetMs - 64;

/** An agent that has been heard for 640 ms. */
function talking(options: TurnOptions = turnOptions('gateway')): TurnRig {
  const rig = new TurnRig(options);
  rig.talk();
  rig.silence(20);
  return rig;
}

/** … and for longer than a client may need to learn about its echo. */
function warm(options: TurnOptions): TurnRig {
  const rig = talking(options);
  rig.nowMs += 3000;
  return rig;
}

function outlook(rig: TurnRig, inMs: number | null, question = false): void {
  const endsAtMs = inMs === null ? null : rig.nowMs + inMs;
  rig.take({ type: 'line.outlook', lineId: 'line_1', endsAtMs, question });
}

describe('duck', () => {
  it('[T20] an onset over an audible agent lowers it at once and shows nothing', () => {
    const rig = talking();
    expect(rig.speech(1)).toEqual([]);
    expect(rig.speech(1)).toEqual([duck]);
    expect(rig.state.caller).toMatchObject({ kind: 'speaking', shown: false });
    expect(rig.state.agent).toMatchObject({ floor: 'ducked' });
  });

  it('[T20] a line that opens while speech is judged is held', () => {
    const rig = talking();
    rig.speech(2);
    expect(rig.think('line_2')).toEqual([hold]);
    expect(rig.state.agent).toMatchObject({ kind: 'thinking', floor: 'held' });
  });

  it('[T20] a line that opens while the last one is held is held without a word', () => {
    const rig = talking();
    rig.speech(9);
    expect(rig.state.agent).toMatchObject({ floor: 'held' });
    expect(rig.think('line_2')).toEqual([]);
    expect(rig.state.agent).toMatchObject({ floor: 'held' });
  });
});

describe('hold', () => {
  it('[T21] speech that adds up to 250 ms holds the agent', () => {
    const rig = talking();
    expect(rig.speech(7)).toEqual([duck]);
    expect(rig.speech(1)).toEqual([hold]);
    expect(rig.speech(8)).toEqual([]);
  });

  it('[T21] a frame between the thresholds does not add to it', () => {
    const rig = talking();
    rig.speech(7);
    expect(rig.hear(0.4, 0.4)).toEqual([]);
    expect(rig.speech(1)).toEqual([hold]);
  });
});

describe('interruption', () => {
  it('[T22] a stop word is one', () => {
    const rig = talking(hearing());
    rig.speech(6);
    expect(rig.partial('stop')).toEqual([
      started(shownAtMs),
      interruption('words', 4 * frameMs),
      ...wholeCut,
    ]);
  });

  it('[T22] [T26] it is shown with its true start, judged, then cut', () => {
    const rig = talking();
    rig.speech(21);
    expect(rig.speech(1)).toEqual([started(shownAtMs), interruption('speech', 640), ...wholeCut]);
    expect(rig.state.caller).toMatchObject({ kind: 'speaking', shown: true });
    expect(rig.endLine()).toEqual([]);
    expect(rig.silence(10)).toContainEqual(stopped(rig.audioMs));
  });

  it('[T22] two words that are no backchannels are one, one such word is not', () => {
    const rig = talking(hearing());
    rig.speech(6);
    expect(rig.partial('green')).toEqual([]);
    expect(rig.partial('green tea')).toContainEqual(interruption('words', 4 * frameMs));
  });

  it('[T22] one word with content is one after 450 ms of speech', () => {
    const rig = talking(hearing());
    rig.speech(6);
    rig.partial('green');
    expect(rig.speech(8)).toEqual([hold]);
    expect(rig.speech(1)).toContainEqual(interruption('words', 13 * frameMs));
  });

  it('[T22] a word that means nothing by itself never is', () => {
    const rig = talking(hearing());
    rig.speech(4);
    rig.partial('the');
    expect(rig.speech(30)).toEqual([hold]);
  });

  it('[T22] a backchannel is none, however often it is said', () => {
    const rig = talking(hearing());
    rig.speech(4);
    expect(rig.partial('mhm yeah okay right')).toEqual([]);
    expect(rig.speech(12)).toEqual([hold]);
  });

  it('[T22] an interruption classifier decides at 0.5, and only about speech over the agent', () => {
    const rig = talking();
    expect(rig.take({ type: 'interrupt', probability: 0.9 })).toEqual([]);
    rig.speech(3);
    expect(rig.take({ type: 'interrupt', probability: 0.49 })).toEqual([]);
    expect(rig.take({ type: 'interrupt', probability: 0.5 })).toContainEqual(
      interruption('classifier', 32),
    );
    expect(rig.take({ type: 'interrupt', probability: 0.9 })).toEqual([]);
  });

  it('[T22] where a transcript can come, speech alone needs 1,400 ms', () => {
    const rig = warm(hearing());
    expect(rig.speech(43)).toEqual([duck, hold]);
    expect(rig.speech(1)).toContainEqual(interruption('speech', 42 * frameMs));
  });

  it('[T22] words of a sound that is too short for one are none until it is longer', () => {
    const rig = talking(hearing());
    rig.speech(4);
    expect(rig.partial('stop')).toEqual([]);
    expect(rig.speech(1)).toContainEqual(interruption('words', 3 * frameMs));
  });

  it('[T26] one speech cuts once, and the caller’s turn goes on', () => {
    const rig = talking();
    rig.speech(23);
    rig.endLine();
    expect([...rig.speech(20), ...rig.silence(5), ...rig.speech(5)]).toEqual([]);
    expect(rig.silence(10)).toContainEqual(stopped(rig.audioMs));
  });

  it('[T26] words over the agent are words of the turn', () => {
    const rig = talking(hearing());
    rig.speech(6);
    rig.partial('stop it');
    expect(rig.state.transcript?.text).toBe('stop it');
  });
});

describe('dismissal', () => {
  it('[T23] after 200 ms of silence the agent goes on, and what it was is told once', () => {
    const rig = talking();
    rig.speech(6);
    expect(rig.silence(6)).toEqual([]);
    expect(rig.silence(1)).toEqual([dismissed(shownAtMs, 832), resume]);
    expect(rig.state.agent).toMatchObject({ floor: 'full' });
    expect(rig.silence(40)).toEqual([]);
    expect(rig.endLine()).toEqual([]);
  });

  it('[T23] a short sound without a word is a noise', () => {
    const rig = talking();
    rig.speech(4);
    expect(rig.silence(7)).toContainEqual(dismissed(shownAtMs, 768, 'noise'));
  });

  it('[T23] speech inside the silence goes on with it', () => {
    const rig = talking();
    rig.speech(4);
    expect(rig.silence(6)).toEqual([]);
    expect(rig.speech(1)).toEqual([]);
    expect(rig.silence(6)).toEqual([]);
    expect(rig.silence(1)).toContainEqual(resume);
  });

  it('[T23] [T4] lost input dismisses it too', () => {
    const rig = talking();
    rig.speech(9);
    expect(rig.wait(1000)).toEqual([dismissed(shownAtMs, 928), resume]);
  });

  it('[T23] [T65] a mute dismisses it too', () => {
    const rig = talking();
    rig.speech(9);
    expect(rig.take({ type: 'client.mute', muted: true })).toEqual([
      dismissed(shownAtMs, 928),
      resume,
    ]);
  });

  it('[T23] a sound that is neither speech nor silence is over after 5 s', () => {
    const rig = talking();
    rig.speech(3);
    const atMs = rig.nowMs - frameMs + 5000;
    let effects = rig.hear(0.4);
    while (effects.length === 0) {
      effects = rig.hear(0.4);
      if (rig.wakeAtMs !== null && rig.wakeAtMs <= rig.nowMs) effects = rig.wait(0);
    }
    expect(rig.nowMs).toBeGreaterThanOrEqual(atMs);
    expect(rig.nowMs).toBeLessThan(atMs + frameMs);
    expect(effects).toContainEqual(resume);
  });

  it('[T23] what was said over the agent belongs to no turn', () => {
    const rig = talking(hearing());
    rig.speech(6);
    rig.partial('mhm');
    rig.silence(7);
    rig.wait(500);
    rig.endLine();
    expect(rig.speech(2)).toEqual([started(rig.audioMs - 2 * frameMs)]);
    expect(rig.state.transcript).toBeNull();
  });

  it('[T23] where transcripts come it lingers: the agent goes on, and it is told later', () => {
    const rig = talking(hearing());
    rig.speech(6);
    expect(rig.silence(7)).toEqual([resume]);
    expect(rig.wakeAtMs).toBe(rig.nowMs + 500);
    expect(rig.wait(499)).toEqual([]);
    expect(rig.wait(1)).toEqual([dismissed(shownAtMs, 832)]);
    expect(rig.state.overlap).toEqual({ kind: 'none' });
  });

  it('[T23] its words may still make it an interruption, with the position it had', () => {
    const rig = talking(hearing());
    rig.speech(6);
    rig.silence(7);
    expect(rig.wait(300)).toEqual([]);
    expect(rig.partial('wait a moment')).toEqual([
      started(shownAtMs),
      interruption('words', 11 * frameMs + 300),
      ...wholeCut,
    ]);
    expect(rig.state.caller).toMatchObject({ kind: 'paused', lastSpeechAudioMs: 832 });
    rig.endLine();
    expect(rig.silence(10)).toContainEqual(stopped(1152));
  });

  it('[T23] it is an interruption without a cut when the agent has fallen silent meanwhile', () => {
    const rig = talking(hearing());
    rig.speech(6);
    rig.silence(7);
    rig.endLine();
    expect(rig.partial('green tea')).toEqual([
      started(shownAtMs),
      interruption('words', 11 * frameMs),
    ]);
  });

  it.each([
    ['mhm', undefined, 'backchannel', 'mhm'],
    ['it is me', true, 'echo', ''],
  ] as const)('[T23] a final transcript settles it: %s', (text, echo, verdict, told) => {
    const rig = talking(hearing());
    rig.speech(6);
    rig.silence(7);
    const final = { type: 'final', text, ...(echo === undefined ? {} : { echo }) } as const;
    expect(rig.take(final)).toEqual([dismissed(shownAtMs, 832, verdict, told)]);
  });

  it('[T23] a partial transcript without content does not settle it', () => {
    const rig = talking(hearing());
    rig.speech(6);
    rig.silence(7);
    expect(rig.partial('mhm')).toEqual([]);
    expect(rig.state.overlap).toMatchObject({ kind: 'lingering', text: 'mhm' });
  });

  it('[T23] new speech over the agent settles it', () => {
    const rig = talking(hearing());
    rig.speech(6);
    rig.silence(7);
    expect(rig.speech(2)).toEqual([dismissed(shownAtMs, 832), duck]);
  });

  it('[T23] new speech in silence settles it', () => {
    const rig = talking(hearing());
    rig.speech(6);
    rig.silence(7);
    rig.endLine();
    const floorMs = rig.audioMs;
    expect(rig.speech(2)).toEqual([dismissed(shownAtMs, 832), started(floorMs)]);
  });

  it('[T23] a classifier comes too late for what lingers', () => {
    const rig = talking(hearing());
    rig.speech(6);
    rig.silence(7);
    expect(rig.take({ type: 'interrupt', probability: 0.9 })).toEqual([]);
  });

  it('[T6] a clear forgets speech that is judged; the agent goes on', () => {
    const rig = talking();
    rig.speech(4);
    expect(rig.take({ type: 'client.clear', audioMs: rig.audioMs })).toEqual([resume]);
    expect(rig.state.overlap).toEqual({ kind: 'none' });
  });

  it('[T5] a commit takes speech that is judged; the agent goes on', () => {
    const rig = talking();
    rig.speech(4);
    expect(rig.take({ type: 'client.commit', audioMs: rig.audioMs })).toMatchObject([
      { type: 'resume' },
      { type: 'commitTurn', cause: 'manual' },
    ]);
  });

  it('[T6] a clear tells what was dismissed before', () => {
    const rig = talking(hearing());
    rig.speech(6);
    rig.silence(7);
    expect(rig.take({ type: 'client.clear', audioMs: rig.audioMs })).toEqual([
      dismissed(shownAtMs, 832),
    ]);
  });
});

describe('answers', () => {
  it('[T24] short speech after the agent’s question is an answer when it ends', () => {
    const rig = talking();
    outlook(rig, null, true);
    rig.speech(6);
    expect(rig.silence(6)).toEqual([]);
    expect(rig.silence(1)).toEqual([
      started(shownAtMs),
      interruption('answer', 12 * frameMs - frameMs),
      ...wholeCut,
    ]);
  });

  it('[T24] a noise after the question is none', () => {
    const rig = talking();
    outlook(rig, null, true);
    rig.speech(3);
    expect(rig.silence(7)).toEqual([dismissed(shownAtMs, 736, 'noise'), resume]);
  });

  it.each([
    [1400, 'answer'],
    [1600, 'over'],
  ] as const)('[T24] in a line with a question at its end, %s ms before it: %s', (inMs, place) => {
    const rig = talking();
    outlook(rig, inMs + 64, true);
    rig.speech(2);
    expect(rig.state.overlap).toMatchObject({ kind: 'candidate', place });
  });

  it('[T24] in the last second of a line nothing is lowered, and it is shown afterwards', () => {
    const rig = talking();
    outlook(rig, 1000);
    expect(rig.speech(30)).toEqual([]);
    expect(rig.silence(20)).toEqual([]);
    expect(rig.endLine()).toEqual([started(shownAtMs)]);
    expect(rig.silence(1)).toContainEqual(stopped(rig.audioMs));
  });

  it('[T24] a noise that is over by then is dismissed, and no turn', () => {
    const rig = talking();
    outlook(rig, 1000);
    rig.speech(3);
    rig.silence(3);
    expect(rig.endLine()).toEqual([dismissed(shownAtMs, 736, 'noise')]);
    expect(rig.state.caller).toEqual({ kind: 'silent' });
    expect(rig.silence(20)).toEqual([]);
  });

  it('[T14] [T15] [T24] such a noise neither takes an owed answer nor keeps an idle prompt away', () => {
    const owed = new TurnRig(turnOptions('gateway'));
    owed.speech(2);
    owed.talk();
    owed.silence(20);
    outlook(owed, 1000);
    owed.speech(3);
    owed.silence(3);
    expect(owed.endLine().slice(-1)).toEqual([{ type: 'startResponse', cause: 'turn' }]);
    const armed = talking();
    outlook(armed, 1000);
    armed.speech(3);
    armed.silence(3);
    armed.endLine();
    expect(armed.state.idleArmed).toBe(true);
  });

  it('[T24] its words are words of the turn', () => {
    const rig = talking(hearing());
    outlook(rig, 900);
    rig.speech(3);
    expect(rig.partial('stop')).toEqual([]);
    rig.endLine();
    expect(rig.state.transcript).toEqual({ text: 'stop', sinceMs: rig.nowMs });
  });

  it('[T24] [T25] when the next line opens instead, it is speech before that is heard', () => {
    const short = talking();
    outlook(short, 900);
    short.speech(4);
    expect(short.think('line_2')).toEqual([hold]);
    expect(short.silence(7)).toContainEqual(resume);
    const long = talking();
    outlook(long, 900);
    long.speech(8);
    expect(long.think('line_2')).toEqual([
      hold,
      started(shownAtMs),
      interruption('continuation', 6 * frameMs),
      ...wholeCut,
    ]);
  });

  it('[T24] news about the end of another line, or of a silent agent, changes nothing', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    const input = { type: 'line.outlook', lineId: 'line_2', endsAtMs: 1, question: true } as const;
    expect(rig.take(input)).toEqual([]);
    rig.talk();
    const before = rig.state;
    rig.take(input);
    expect(rig.state).toEqual(before);
  });
});

describe('before the answer is heard', () => {
  it('[T25] speech over a thinking agent holds it before its first frame', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.think();
    expect(rig.speech(2)).toEqual([hold]);
  });

  it('[T25] so does speech over one that was heard for less than 300 ms', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.talk();
    rig.silence(7);
    expect(rig.speech(2)).toEqual([hold]);
    const later = new TurnRig(turnOptions('gateway'));
    later.talk();
    later.silence(8);
    expect(later.speech(2)).toEqual([duck]);
  });

  it('[T25] 256 ms of it is an interruption', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.think();
    expect(rig.speech(7)).toEqual([hold]);
    expect(rig.speech(1)).toEqual([started(0), interruption('continuation', 192), ...wholeCut]);
  });

  it('[T25] one word with content is one, a backchannel is not', () => {
    const rig = new TurnRig(hearing());
    rig.think();
    rig.speech(5);
    expect(rig.partial('mhm')).toEqual([]);
    expect(rig.partial('mhm green')).toContainEqual(interruption('continuation', 96));
  });

  it('[T25] shorter, it is dismissed', () => {
    const rig = new TurnRig(turnOptions('gateway'));
    rig.think();
    rig.speech(6);
    expect(rig.silence(7)).toEqual([dismissed(0, 192), resume]);
  });
});

describe('judged where there is nothing to judge', () => {
  it('[T20] [T23] [T26] nothing happens', () => {
    const options = turnOptions('gateway');
    const nothing = [initialTurnState, []];
    expect(beginOver(initialTurnState, 64, 0, options)).toEqual(nothing);
    expect(pauseOver(initialTurnState, 0, options)).toEqual(nothing);
    expect(yieldFloor(initialTurnState, 'speech', 0, options)).toEqual(nothing);
    expect(silenceOver(initialTurnState, 32)).toEqual(initialTurnState);
  });
});
