import { beforeAll, describe, expect, it } from 'vitest';
import { answer, ask, audio, done, settle, speech, text } from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { hedging } from './hedge-rig.ts';
import { phrasesOf } from '../../support/spoken-phrases.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { ScriptedCommand, ScriptedSession } from '../../support/scripted-backend.ts';

beforeAll(prepareResampler);

const failure = new CallError('backend_overloaded', 'busy');

const typesOf = (commands: readonly ScriptedCommand[]): string[] =>
  commands.map(({ type }) => type);

/** Agent lines as a session knows them from others, by item. */
function knownLines({ leftovers, seeded }: ScriptedSession): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  const learn = (item: (typeof seeded)[number][number]): void => {
    if (item.kind !== 'message' || item.role !== 'assistant') return;
    const [part] = item.content;
    if (part?.type === 'audio') known.set(item.itemId, part.transcript ?? '');
  };
  for (const item of seeded.flat()) learn(item);
  for (const command of leftovers) {
    if (command.type === 'item.add') learn(command.item);
    else if (command.type === 'item.delete') known.delete(command.itemId);
  }
  return known;
}

describe('a backend that is still told what was said', () => {
  it('is not late with what waits behind that, nor told to stop it', async () => {
    const { harness, backends, kept, first } = await hedging({
      second: { fasterThanRealTime: false },
    });
    for (let call = 0; call < 20; call++) kept[1]!.firstAudio(400);
    harness.ok({ type: 'configure', patch: { turnDetection: null } });
    await harness.hear(speech(10_000));
    first.emit({ type: 'failed', error: failure });
    await settle();
    const second = backends[1].session;
    harness.ok(ask);
    await harness.pass(1000);
    expect(typesOf(second.leftovers)).not.toContain('respond');
    expect(harness.entries('hedge.started')).toEqual([]);
    await harness.pass(4000);
    expect(typesOf(second.takeAll())).toContain('respond');
    expect(harness.call.backend).toBe('second');
    // What it is asked from then on is late like anything else.
    harness.ok({ type: 'cancel', lineId: null });
    harness.ok(ask);
    await harness.pass(401);
    expect(harness.last('hedge.started').backend).toBe('first');
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });
});

describe('a rival that wins', () => {
  /** A line of which a second was heard before it was cut, and another answer that is late. */
  async function afterCut(truncate: boolean) {
    const hedged = await hedging();
    const { harness, first, late } = hedged;
    harness.ok(ask);
    const { lineId, itemId } = harness.last('line.opened').line;
    first.emit(text(lineId, 'one two three four'), audio(lineId, answer(2000)), done(lineId));
    await harness.pass(1000);
    harness.ok({ type: 'interrupt' });
    const lateId = await late();
    const second = hedged.backends[1].session;
    expect(knownLines(second).get(itemId)).toBe('one two');
    if (truncate) harness.ok({ type: 'item.truncate', itemId, audioEndMs: 500 });
    second.emit(audio(lateId, answer(300)), done(lateId));
    await settle();
    expect(harness.call.backend).toBe('second');
    return { ...hedged, itemId, second };
  }

  it('knows the lines of the other as they were heard, though that changed meanwhile', async () => {
    const { harness, itemId, second } = await afterCut(true);
    expect(knownLines(second).get(itemId)).toBe('one');
    expect(typesOf(second.leftovers)).not.toContain('truncate');
    await harness.end();
  });

  it('is told no line twice that it knows as it was heard', async () => {
    const { harness, itemId, second } = await afterCut(false);
    expect(knownLines(second).get(itemId)).toBe('one two');
    expect(typesOf(second.leftovers)).not.toContain('item.delete');
    await harness.end();
  });

  it('is not asked for what the other was asked beside it: that has ended', async () => {
    const { harness, backends, late } = await hedging();
    const lineId = await late();
    harness.ok({ ...ask, outOfBand: true });
    const beside = harness.last('line.opened').line.lineId;
    const second = backends[1].session;
    second.takeAll();
    second.emit(audio(lineId, answer(300)), done(lineId));
    await settle();
    expect(harness.last('line.closed')).toMatchObject({
      lineId: beside,
      end: { status: 'failed' },
    });
    expect(typesOf(second.leftovers)).not.toContain('respond');
    await harness.end();
  });
});

describe('an answer that begins with a phrase while two are asked for it', () => {
  it.each(['own', 'rival'] as const)('is one line, whoever answers (%s)', async (who) => {
    const { harness, backends, first, kept } = await hedging({ phrases: phrasesOf() });
    for (let call = 0; call < 20; call++) kept[1]!.firstAudio(400);
    first.emit({ type: 'failed', error: failure });
    await settle();
    harness.ok(ask);
    const { lineId } = harness.last('line.opened').line;
    await harness.pass(1001);
    expect(harness.last('hedge.started')).toMatchObject({ lineId, backend: 'first' });
    expect(harness.last('handover.held')).toMatchObject({ lineId });
    const winner = backends[who === 'own' ? 1 : 0];
    winner.session.emit(text(lineId, 'two rooms'), audio(lineId, answer(300)), done(lineId));
    await harness.pass(2000);
    expect(harness.call.backend).toBe(winner.name);
    expect(harness.last('line.closed')).toMatchObject({ lineId, end: { status: 'completed' } });
    expect(harness.last('line.closed').extent.sentText).toBe('One moment, please. two rooms');
    expect(harness.entries('line.opened')).toHaveLength(1);
    const phrases = [...knownLines(winner.session).values()];
    expect(phrases).toEqual(['One moment, please.']);
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });
});
