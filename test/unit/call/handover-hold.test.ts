import { beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  ask,
  audio,
  CallHarness,
  done,
  settle,
  silence,
  speech,
} from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { phrasesOf } from '../../support/spoken-phrases.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import type { BackendEvent } from '../../../src/ports/backend.ts';

beforeAll(prepareResampler);

const failure = new CallError('backend_overloaded', 'busy');

/** Words of 300 ms each. */
function spoken(lineId: string, words: readonly string[]): BackendEvent[] {
  return words.flatMap((word, index): BackendEvent[] => {
    const startMs = index * 300;
    const delta = index === 0 ? word : ` ${word}`;
    const times = [{ text: word, startMs, endMs: startMs + 300 }];
    return [{ type: 'line.text', lineId, delta, words: times }, audio(lineId, answer(300))];
  });
}

/** A call that loses its first backend; the second one opens only when the test says so. */
async function losing(second: 'held' | 'at_once' = 'held', capabilities = turnCapabilities) {
  const taker = new ScriptedBackend({ name: 'second', opening: second, capabilities });
  const backends = [new ScriptedBackend({ name: 'first' }), taker];
  const harness = await CallHarness.open({ backends, phrases: phrasesOf() });
  harness.ok(ask);
  await settle();
  const { lineId } = harness.last('line.opened').line;
  const lose = async (): Promise<void> => {
    backends[0]!.session.emit({ type: 'failed', error: failure });
    await settle();
  };
  return { harness, lineId, lose, old: backends[0]!.session, taker };
}

const heard = (harness: CallHarness): string[] =>
  harness.call
    .seed()
    .items.flatMap((item) =>
      item.kind === 'message' && item.role === 'assistant'
        ? item.content.map((part) => (part.type === 'audio' ? (part.transcript ?? '') : part.text))
        : [],
    );

describe('a phrase that bridges a handover', () => {
  it('begins the answer that is waited for, once, and the backend is told of it', async () => {
    const { harness, lineId, lose, taker } = await losing();
    await lose();
    await harness.pass(899);
    expect(harness.entries('handover.held')).toEqual([]);
    await harness.pass(1);
    expect(harness.entries('handover.held')).toMatchObject([{ lineId }]);
    await harness.pass(3000);
    expect(harness.view.sentMs(lineId)).toBe(600);
    taker.release();
    await settle();
    const [told, asked] = taker.session.takeAll().filter(({ type }) => type !== 'configure');
    expect(told).toMatchObject({
      type: 'item.add',
      item: { role: 'assistant', content: [{ transcript: 'One moment, please.' }] },
    });
    expect(asked).toMatchObject({ type: 'respond', lineId });
    taker.session.emit(...spoken(lineId, ['two', 'rooms']), done(lineId));
    await harness.pass(2000);
    expect(harness.entries('line.opened')).toHaveLength(1);
    expect(harness.last('line.closed')).toMatchObject({ end: { status: 'completed' } });
    expect(heard(harness)).toEqual(['One moment, please. two rooms']);
    expect(harness.entries('handover.held')).toHaveLength(1);
    // The caller hears the agent again with the phrase.
    expect(harness.last('handover.done').gapMs).toBeGreaterThanOrEqual(900);
    expect(harness.last('handover.done').gapMs).toBeLessThan(1100);
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('tells the backend what was heard of its own words, without the phrase', async () => {
    const { harness, lineId, lose, taker } = await losing();
    await lose();
    await harness.pass(1600);
    taker.release();
    await settle();
    taker.session.takeAll();
    taker.session.emit(...spoken(lineId, ['one', 'two', 'three', 'four']));
    await harness.pass(700);
    harness.ok({ type: 'output.clear' });
    const truncate = taker.session.takeAll().find(({ type }) => type === 'truncate');
    const { heardText } = harness.last('agent.cut').extent;
    expect(heardText).toMatch(/^One moment, please\. one two/);
    expect(truncate).toMatchObject({
      lineId,
      heardText: heardText.replace('One moment, please. ', ''),
    });
    expect((truncate as { heardMs: number }).heardMs).toBeLessThan(720);
    await harness.end();
  });

  it('has a line of its own after a broken sentence, and the rest comes behind it', async () => {
    const { harness, lineId, lose, old, taker } = await losing();
    old.emit(...spoken(lineId, ['one', 'two', 'three']));
    await harness.pass(450);
    await lose();
    await harness.pass(2500);
    const phrase = harness.last('line.opened').line;
    expect(phrase).toMatchObject({ cause: 'filler' });
    expect(harness.last('handover.held')).toMatchObject({ lineId: phrase.lineId });
    taker.release();
    await settle();
    const commands = taker.session.takeAll().filter(({ type }) => type !== 'configure');
    expect(commands.map(({ type }) => type)).toEqual(['item.add', 'respond']);
    const rest = harness.last('line.opened').line;
    expect(rest).toMatchObject({ cause: 'handover' });
    taker.session.emit(...spoken(rest.lineId, ['four']), done(rest.lineId));
    await harness.pass(2000);
    expect(heard(harness)).toEqual(['one two three', 'One moment, please.', 'four']);
    expect(harness.entries('line.closed').map(({ end }) => end.status)).toEqual([
      'incomplete',
      'completed',
      'completed',
    ]);
    await harness.end();
  });

  it.each(['a line of its own', 'an answer'])(
    'is told as it was heard when cut in %s',
    async (where) => {
      const { harness, lineId, lose, old, taker } = await losing('at_once');
      if (where === 'a line of its own') {
        old.emit(...spoken(lineId, ['one', 'two', 'three']));
        await harness.pass(450);
      }
      await lose();
      await settle();
      // Who is asked for the rest has nothing to say.
      if (where === 'a line of its own') {
        await harness.pass(400);
        taker.session.emit(done(harness.last('line.opened').line.lineId));
      }
      taker.session.takeAll();
      while (harness.entries('handover.held').length === 0) await harness.pass(50);
      expect(harness.last('line.opened').line.cause).toBe(
        where === 'an answer' ? 'client' : 'filler',
      );
      await harness.pass(250);
      harness.ok({ type: 'output.clear' });
      await settle();
      const { heardText } = harness.last('agent.cut').extent;
      expect(heardText).toMatch(/^One\b(?!.*please)/);
      const told = taker.session.takeAll().flatMap((command) => {
        if (command.type === 'item.delete') throw new Error('nobody was told of it before');
        return command.type === 'item.add' && command.item.kind === 'message' ? [command.item] : [];
      });
      expect(told).toMatchObject([{ content: [{ transcript: heardText }] }]);
      await harness.end();
      expect(harness.clock.pending).toBe(0);
    },
  );

  it('does not keep the rest waiting that comes while it is said', async () => {
    const { harness, lineId, lose, old, taker } = await losing();
    old.emit(...spoken(lineId, ['one']));
    await harness.pass(100);
    await lose();
    // The word ends at 360 ms at the ear; the phrase has begun and has 400 ms to go.
    await harness.pass(260 + 900 + 100);
    expect(harness.last('line.opened').line.cause).toBe('filler');
    taker.release();
    await settle();
    expect(taker.session.takeAll().at(-1)).toMatchObject({ type: 'respond' });
    expect(harness.last('line.opened').line.cause).toBe('handover');
    await harness.end();
  });

  it('begins an answer that a backend in order is slow to give, whose patience is not shortened', async () => {
    const { harness, lineId, lose, taker } = await losing('at_once');
    await lose();
    await harness.pass(950);
    expect(harness.entries('handover.held')).toMatchObject([{ lineId }]);
    await harness.pass(4000);
    expect(harness.entries('handover.started')).toHaveLength(1);
    taker.session.takeAll();
    taker.session.emit(...spoken(lineId, ['here']), done(lineId));
    await harness.pass(1000);
    // Not while it is at it: some take what they are told for a reason to begin anew.
    expect(taker.session.takeAll()).toMatchObject([
      { type: 'item.add', item: { content: [{ transcript: 'One moment, please.' }] } },
    ]);
    expect(heard(harness)).toEqual(['One moment, please. here']);
    await harness.end();
  });

  it('is not said where the answer comes in time, nobody waits, or the caller speaks', async () => {
    const inTime = await losing('at_once');
    await inTime.lose();
    await inTime.harness.pass(700);
    inTime.taker.session.emit(...spoken(inTime.lineId, ['here']), done(inTime.lineId));
    await inTime.harness.pass(3000);
    expect(inTime.harness.entries('handover.held')).toEqual([]);
    await inTime.harness.end();

    const idle = await losing();
    idle.old.emit(...spoken(idle.lineId, ['here']), done(idle.lineId));
    await idle.harness.pass(1000);
    await idle.lose();
    await idle.harness.pass(3000);
    expect(idle.harness.entries('handover.held')).toEqual([]);
    // Somebody asks while nobody is there yet.
    idle.harness.ok(ask);
    await idle.harness.pass(1000);
    expect(idle.harness.entries('handover.held')).toHaveLength(1);
    await idle.harness.end();
  });

  it('tells nothing to a backend that takes no items, and is silent without a phrase', async () => {
    const { harness, lose, taker } = await losing('held', {
      ...turnCapabilities,
      appendContext: false,
    });
    await lose();
    await harness.pass(1500);
    taker.release();
    await settle();
    const commands = taker.session.takeAll().map(({ type }) => type);
    expect(commands.filter((type) => type !== 'configure')).toEqual(['respond']);
    await harness.end();
  });

  it('goes on behind a phrase of which the next backend was lost too', async () => {
    const { harness, lineId, lose, taker } = await losing('at_once');
    await lose();
    await harness.pass(2000);
    expect(harness.entries('handover.held')).toHaveLength(1);
    taker.session.emit({ type: 'failed', error: failure });
    await settle();
    expect(harness.call.backend).toBe('first');
    const [told, asked] = harness.session.takeAll().filter(({ type }) => type !== 'configure');
    expect(told).toMatchObject({
      type: 'item.add',
      item: { role: 'assistant', content: [{ transcript: 'One moment, please.' }] },
    });
    expect(asked).toMatchObject({ type: 'respond', lineId });
    await harness.pass(1000);
    expect(harness.entries('handover.held')).toHaveLength(2);
    expect(harness.last('handover.done')).toMatchObject({ to: 'first', gapMs: 0 });
    harness.session.emit(...spoken(lineId, ['here']), done(lineId));
    await harness.pass(1500);
    expect(harness.entries('line.opened')).toHaveLength(1);
    expect(harness.entries('line.closed')).toMatchObject([{ end: { status: 'completed' } }]);
    expect(heard(harness)).toEqual(['One moment, please. One moment, please. here']);
    // It was told the first phrase before it was asked, and hears of the second now.
    expect(harness.session.takeAll()).toMatchObject([
      { type: 'item.add', item: { content: [{ transcript: 'One moment, please.' }] } },
    ]);
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('is said to its end where the next backend dies behind it, and who is left hears the turn', async () => {
    const backends = [
      new ScriptedBackend({ name: 'first' }),
      new ScriptedBackend({ name: 'second' }),
    ];
    const harness = await CallHarness.open({ backends, phrases: phrasesOf() });
    await harness.hear(speech(600));
    await harness.hear(silence(700));
    const { itemId } = harness.last('turn.committed');
    const { lineId } = harness.last('line.opened').line;
    backends[0]!.session.emit({ type: 'failed', error: failure });
    await harness.pass(1000);
    expect(harness.last('handover.held')).toMatchObject({ lineId });
    // What it says waits behind the phrase when it dies: nobody has heard any of it.
    harness.session.emit(...spoken(lineId, ['seven', 'eight']));
    await settle();
    harness.session.emit({ type: 'failed', error: failure });
    await settle();
    expect(harness.call.backend).toBe('first');
    const sent = harness.session.takeAll();
    expect(harness.session.audio.length).toBeGreaterThan(0);
    const commands = sent.filter(({ type }) => type !== 'configure');
    expect(commands.map(({ type }) => type)).toEqual(['commit', 'item.add', 'respond']);
    expect(commands[0]).toMatchObject({ itemId });
    expect(commands[1]).toMatchObject({
      item: { content: [{ transcript: 'One moment, please.' }] },
    });
    expect(commands[2]).toMatchObject({ lineId, itemId: harness.last('line.opened').line.itemId });
    harness.session.emit(...spoken(lineId, ['here']), done(lineId));
    await harness.pass(2000);
    expect(harness.view.sentMs(lineId)).toBe(900);
    expect(heard(harness)).toEqual(['One moment, please. here']);
    expect(harness.entries('line.closed')).toMatchObject([{ end: { status: 'completed' } }]);
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });
});
