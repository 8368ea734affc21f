import { beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  ask,
  audio,
  CallHarness,
  settle,
  silence,
  speech,
} from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import {
  frameCapabilities,
  ScriptedBackend,
  turnCapabilities,
} from '../../support/scripted-backend.ts';
import type { BackendCapabilities, BackendCommand } from '../../../src/ports/backend.ts';

beforeAll(prepareResampler);

const error = new CallError('backend_closed', 'gone');
/** Without turns, and yet it can be told things and asked to speak. */
const promptable: BackendCapabilities = {
  ...frameCapabilities,
  cancel: true,
  truncate: true,
  promptable: true,
  instructions: true,
  seedHistory: 'text',
  appendContext: true,
  transcripts: { caller: true, agent: true, wordTimes: false },
};

async function callOf(...capabilities: readonly BackendCapabilities[]) {
  const backends = capabilities.map(
    (each, at) => new ScriptedBackend({ name: `backend${at}`, capabilities: each }),
  );
  const harness = await CallHarness.open({ backends });
  return { harness, backends, old: backends[0]!.session };
}

const told = <Type extends BackendCommand['type']>(
  backend: ScriptedBackend,
  type: Type,
): (BackendCommand & { readonly type: Type })[] =>
  backend.session.takeAll().filter((command) => command.type === type) as never;

/** The caller says something, which nobody has begun to answer. */
async function turn(harness: CallHarness): Promise<void> {
  await harness.hear(Buffer.concat([speech(800), silence(1200)]));
}

describe('a model without turns that is lost', () => {
  it.each([
    ['fails', { type: 'failed', error }],
    ['loses its upstream', { type: 'upstream.lost', error }],
  ] as const)(
    'and %s before it has begun to answer: the next one is asked',
    async (_how, event) => {
      const { harness, backends, old } = await callOf(promptable, turnCapabilities);
      await turn(harness);
      expect(harness.entries('turn.committed')).toHaveLength(1);
      expect(harness.entries('line.opened')).toEqual([]);
      old.emit(event);
      await settle();
      expect(harness.last('handover.started')).toMatchObject({ to: 'backend1', owed: 'answer' });
      expect(harness.last('line.opened').line.cause).toBe('handover');
      expect(told(backends[1]!, 'respond')).toHaveLength(1);
      await harness.end();
    },
  );

  it('in silence owes nothing', async () => {
    const { harness, backends, old } = await callOf(promptable, turnCapabilities);
    await harness.hear(silence(2000));
    old.emit({ type: 'failed', error });
    await settle();
    expect(harness.last('handover.started')).toMatchObject({ owed: 'nothing' });
    expect(told(backends[1]!, 'respond')).toEqual([]);
    await harness.end();
  });

  it('goes on alone where nobody else is there, though its upstream is lost', async () => {
    const { harness, old } = await callOf(promptable);
    await turn(harness);
    old.emit({ type: 'upstream.lost', error });
    await settle();
    expect(harness.closes).toEqual([]);
    expect(harness.entries('handover.started')).toEqual([]);
    await harness.end();
  });
});

describe('a model without turns that takes over', () => {
  it('hears the turn of which no words are known, and answers it itself', async () => {
    const { harness, backends, old } = await callOf(turnCapabilities, promptable);
    await turn(harness);
    const { line } = harness.last('line.opened');
    old.emit({ type: 'failed', error });
    await settle();
    expect(harness.last('line.closed')).toMatchObject({ lineId: line.lineId });
    const { audio: sound } = backends[1]!.session;
    expect(sound.reduce((ms, { samples }) => ms + samples / 24, 0)).toBeGreaterThan(800);
    expect(told(backends[1]!, 'respond')).toEqual([]);
    await harness.end();
  });

  it('is asked where an answer is owed that needs no ears', async () => {
    const { harness, backends, old } = await callOf(turnCapabilities, promptable);
    harness.ok(ask);
    await settle();
    old.emit({ type: 'failed', error });
    await settle();
    const { lineId } = harness.last('line.opened').line;
    expect(told(backends[1]!, 'respond')).toMatchObject([{ lineId }]);
    await harness.end();
  });

  it('goes on with a broken sentence, and is told nothing twice', async () => {
    const { harness, backends, old } = await callOf(turnCapabilities, promptable);
    harness.ok(ask);
    await settle();
    const { lineId } = harness.last('line.opened').line;
    old.emit(
      { type: 'line.text', lineId, delta: 'one two', words: null },
      audio(lineId, answer(1000)),
    );
    await harness.pass(500);
    old.emit({ type: 'failed', error });
    await harness.pass(2000);
    const commands = backends[1]!.session.takeAll();
    const [respond, ...others] = commands.filter(({ type }) => type === 'respond');
    expect(others).toEqual([]);
    const { overrides } = respond as BackendCommand & { readonly type: 'respond' };
    expect(overrides.instructions).toMatch(/^You were interrupted by a technical fault/u);
    expect(commands.filter(({ type }) => type === 'item.add')).toEqual([]);
    await harness.end();
  });
});
