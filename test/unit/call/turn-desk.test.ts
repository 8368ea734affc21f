import { beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  ask,
  audio,
  CallHarness,
  done,
  plainDetection,
  settle,
  silence,
  speech,
  text,
  type HarnessOptions,
} from '../../support/call-harness.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import type { BackendCapabilities, BackendEvent } from '../../../src/ports/backend.ts';
import type { TurnManner } from '../../../src/ports/agent.ts';
import type { ToolPort } from '../../../src/ports/tool.ts';

beforeAll(prepareResampler);

/** Steady tones have no envelope by which an echo could be told from a caller. */
const noEcho = { echo: 'none' } as const;

/** A call whose caller has just finished a turn of 1 s: an answer is asked for. */
async function asked(manner: Partial<TurnManner> = {}, options: HarnessOptions = {}) {
  const harness = await CallHarness.open({ manner: { ...noEcho, ...manner }, ...options });
  await harness.hear(speech(1000));
  await harness.hear(silence(600));
  const { session } = harness;
  const commit = session.next('commit');
  const { lineId } = session.next('respond');
  return { harness, session, lineId, commit };
}

/** The agent has been heard for 1 s of a line of 6 and is held for a caller who speaks. */
async function held(options: HarnessOptions = {}) {
  const { harness, session, lineId } = await asked({}, options);
  session.emit(text(lineId, 'aaaa bbbb cccc dddd'), audio(lineId, answer(6000)));
  await harness.hear(silence(1000));
  await harness.hear(speech(440));
  expect(harness.story.at(-1)).toBe('agent.held');
  return { harness, session, lineId };
}

describe('a turn that was not finished', () => {
  it('[T40] is told, and what is unanswered begins where it began', async () => {
    const { harness, session, commit } = await asked();
    await harness.hear(silence(100));
    await harness.hear(speech(400));
    const from = harness.story.lastIndexOf('agent.held');
    expect(harness.story.slice(from)).toEqual([
      'agent.held',
      'speech.started',
      'speech.interrupted',
      'turn.retracted',
      'agent.cut',
      'line.closed',
    ]);
    expect(harness.last('turn.retracted').itemId).toBe(commit.itemId);
    expect(harness.last('speech.interrupted').by).toBe('continuation');
    expect(harness.call.seed().unanswered).toMatchObject({ startSample: commit.fromSample });
    session.takeAll();
    await harness.hear(silence(600));
    expect(session.next('commit').itemId).not.toBe(commit.itemId);
    expect(session.next('respond').lineId).toBe('line_2');
    expect(harness.call.seed().unanswered).toMatchObject({ startSample: commit.fromSample });
    session.emit(audio('line_2', answer(400)));
    await harness.pass(100);
    expect(harness.call.seed().unanswered).toBeNull();
    await harness.end();
  });

  it('[T40] stays unanswered, however often, also when some of the answer was heard', async () => {
    const { harness, session, commit } = await asked();
    for (let round = 1; round <= 3; round += 1) {
      await harness.hear(silence(60));
      session.emit(audio(`line_${round}`, answer(3000)));
      await harness.hear(silence(100));
      await harness.hear(speech(500));
      expect(harness.entries('turn.retracted')).toHaveLength(round);
      expect(harness.call.seed().unanswered).toMatchObject({ startSample: commit.fromSample });
      await harness.hear(silence(600));
      session.takeAll();
    }
    expect(harness.call.seed().unanswered).toMatchObject({ startSample: commit.fromSample });
    await harness.end();
  });
});

describe('a calm agent', () => {
  it('[T63] is heard only so long after the caller’s last word, and then at once', async () => {
    const { harness, session, lineId } = await asked({ minResponseDelayMs: 1500 });
    session.emit(audio(lineId, answer(2000)));
    await harness.pass(600);
    expect(harness.view.packets()).toEqual([]);
    await harness.pass(400);
    const { speechEndAtMs } = harness.last('turn.committed');
    const firstAtMs = harness.view.packets()[0]!.atMs;
    expect(firstAtMs - speechEndAtMs!).toBeGreaterThanOrEqual(1500);
    expect(firstAtMs - speechEndAtMs!).toBeLessThan(1540);
    await harness.pass(3000);
    expect(harness.view.sentMs()).toBe(2000);
    await harness.end();
  });

  it('[T63] that is late by itself waits for nothing', async () => {
    const { harness, session, lineId } = await asked({ minResponseDelayMs: 1000 });
    await harness.pass(2000);
    session.emit(audio(lineId, answer(200)));
    await settle();
    expect(harness.view.packets()).not.toEqual([]);
    await harness.end();
  });
});

describe('waits that are told', () => {
  it('[T62] an answer without a sound for 3 s, once', async () => {
    const { harness, lineId } = await asked();
    await harness.pass(2900);
    expect(harness.entries('agent.slow')).toEqual([]);
    await harness.pass(8000);
    expect(harness.entries('agent.slow')).toMatchObject([{ lineId }]);
    await harness.end();
  });

  it('[T61] a caller who is away, and back', async () => {
    const { harness, session, lineId } = await asked();
    session.emit(audio(lineId, answer(200)), done(lineId));
    await harness.pass(14_000);
    expect(harness.entries('caller.away')).toEqual([]);
    await harness.pass(2000);
    expect(harness.entries('caller.away')).toMatchObject([{ away: true }]);
    await harness.hear(speech(200));
    expect(harness.entries('caller.away')).toMatchObject([{ away: true }, { away: false }]);
    await harness.end();
  });
});

class HeldTool implements ToolPort {
  readonly definition = { name: 'find_table', description: null, parameters: {} };
  readonly deadlineMs = 60_000;
  readonly #answers: ((output: string) => void)[] = [];

  run(): Promise<string> {
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  async answer(output: string): Promise<void> {
    this.#answers.shift()?.(output);
    await settle();
    await settle();
  }
}

function toolCall(lineId: string, name = 'find_table'): BackendEvent {
  return { type: 'tool.called', lineId, toolCallId: 'call_a', name, arguments: '{}' };
}

/** The agent's answer is a call of a tool that takes its time. */
async function tooling(
  manner: Partial<TurnManner>,
  capabilities: BackendCapabilities = turnCapabilities,
) {
  const tool = new HeldTool();
  const rig = await asked(manner, {
    tools: [tool],
    backends: [new ScriptedBackend({ capabilities })],
  });
  rig.session.emit(toolCall(rig.lineId), done(rig.lineId));
  await settle();
  return { ...rig, tool };
}

describe('while a tool runs', () => {
  it('[T60] something is said after 900 ms, and once more after 6 s', async () => {
    const { harness, session, tool } = await tooling({ fillers: true });
    await harness.pass(880);
    expect(session.leftovers).toEqual([]);
    await harness.pass(40);
    const first = session.next('respond');
    expect(first.overrides).toMatchObject({ toolChoice: { mode: 'none' } });
    expect(first.overrides.instructions).toContain('at most six words');
    expect(harness.last('line.opened').line.cause).toBe('filler');
    session.emit(audio(first.lineId, answer(500)), done(first.lineId));
    await harness.pass(6400);
    expect(session.leftovers).toEqual([]);
    await harness.pass(400);
    const second = session.next('respond');
    expect(second.overrides.instructions).not.toBe(first.overrides.instructions);
    session.emit(audio(second.lineId, answer(500)), done(second.lineId));
    await harness.pass(20_000);
    expect(session.leftovers).toEqual([]);
    await tool.answer('table 4');
    expect(session.takeAll().map(({ type }) => type)).toEqual(['item.add', 'respond']);
    expect(harness.last('line.opened').line.cause).toBe('tool');
    await harness.end();
  });

  it('[T60] nothing is said of one that is quick, nor where nobody wants it', async () => {
    const quick = await tooling({ fillers: true });
    await quick.harness.pass(800);
    await quick.tool.answer('table 4');
    expect(quick.session.takeAll().map(({ type }) => type)).toEqual(['item.add', 'respond']);
    await quick.harness.end();
    const plain = await tooling({});
    await plain.harness.pass(10_000);
    expect(plain.session.leftovers).toEqual([]);
    await plain.harness.end();
  });

  it('[T60] nothing is said for a tool of the client, whose request it would stand in the way of', async () => {
    const declared = { name: 'book', description: null, parameters: {} };
    const { harness, session, lineId } = await asked({ fillers: true });
    harness.ok({ type: 'configure', patch: { tools: [declared] } });
    session.takeAll();
    session.emit(toolCall(lineId, 'book'), done(lineId));
    await harness.pass(5000);
    expect(session.leftovers).toEqual([]);
    harness.ok(ask);
    await harness.end();
  });

  it('[T60] nothing is said by a backend that cannot, and no more is asked than it can', async () => {
    const rigid = { afterStart: [], always: [], perLine: true } as const;
    for (const capabilities of [
      { ...turnCapabilities, instructions: false },
      { ...turnCapabilities, rigid },
    ]) {
      const { harness, session } = await tooling({ fillers: true }, capabilities);
      await harness.pass(8000);
      expect(session.leftovers).toEqual([]);
      await harness.end();
    }
    const always = { ...rigid, always: ['toolChoice'], perLine: false } as const;
    const { harness, session } = await tooling(
      { fillers: true },
      { ...turnCapabilities, rigid: always },
    );
    await harness.pass(1000);
    expect(session.next('respond').overrides).not.toHaveProperty('toolChoice');
    await harness.end();
  });

  it('a filler is no answer: the turn is still unanswered when the backend is lost', async () => {
    const { harness, session, commit } = await tooling({ fillers: true });
    await harness.pass(1000);
    const { lineId } = session.next('respond');
    session.emit(audio(lineId, answer(500)), done(lineId));
    await harness.pass(1000);
    expect(harness.call.seed().unanswered).toMatchObject({ startSample: commit.fromSample });
    await harness.end();
  });

  it('a cough over the agent does not cost the answer that the tool brought', async () => {
    const tool = new HeldTool();
    const { harness, session, lineId } = await asked({}, { tools: [tool] });
    session.emit(audio(lineId, answer(3000)), toolCall(lineId), done(lineId));
    await harness.hear(silence(2850));
    // The line is over for the backend, and its end is still heard; the caller coughs.
    await harness.hear(speech(120));
    await tool.answer('table 4');
    expect(session.next('item.add')).toBeDefined();
    await harness.hear(silence(2000));
    expect(session.next('respond').lineId).toBe('line_2');
    await harness.end();
  });
});

describe('a held agent', () => {
  it('whose line fails says what it had, and then that it failed', async () => {
    const { harness, session, lineId } = await held();
    const error = new CallError('backend_refused', 'content filter');
    session.emit(done(lineId, { status: 'failed', error }));
    await settle();
    expect(harness.story.at(-1)).toBe('agent.held');
    await harness.hear(silence(6500));
    expect(harness.last('agent.resumed').cause).toBe('asked');
    expect(harness.last('line.closed').end).toMatchObject({
      status: 'failed',
      code: 'backend_refused',
    });
    expect(harness.view.sentMs(lineId)).toBe(6000);
    await harness.end();
  });

  it('that the client cancels is over, and the caller has the floor', async () => {
    const { harness, session, lineId } = await held();
    harness.ok({ type: 'cancel', lineId: null });
    expect(session.takeAll().map(({ type }) => type)).toEqual(['cancel', 'truncate']);
    expect(harness.last('line.closed').end).toEqual({
      status: 'cancelled',
      reason: 'client_cancelled',
    });
    expect(harness.last('speech.started').audioStartMs).toBeLessThan(2620);
    const sentMs = harness.view.sentMs(lineId);
    await harness.hear(silence(600));
    expect(session.takeAll().map(({ type }) => type)).toEqual(['commit', 'respond']);
    session.emit(audio('line_2', answer(300)), done('line_2'));
    await harness.pass(500);
    expect(harness.view.sentMs(lineId)).toBe(sentMs);
    // What comes next is heard as it is: the hold was for the line that is over.
    expect(harness.view.bytes('line_2')).toEqual(Buffer.from(answer(300)));
    await harness.end();
  });

  it('keeps the floor: the client’s request is refused, and nothing changes', async () => {
    const { harness, session } = await held();
    expect(harness.refused(ask)).toBe('conversation_already_has_active_response');
    expect(harness.story.at(-1)).toBe('agent.held');
    expect(session.leftovers).toEqual([]);
    await harness.end();
  });

  it('[T20] keeps an answer that the client asks for in its tail, until it is judged', async () => {
    const harness = await CallHarness.open({ manner: noEcho, agent: { playoutLeadMs: 2000 } });
    const { session } = harness;
    harness.ok(ask);
    session.next('respond');
    session.emit(audio('line_1', answer(1900)), done('line_1'));
    await harness.hear(silence(400));
    await harness.hear(speech(120));
    expect(harness.last('line.closed').end.status).toBe('completed');
    harness.ok(ask);
    session.emit(audio('line_2', answer(500)), done('line_2'));
    await harness.hear(speech(60));
    expect(harness.view.sentMs('line_2')).toBe(0);
    await harness.hear(silence(1500));
    expect(harness.last('speech.dismissed')).toBeDefined();
    expect(harness.view.bytes('line_2')).toEqual(Buffer.from(answer(500)));
    await harness.end();
  });

  it('[T25] is asked for an answer before it is told that nobody wants it any more', async () => {
    const harness = await CallHarness.open({ manner: noEcho, agent: { playoutLeadMs: 2000 } });
    const { session } = harness;
    harness.ok(ask);
    session.emit(audio('line_1', answer(1900)), done('line_1'));
    await harness.hear(silence(1100));
    await harness.hear(speech(500));
    session.takeAll();
    harness.ok(ask);
    const types = session.takeAll().map(({ type }) => type);
    expect(types.slice(0, 2)).toEqual(['respond', 'cancel']);
    expect(harness.last('speech.interrupted').by).toBe('continuation');
    await harness.end();
  });

  it('[T11] goes on when the client takes over judging, which is shown the speech', async () => {
    const { harness, session, lineId } = await held();
    const turnDetection = { ...plainDetection, interruptResponse: false };
    harness.ok({ type: 'configure', patch: { turnDetection } });
    expect(harness.last('agent.resumed').cause).toBe('asked');
    expect(harness.last('speech.started').audioStartMs).toBeLessThan(2620);
    expect(session.takeAll().map(({ type }) => type)).toEqual(['configure']);
    await harness.hear(speech(1000));
    expect(harness.entries('agent.cut')).toEqual([]);
    expect(harness.view.sentMs(lineId)).toBeGreaterThan(2000);
    await harness.end();
  });

  it('goes on when detection is switched off: nobody would ever let it', async () => {
    const { harness, session } = await held();
    harness.ok({ type: 'configure', patch: { turnDetection: null } });
    expect(harness.last('agent.resumed').cause).toBe('asked');
    session.takeAll();
    await harness.hear(silence(3000));
    expect(harness.entries('agent.cut')).toEqual([]);
    harness.ok({ type: 'commit' });
    expect(session.next('commit').fromSample).toBeLessThan(2620 * 24);
    await harness.end();
  });

  it.each(['call', 'backend'] as const)(
    'ends with its %s, once, and waits for nothing',
    async (what) => {
      const { harness, session, lineId } = await held();
      const sentMs = harness.view.sentMs(lineId);
      if (what === 'call') await harness.end();
      else session.hangUp();
      await settle();
      const closed = harness.entries('line.closed');
      expect(closed).toHaveLength(1);
      expect(closed[0]!.end.status).toBe(what === 'call' ? 'cancelled' : 'failed');
      expect(closed[0]!.extent.heardMs).toBeLessThanOrEqual(sentMs);
      expect(harness.story.at(-1)).toBe('call.closed');
      expect(harness.clock.pending).toBe(0);
      await harness.pass(20_000);
      expect(harness.view.sentMs(lineId)).toBe(sentMs);
    },
  );
});
