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
  text,
  type HarnessOptions,
} from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { pcm16k } from '../../../src/audio/format.ts';
import {
  frameCapabilities,
  ScriptedBackend,
  turnCapabilities,
} from '../../support/scripted-backend.ts';
import type { BackendCapabilities, BackendEvent } from '../../../src/ports/backend.ts';

beforeAll(prepareResampler);

const first = () => new ScriptedBackend({ name: 'first' });
const failure = new CallError('backend_overloaded', 'busy');

/** Words that last `wordMs` each and follow each other without a pause. */
function spoken(lineId: string, words: readonly string[], wordMs: number): BackendEvent[] {
  return words.flatMap((word, index): BackendEvent[] => {
    const startMs = index * wordMs;
    const delta = index === 0 ? word : ` ${word}`;
    const times = [{ text: word, startMs, endMs: startMs + wordMs }];
    return [{ type: 'line.text', lineId, delta, words: times }, audio(lineId, answer(wordMs))];
  });
}

async function twoBackends(
  second: Partial<BackendCapabilities> = {},
  options: HarnessOptions = {},
) {
  const backends = [
    first(),
    new ScriptedBackend({ name: 'second', capabilities: { ...turnCapabilities, ...second } }),
  ] as const;
  const harness = await CallHarness.open({ backends, ...options });
  const lose = async (): Promise<void> => {
    backends[0].session.emit({ type: 'failed', error: failure });
    await settle();
  };
  return { harness, backends, lose, old: backends[0].session };
}

/** Asks for an answer by hand and gives its line. */
async function asked(harness: CallHarness): Promise<string> {
  harness.ok(ask);
  await settle();
  return harness.last('line.opened').line.lineId;
}

describe('a call that loses its backend while nothing is owed', () => {
  it('goes on with the next one, which knows what was heard', async () => {
    const { harness, backends, lose, old } = await twoBackends();
    harness.ok({
      type: 'item.create',
      item: {
        kind: 'message',
        role: 'user',
        content: [{ type: 'text', text: 'Hello' }],
        itemId: 'hi',
      },
      after: null,
    });
    const lineId = await asked(harness);
    old.emit(...spoken(lineId, ['good', 'day'], 200), done(lineId));
    await harness.pass(1000);
    await lose();
    expect(harness.closes).toEqual([]);
    expect(harness.call.backend).toBe('second');
    expect(old.closed).toBe(true);
    const { seed } = backends[1].contexts[0]!;
    expect(
      seed?.items.map((item) => (item.kind === 'message' ? [item.role, item.content] : null)),
    ).toEqual([
      ['user', [{ type: 'text', text: 'Hello' }]],
      ['assistant', [{ type: 'audio', transcript: 'good day', durationMs: 400 }]],
    ]);
    expect(backends[1].session.leftovers.map(({ type }) => type)).toEqual(['configure']);
    expect(harness.last('handover.started')).toMatchObject({
      from: 'first',
      to: 'second',
      cause: 'backend_overloaded',
      owed: 'nothing',
    });
    expect(harness.last('handover.done')).toMatchObject({
      from: 'first',
      to: 'second',
      gapMs: 0,
      oursMs: 0,
    });
    await harness.end();
  });

  it('answers the next turn there, and hears nothing more of the lost one', async () => {
    const { harness, lose, old } = await twoBackends();
    await lose();
    old.accepts = 'ok';
    const lineId = await asked(harness);
    expect(harness.session.takeAll().find(({ type }) => type === 'respond')).toMatchObject({
      lineId,
    });
    harness.session.emit(...spoken(lineId, ['here'], 300), done(lineId));
    await harness.pass(600);
    expect(harness.last('line.closed')).toMatchObject({ end: { status: 'completed' } });
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('plays what the lost one had finished to its end, and tells it as said', async () => {
    const { harness, backends, lose, old } = await twoBackends();
    const lineId = await asked(harness);
    old.emit(...spoken(lineId, ['one', 'two', 'three', 'four'], 300), done(lineId));
    await harness.pass(100);
    await lose();
    expect(backends[1].contexts[0]?.seed?.items.at(-1)).toMatchObject({
      content: [{ transcript: 'one two three four' }],
    });
    await harness.pass(1500);
    expect(harness.last('line.closed')).toMatchObject({ end: { status: 'completed' } });
    expect(harness.view.sentMs(lineId)).toBe(1200);
    await harness.end();
  });

  it('corrects that where the caller cuts it short after all', async () => {
    const { harness, lose, old } = await twoBackends({ truncate: false });
    const lineId = await asked(harness);
    old.emit(...spoken(lineId, ['one', 'two', 'three', 'four'], 300), done(lineId));
    await harness.pass(100);
    await lose();
    const { itemId } = harness.last('line.opened').line;
    harness.session.takeAll();
    await harness.pass(600);
    harness.ok({ type: 'output.clear' });
    const [remove, add] = harness.session.takeAll();
    expect(remove).toEqual({ type: 'item.delete', itemId });
    expect(add).toMatchObject({
      type: 'item.add',
      item: { itemId, role: 'assistant', content: [{ transcript: 'one two' }] },
      afterItemId: null,
    });
    await harness.end();
  });
});

describe('a call that loses its backend before anything of an answer was heard', () => {
  it('asks the next one for the same line: the client sees one answer', async () => {
    const { harness, lose } = await twoBackends();
    const lineId = await asked(harness);
    await lose();
    const respond = harness.session.takeAll().find(({ type }) => type === 'respond');
    expect(respond).toMatchObject({ lineId, itemId: harness.last('line.opened').line.itemId });
    harness.session.emit(...spoken(lineId, ['late', 'but', 'here'], 200), done(lineId));
    await harness.pass(1500);
    expect(harness.entries('line.opened')).toHaveLength(1);
    expect(harness.entries('line.closed').map(({ end }) => end.status)).toEqual(['completed']);
    expect(harness.last('handover.done').gapMs).toBeGreaterThan(0);
    await harness.end();
  });

  it('tells the caller’s turn as sound, under the same item, where its words are not known', async () => {
    const { harness, lose, old, backends } = await twoBackends();
    await harness.hear(speech(600));
    await harness.hear(silence(700));
    const turn = harness.last('turn.committed');
    expect(old.takeAll().map(({ type }) => type)).toEqual(['commit', 'respond']);
    await lose();
    const { session } = backends[1];
    expect(backends[1].contexts[0]?.seed?.items).toEqual([]);
    const commands = session.takeAll().filter(({ type }) => type !== 'configure');
    expect(commands.map(({ type }) => type)).toEqual(['commit', 'respond']);
    expect(commands[0]).toMatchObject({
      itemId: turn.itemId,
      fromSample: turn.fromSample,
      toSample: turn.toSample,
    });
    // Every sample from the turn on, once, in order, and nothing else of it.
    let at = turn.fromSample;
    for (const { startSample, samples } of session.audio) {
      expect(startSample).toBe(at);
      at += samples;
    }
    expect(at).toBe(1300 * 24);
    const told = Buffer.concat(session.audio.map(({ bytes }) => bytes));
    const heard = Buffer.concat(old.audio.map(({ bytes }) => bytes));
    expect(told.equals(heard.subarray(turn.fromSample * 2))).toBe(true);
    await harness.hear(silence(20));
    expect(session.audio.at(-1)?.startSample).toBe(1300 * 24);
    await harness.end();
  });

  it('tells it in words where they are known', async () => {
    const { harness, lose, old, backends } = await twoBackends();
    await harness.hear(speech(600));
    await harness.hear(silence(700));
    const { itemId } = harness.last('turn.committed');
    old.emit({ type: 'caller.transcript', itemId, text: 'two rooms', final: true });
    await settle();
    await lose();
    expect(backends[1].contexts[0]?.seed?.items).toMatchObject([
      { itemId, role: 'user', content: [{ transcript: 'two rooms' }] },
    ]);
    const commands = backends[1].session.takeAll().map(({ type }) => type);
    expect(commands.filter((type) => type !== 'configure')).toEqual(['respond']);
    await harness.end();
  });

  it('converts what it tells to what the next one takes', async () => {
    const { harness, lose, backends } = await twoBackends({ inputFormats: [pcm16k] });
    await harness.hear(speech(600));
    await harness.hear(silence(700));
    const turn = harness.last('turn.committed');
    await lose();
    const commit = backends[1].session.takeAll().find(({ type }) => type === 'commit');
    expect(commit).toMatchObject({ toSample: Math.round((turn.toSample * 2) / 3) });
    expect(backends[1].session.audio[0]).toMatchObject({ rateHz: 16_000 });
    await harness.end();
  });

  it('leaves it to a backend that decides about turns by itself', async () => {
    const { harness, lose, backends } = await twoBackends({ authorities: ['backend'] });
    await harness.hear(speech(600));
    await harness.hear(silence(700));
    await lose();
    const commands = backends[1].session.takeAll().map(({ type }) => type);
    expect(commands.filter((type) => type !== 'configure')).toEqual([]);
    expect(backends[1].session.audio.length).toBeGreaterThan(0);
    expect(harness.last('line.closed')).toMatchObject({
      end: { status: 'incomplete', reason: 'backend_lost' },
    });
    backends[1].session.emit(
      { type: 'line.started', lineId: 'own' },
      audio('own', answer(200)),
      done('own'),
    );
    await harness.pass(600);
    expect(harness.last('line.closed')).toMatchObject({
      lineId: 'own',
      end: { status: 'completed' },
    });
    await harness.end();
  });

  it('asks for nothing where the caller has stopped it meanwhile', async () => {
    const held = new ScriptedBackend({ name: 'second', opening: 'held' });
    const backends = [first(), held] as const;
    const harness = await CallHarness.open({ backends });
    await asked(harness);
    backends[0].session.hangUp();
    await settle();
    harness.ok({ type: 'cancel', lineId: null });
    held.release();
    await settle();
    expect(held.session.takeAll().map(({ type }) => type)).toEqual(['configure']);
    await harness.end();
  });
});

describe('a call that loses its backend in the middle of a sentence', () => {
  const words = ['one', 'two', 'three', 'four', 'five', 'six'];

  async function broken(second: Partial<BackendCapabilities> = {}) {
    const parts = await twoBackends(second);
    const lineId = await asked(parts.harness);
    parts.old.emit(...spoken(lineId, words, 300));
    await parts.harness.pass(450);
    await parts.lose();
    return { ...parts, lineId };
  }

  it('plays on to the end of the word, says so, and has the next one go on from there', async () => {
    const { harness, lineId, backends } = await broken();
    // 650 ms were given at the loss: 450 ms of the call and the lead.
    expect(backends[1].contexts[0]?.seed?.items.at(-1)).toMatchObject({
      status: 'incomplete',
      content: [{ transcript: 'one two three', durationMs: 900 }],
    });
    await harness.pass(1000);
    const [closed] = harness.entries('line.closed');
    expect(closed).toMatchObject({
      lineId,
      end: { status: 'incomplete', reason: 'backend_lost' },
      extent: { sentMs: 900, generatedMs: 900 },
    });
    expect(harness.view.sentMs(lineId)).toBe(900);
    const next = harness.last('line.opened').line;
    expect(next).toMatchObject({ cause: 'handover' });
    expect(next.overrides.instructions).toMatch(/^Be brief\.\n\nYou were interrupted/u);
    harness.session.emit(...spoken(next.lineId, ['four'], 300), done(next.lineId));
    await harness.pass(1500);
    const heard = new Map(
      [...harness.entries('line.closed'), ...harness.entries('line.heard')].map((entry) => [
        entry.lineId,
        entry.extent.heardText,
      ]),
    );
    expect([...heard.values()].join(' ')).toBe('one two three four');
    expect(harness.last('handover.done')).toMatchObject({ cause: 'backend_overloaded' });
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('ends the line before the next begins, and each once', async () => {
    const { harness } = await broken();
    await harness.pass(1000);
    const story = harness.call.entries.flatMap((entry) =>
      entry.type === 'line.opened' ? ['open'] : entry.type === 'line.closed' ? ['close'] : [],
    );
    expect(story).toEqual(['open', 'close', 'open']);
    await harness.end();
  });

  it('tells one that takes no settings for a single line by an item', async () => {
    const rigid = { afterStart: [], always: [], perLine: true } as const;
    const { harness, backends } = await broken({ rigid });
    await harness.pass(1000);
    const commands = backends[1].session.takeAll().filter(({ type }) => type !== 'configure');
    expect(commands.map(({ type }) => type)).toEqual(['item.add', 'respond']);
    expect(commands[0]).toMatchObject({ item: { role: 'system' } });
    expect(commands[1]).toMatchObject({ overrides: {} });
    await harness.end();
  });

  it('does not go on where the caller has taken the floor', async () => {
    const { harness, lineId } = await broken();
    harness.ok({ type: 'output.clear' });
    await harness.pass(1000);
    expect(harness.entries('line.opened')).toHaveLength(1);
    expect(harness.last('line.closed')).toMatchObject({ lineId, end: { status: 'cancelled' } });
    await harness.end();
  });

  it('fails lines out of band, which nobody hears', async () => {
    const { harness, lose } = await twoBackends();
    harness.ok({ ...ask, outOfBand: true });
    await settle();
    await lose();
    expect(harness.last('line.closed')).toMatchObject({
      end: { status: 'failed', code: 'backend_overloaded' },
    });
    expect(harness.closes).toEqual([]);
    await harness.end();
  });

  it('asks again where only words had come, and nobody had heard them', async () => {
    const { harness, lose, old } = await twoBackends();
    const lineId = await asked(harness);
    old.emit(text(lineId, 'Good'));
    await settle();
    await lose();
    harness.session.emit(...spoken(lineId, ['day'], 300), done(lineId));
    await harness.pass(1500);
    expect(harness.last('line.heard').extent.heardText).toBe('day');
    await harness.end();
  });
});

describe('who takes over', () => {
  it('is the next that opens; without any the call ends with the last reason', async () => {
    const refusing = new ScriptedBackend({
      name: 'second',
      opening: new CallError('backend_refused', 'no'),
    });
    const third = new ScriptedBackend({ name: 'third' });
    const backends = [first(), refusing, third];
    const harness = await CallHarness.open({ backends });
    backends[0]!.session.hangUp();
    await settle();
    expect(harness.call.backend).toBe('third');
    expect(harness.last('handover.done')).toMatchObject({ from: 'first', to: 'third' });
    backends[0]!.open = () => Promise.reject(failure);
    third.open = () => Promise.reject(failure);
    third.session.hangUp();
    await settle();
    expect(harness.closes).toMatchObject([{ kind: 'error', code: 'backend_overloaded' }]);
    expect(harness.clock.pending).toBe(0);
  });

  it('is the lost one again where the others do not open', async () => {
    const refusing = new ScriptedBackend({ name: 'second', opening: failure });
    const backends = [first(), refusing];
    const harness = await CallHarness.open({ backends });
    backends[0]!.session.hangUp();
    await settle();
    expect(harness.call.backend).toBe('first');
    expect(harness.closes).toEqual([]);
    await harness.end();
  });

  it('is nobody who cannot be told what was said, unless the agent takes that', async () => {
    const capabilities = { ...frameCapabilities };
    const model = () => new ScriptedBackend({ name: 'model', capabilities });
    const strict = await CallHarness.open({ backends: [first(), model()] });
    strict.backends[0]!.session.hangUp();
    await settle();
    expect(strict.closes).toMatchObject([{ kind: 'error', code: 'backend_closed' }]);
    const lenient = await CallHarness.open({
      backends: [first(), model()],
      agent: { handover: { acceptUnseeded: true } },
    });
    lenient.backends[0]!.session.hangUp();
    await settle();
    expect(lenient.call.backend).toBe('model');
    await lenient.end();
  });

  it('is nobody any more after a dozen losses in a minute', async () => {
    const harness = await CallHarness.open({
      backends: [first(), new ScriptedBackend({ name: 'second' })],
    });
    let losses = 0;
    while (harness.closes.length === 0 && losses < 100) {
      harness.session.hangUp();
      losses += 1;
      await harness.pass(100);
    }
    expect(losses).toBe(13);
  });
});

describe('tools', () => {
  it('run once, and their results go to who took over', async () => {
    const run = Promise.withResolvers<string>();
    let runs = 0;
    const definition = { name: 'find', description: null, parameters: null };
    const { harness, lose, old } = await twoBackends(
      {},
      {
        tools: [
          {
            definition,
            deadlineMs: 5000,
            run: () => {
              runs += 1;
              return run.promise;
            },
          },
        ],
      },
    );
    const lineId = await asked(harness);
    const call = { type: 'tool.called', lineId, name: 'find', arguments: '{}' } as const;
    old.emit({ ...call, toolCallId: 'call_a' });
    await settle();
    await lose();
    expect(harness.entries('line.closed')).toMatchObject([
      { lineId, end: { status: 'incomplete' } },
    ]);
    expect(harness.backends[1]!.contexts[0]?.seed?.items).toMatchObject([
      { kind: 'tool_call', toolCallId: 'call_a' },
    ]);
    harness.session.takeAll();
    run.resolve('two rooms');
    await harness.pass(10);
    const [output, respond] = harness.session.takeAll();
    expect(output).toMatchObject({
      type: 'item.add',
      item: { kind: 'tool_output', toolCallId: 'call_a', output: 'two rooms' },
    });
    expect(respond).toMatchObject({ type: 'respond' });
    // Who took over asks for the same.
    const again = harness.last('line.opened').line.lineId;
    harness.session.emit({ ...call, lineId: again, toolCallId: 'call_b' });
    await harness.pass(10);
    expect(runs).toBe(1);
    expect(harness.session.takeAll()[0]).toMatchObject({
      type: 'item.add',
      item: { toolCallId: 'call_b', output: 'two rooms' },
    });
    await harness.end();
  });
});
