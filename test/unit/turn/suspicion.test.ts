import { describe, expect, it } from 'vitest';
import {
  dismissed,
  duck,
  frameMs,
  hearing,
  hold,
  interruption,
  resume,
  TurnRig,
  turnOptions,
} from './turn-rig.ts';

const murky = { echo: null, echoPath: 'unknown' } as const;
const suspected = { echo: 0, echoPath: 'unknown' } as const;

/** An agent that has been heard for 640 ms; nobody knows yet whether it hears itself. */
function talking(options = turnOptions('gateway')): TurnRig {
  const rig = new TurnRig(options);
  rig.talk();
  rig.hearWith({ ...suspected, probability: 0.01 }, 20);
  return rig;
}

/** The held agent has died away at the ear by now. */
function quiet(rig: TurnRig, inMs = 200): void {
  rig.take({ type: 'agent.quiet', atMs: rig.nowMs + inMs });
}

function cuts(effects: readonly { readonly type: string }[]): boolean {
  return effects.some(({ type }) => type === 'flushPlayback');
}

describe('[T27] what may be the agent itself', () => {
  it('lowers and holds the agent, but interrupts it no more than its own voice would', () => {
    const rig = talking();
    expect(rig.hearWith(murky, 8)).toEqual([duck, hold]);
    quiet(rig);
    // The echo of what was sent before the hold, and nothing after.
    expect(rig.hearWith(suspected, 20)).toEqual([]);
    expect(rig.silence(7)).toEqual([dismissed(576, 1536), resume]);
  });

  it('is the caller when it goes on after the held agent has died away at the microphone', () => {
    const rig = talking();
    rig.hearWith(suspected, 8);
    quiet(rig);
    // 200 ms to the ear, 500 ms to the microphone at most.
    expect(cuts(rig.hearWith(suspected, 23))).toBe(false);
    expect(rig.hearWith(suspected, 2)).toContainEqual(interruption('speech', 30 * frameMs));
  });

  it('is the caller sooner where the way to the microphone is known', () => {
    const rig = talking();
    rig.hearWith(suspected, 8);
    quiet(rig, 0);
    const effects = rig.hearWith({ echo: 0, echoPath: 100 }, 14);
    expect(effects).toContainEqual(interruption('speech', 20 * frameMs));
  });

  it.each([
    ['nobody looks', { echo: 0 }],
    ['there is surely no way back', { echo: 0, echoPath: 'none' }],
  ] as const)('does not exist where %s', (_what, frame) => {
    expect(cuts(talking().hearWith(frame, 22))).toBe(true);
  });

  it('does not exist where the client cancels echo, whatever it may say otherwise', () => {
    const rig = talking();
    rig.take({ type: 'client.aec', active: true });
    expect(cuts(rig.hearWith(murky, 22))).toBe(true);
    const told = talking();
    told.take({ type: 'client.aec', active: false });
    expect(cuts(told.hearWith(murky, 22))).toBe(false);
  });

  it('does not exist once the agent has sounded for 1.5 s and more and nothing came back', () => {
    const clear = talking();
    clear.hearWith({ ...suspected, probability: 0.01 }, 62);
    expect(cuts(clear.hearWith(suspected, 22))).toBe(true);
  });

  it('is there again when something has come back', () => {
    const rig = talking();
    rig.hearWith({ ...suspected, probability: 0.01 }, 62);
    // Echo that the guard knows is no speech, but shows that there is a way.
    rig.hearWith({ echo: 0.9, echoPath: 'unknown' }, 4);
    expect(cuts(rig.hearWith(suspected, 22))).toBe(false);
  });

  it('is there again when the guard hears the agent, too faint for the detector', () => {
    const rig = talking();
    rig.hearWith({ ...suspected, probability: 0.01 }, 62);
    rig.hearWith({ echo: 0.9, echoPath: 'unknown', probability: 0.01 }, 4);
    expect(cuts(rig.hearWith(suspected, 22))).toBe(false);
  });

  it('speaks words that count only when they are foreign, or proven', () => {
    const options = hearing();
    const rig = talking(options);
    rig.hearWith(suspected, 8);
    expect(rig.partial('the green tea please')).toEqual([]);
    expect(rig.partial('the green tea i said', 'caller')).toContainEqual(
      interruption('words', 6 * frameMs),
    );
    const proven = talking(options);
    proven.hearWith(suspected, 8);
    proven.partial('the green tea please');
    quiet(proven, 0);
    expect(cuts(proven.hearWith(suspected, 18))).toBe(true);
  });
});

describe('[T24] [T27] a suspect answer', () => {
  /** The agent has asked, and something short came back over the end of it. */
  function answered(): TurnRig {
    const rig = talking(hearing());
    rig.take({
      type: 'line.outlook',
      lineId: 'line_1',
      endsAtMs: rig.nowMs + 1400,
      question: true,
    });
    rig.hearWith(suspected, 8);
    rig.silence(7);
    return rig;
  }

  it('is none by its length, for the question itself comes back like that', () => {
    expect(answered().state).toMatchObject({
      overlap: { kind: 'lingering', answers: true },
      agent: { floor: 'full' },
    });
  });

  it('is one by a word that the agent has not said, though a listener might say it', () => {
    expect(answered().partial('yes', 'caller')).toContainEqual(
      interruption('answer', 13 * frameMs),
    );
    expect(cuts(answered().partial('yes'))).toBe(false);
  });
});
