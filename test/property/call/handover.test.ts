import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { blow, gust, race, storm, weather, type Aftermath, type Gust } from './call-storm.ts';
import { expectHeardAsTold } from './session-memory.ts';
import { ask } from '../../support/call-harness.ts';
import type { BackendHealth } from '../../../src/ports/health.ts';
import { phrasesOf } from '../../support/spoken-phrases.ts';
import { pcm16k } from '../../../src/audio/format.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import type { BackendContext } from '../../../src/ports/backend.ts';
import type { ScriptedSession } from '../../support/scripted-backend.ts';

beforeAll(prepareResampler);

/** Few enough losses for a call to survive them all. */
const mostLosses = 9;
/** So many within a minute, and a call is given up. */
const givenUpAfter = 12;

const gustsWith = (losses: number): fc.Arbitrary<readonly Gust[]> =>
  fc
    .tuple(
      fc.array(gust, { minLength: 10, maxLength: 60 }),
      fc.array(fc.tuple(fc.nat({ max: 60 }), blow), { minLength: 1, maxLength: losses }),
    )
    .map(([calm, blows]) => {
      const all = [...calm];
      for (const [place, what] of blows) all.splice(Math.min(place, all.length), 0, what);
      return all;
    });

/** Another backend: like the first, narrower, one that decides about turns, or a poor one. */
const successor = fc
  .constantFrom(
    {},
    { inputFormats: [pcm16k], outputFormats: [pcm16k] },
    { authorities: ['backend'] as const },
    { truncate: false, rigid: { afterStart: [], always: [], perLine: true } as const },
    { fasterThanRealTime: false, appendContext: false, truncate: false },
  )
  .map((capabilities) => ({ ...turnCapabilities, ...capabilities }));

/** Whether a gap that grows long is bridged by words of the agent's. */
const phrased = fc.constantFrom(
  () => ({}),
  () => ({ phrases: phrasesOf() }),
);

function expectLinesEndOnce({ harness }: Aftermath): void {
  const open = new Set<string>();
  const gone = new Set<string>();
  let epoch = 0;
  for (const each of harness.view.seen) {
    if (each.kind === 'audio') {
      expect(open).toContain(each.audio.lineId);
      continue;
    }
    const { entry } = each;
    if (entry.type === 'line.opened') {
      expect(gone).not.toContain(entry.line.lineId);
      if (entry.line.epoch !== null) expect(entry.line.epoch).toBe(epoch);
      open.add(entry.line.lineId);
    } else if (entry.type === 'agent.cut') epoch = entry.epoch;
    else if (entry.type === 'line.text') expect(open).toContain(entry.lineId);
    else if (entry.type === 'line.closed') {
      expect(open.delete(entry.lineId)).toBe(true);
      gone.add(entry.lineId);
    }
  }
  expect(open.size).toBe(0);
}

/** What a session is told makes sense to somebody who knows only what it was told. */
function expectSensibleSession(context: BackendContext, session: ScriptedSession): void {
  const told = [...(context.seed?.items ?? []), ...session.seeded.flat()];
  const known = new Set(told.map(({ itemId }) => itemId));
  expect(known.size).toBe(told.length);
  expect(session.seeded.length).toBeLessThanOrEqual(context.ahead === true ? 1 : 0);
  const asked = new Set<string>();
  for (const command of session.leftovers) {
    switch (command.type) {
      case 'respond':
        expect(asked).not.toContain(command.lineId);
        asked.add(command.lineId);
        break;
      case 'cancel':
        expect(asked).toContain(command.lineId);
        break;
      case 'truncate':
        if (context.authority === 'gateway') expect(asked).toContain(command.lineId);
        break;
      case 'item.add':
        expect(known).not.toContain(command.item.itemId);
        known.add(command.item.itemId);
        break;
      case 'commit':
        expect(known).not.toContain(command.itemId);
        known.add(command.itemId);
        break;
      case 'item.delete':
        known.delete(command.itemId);
        break;
      case 'caller.floor':
      case 'server_tool.approve':
      case 'configure':
      case 'clear':
      case 'speculate':
      case 'speculation.drop':
        break;
    }
  }
  let endSample = session.audio[0]?.startSample ?? 0;
  for (const { startSample, samples } of session.audio) {
    expect(startSample).toBe(endSample);
    endSample += samples;
  }
}

function expectCallLives({ harness, refusals }: Aftermath): void {
  expect(harness.closes).toEqual([{ kind: 'client', wireCode: 1000 }]);
  expect(harness.clock.pending).toBe(0);
  expect(refusals).not.toContain('internal_error');
  for (const { sessions } of harness.backends) {
    for (const session of sessions) expect(session.closed).toBe(true);
  }
  const done = harness.entries('handover.done').length;
  expect(done).toBeLessThanOrEqual(harness.entries('handover.started').length);
}

describe('a call that loses one backend after the other', () => {
  it('goes on, whatever happens when: each line ends once, each item is told once', async () => {
    await fc.assert(
      fc.asyncProperty(
        weather,
        gustsWith(mostLosses),
        successor,
        phrased,
        async (sky, all, capabilities, phrases) => {
          const other = new ScriptedBackend({ name: 'other', capabilities });
          const aftermath = await storm(
            { ...sky, turns: true },
            all,
            [other],
            phrases(),
            expectHeardAsTold,
          );
          expectLinesEndOnce(aftermath);
          expectCallLives(aftermath);
          for (const { contexts, sessions } of aftermath.harness.backends) {
            for (const [index, session] of sessions.entries()) {
              expectSensibleSession(contexts[index]!, session);
            }
          }
        },
      ),
      { numRuns: 150, endOnFailure: true, interruptAfterTimeLimit: 40_000 },
    );
  }, 60_000);
});

/** An answer is late after 100 ms, and everybody may stand by. */
const hasty: BackendHealth = {
  trusted: true,
  warned: false,
  pace: { firstAudioP90Ms: 100, firstAudioP95Ms: 150, dryP95Ms: null },
  speech: { figures: null, said: () => undefined },
  openings: { free: true, tryTake: () => true, take: () => null },
  warm: { hold: () => () => undefined, adopted: () => undefined },
  firstAudio: () => undefined,
  overtaken: () => undefined,
  dried: () => undefined,
  missedDeadline: () => undefined,
};

describe('a call that asks two backends for what is late', () => {
  /** An answer is asked for and is late; then either says something. */
  const late = fc
    .array(fc.oneof({ arbitrary: race, weight: 2 }, gust), { maxLength: 6 })
    .map((then): readonly Gust[] => [
      { kind: 'command', make: () => ask },
      { kind: 'wait', ms: 120 },
      ...then,
    ]);
  const both = fc
    .tuple(
      gustsWith(mostLosses / 3),
      fc.array(fc.tuple(fc.nat({ max: 60 }), late), { minLength: 2, maxLength: 5 }),
    )
    .map(([all, races]) => {
      const mixed = [...all];
      for (const [place, some] of races) mixed.splice(Math.min(place, mixed.length), 0, ...some);
      return mixed;
    });

  it('is one call: each line ends once, and each backend is told each thing once', async () => {
    let races = 0;
    await fc.assert(
      fc.asyncProperty(
        weather,
        both,
        successor,
        phrased,
        async (sky, all, capabilities, phrases) => {
          const other = new ScriptedBackend({
            name: 'other',
            capabilities: { ...capabilities, standby: true },
          });
          const manner = {
            ...phrases(),
            health: () => hasty,
            agent: { handover: { hedge: true } },
          };
          const aftermath = await storm(
            { ...sky, turns: true },
            all,
            [other],
            manner,
            expectHeardAsTold,
          );
          expectLinesEndOnce(aftermath);
          const { harness } = aftermath;
          // Failed answers are losses too: what loses too many backends is given up.
          if (harness.entries('handover.started').length < givenUpAfter) expectCallLives(aftermath);
          const began = harness.entries('hedge.started').length;
          expect(harness.entries('hedge.ended')).toHaveLength(began);
          races += began;
          for (const { contexts, sessions } of harness.backends) {
            for (const [index, session] of sessions.entries()) {
              expectSensibleSession(contexts[index]!, session);
            }
          }
        },
      ),
      { numRuns: 100, endOnFailure: true, interruptAfterTimeLimit: 40_000 },
    );
    expect(races).toBeGreaterThan(30);
  }, 60_000);
});
