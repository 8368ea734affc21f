import { beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  ask,
  audio,
  CallHarness,
  done,
  plainAgent,
  settle,
  silence,
  speech,
  text,
  type HarnessOptions,
} from '../../support/call-harness.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import { builtInTool } from '../../../src/tools/built-in.ts';
import { defaultToolManner, type ToolManner, type ToolPort } from '../../../src/ports/tool.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { BackendCapabilities, BackendEvent } from '../../../src/ports/backend.ts';

beforeAll(prepareResampler);

/** A tool whose runs the test finishes. */
class HeldTool implements ToolPort {
  readonly definition = { name: 'find_room', description: null, parameters: null };
  readonly deadlineMs = 20_000;
  readonly manner: Partial<ToolManner>;
  readonly runs: {
    readonly finish: (output: string) => void;
    readonly signal: AbortSignal;
    readonly key: string;
  }[] = [];

  constructor(manner: Partial<ToolManner> = {}) {
    this.manner = manner;
  }

  run({ idempotencyKey: key }: { idempotencyKey: string }, signal: AbortSignal): Promise<string> {
    return new Promise((finish) => this.runs.push({ finish, signal, key }));
  }
}

function called(lineId: string, toolCallId = 'call_a', name = 'find_room'): BackendEvent {
  return { type: 'tool.called', lineId, toolCallId, name, arguments: '{"beds":2}' };
}

const spoken: BackendCapabilities = { ...turnCapabilities, verbatim: true };
const waits: BackendCapabilities = { ...turnCapabilities, tools: 'blocking' };

/** A caller has asked for something, and the model's answer, `line_1`, is open. */
async function asked(
  manner: Partial<ToolManner>,
  capabilities = turnCapabilities,
  options: HarnessOptions = {},
) {
  const tool = new HeldTool(manner);
  const backends = [new ScriptedBackend({ capabilities })];
  const harness = await CallHarness.open({ tools: [tool], backends, ...options });
  await harness.hear(speech(400));
  await harness.hear(silence(600));
  harness.session.takeAll();
  const { lineId } = harness.last('line.opened').line;
  return { harness, session: harness.session, tool, lineId };
}

describe('a preamble', () => {
  const words = 'Let me check that.';

  it('is said in the tool’s own words when it has not answered at once, and once a turn', async () => {
    const { harness, session, tool, lineId } = await asked({ preamble: words }, spoken);
    session.emit(called(lineId), done(lineId));
    await harness.pass(290);
    expect(session.leftovers).toEqual([]);
    await harness.pass(20);
    const said = session.next('respond');
    expect(said).toMatchObject({ words });
    expect(harness.last('line.opened').line.cause).toBe('filler');
    session.emit(audio(said.lineId, answer(400)), done(said.lineId));
    await harness.pass(600);
    tool.runs[0]!.finish('room 12');
    await settle();
    session.next('item.add');
    const next = session.next('respond');
    session.emit(called(next.lineId, 'call_b', 'find_room'), done(next.lineId));
    await harness.pass(800);
    // The same request of the same turn: answered from the ledger, and nothing more is announced.
    expect(session.takeAll().map(({ type }) => type)).toEqual(['item.add', 'respond']);
    expect(
      harness.entries('line.opened').filter(({ line }) => line.cause === 'filler'),
    ).toHaveLength(1);
    await harness.end();
  });

  it('is asked for where the backend makes words up, and told where it says no given ones', async () => {
    for (const [preamble, wanted] of [
      ['auto', /at most six words/],
      [words, /^Say exactly this, and nothing else: "Let me check that\."$/],
    ] as const) {
      const { harness, session, lineId } = await asked({ preamble });
      session.emit(called(lineId), done(lineId));
      await harness.pass(310);
      const { overrides } = session.next('respond');
      expect(overrides.instructions).toMatch(wanted);
      expect(overrides.toolChoice).toEqual({ mode: 'none' });
      await harness.end();
    }
  });

  it('is left out when the model has said something itself, or the tool was quick', async () => {
    const talks = await asked({ preamble: words }, spoken);
    talks.session.emit(
      text(talks.lineId, 'One moment.'),
      audio(talks.lineId, answer(300)),
      called(talks.lineId),
      done(talks.lineId),
    );
    await talks.harness.pass(3000);
    expect(talks.session.leftovers).toEqual([]);
    await talks.harness.end();

    const quick = await asked({ preamble: words }, spoken);
    quick.session.emit(called(quick.lineId), done(quick.lineId));
    await quick.harness.pass(200);
    quick.tool.runs[0]!.finish('room 12');
    await quick.harness.pass(500);
    const { lineId } = quick.harness.last('line.opened').line;
    expect(quick.session.takeAll().map(({ type }) => type)).toEqual(['item.add', 'respond']);
    quick.session.emit(done(lineId));
    await quick.harness.pass(500);
    expect(quick.session.leftovers).toEqual([]);
    await quick.harness.end();
    expect(quick.harness.clock.pending).toBe(0);
  });

  it('comes the sooner the longer the backend takes to speak, so that the silence stays short', async () => {
    for (const [answeredMs, waitMs] of [
      [500, 300],
      [700, 200],
      [2_000, 100],
    ] as const) {
      const { harness, session, lineId } = await asked({ preamble: words }, spoken);
      const spentMs = harness.nowMs - harness.last('line.opened').atMs;
      await harness.pass(answeredMs - spentMs);
      session.takeAll();
      session.emit(called(lineId), done(lineId));
      await harness.pass(waitMs - 20);
      expect(session.leftovers).toEqual([]);
      await harness.pass(40);
      expect(session.next('respond')).toMatchObject({ words });
      await harness.end();
    }
  });

  it('gives way to a caller who speaks', async () => {
    const { harness, session, lineId } = await asked({ preamble: words }, spoken);
    session.emit(called(lineId), done(lineId));
    await harness.hear(speech(400));
    expect(session.leftovers).toEqual([]);
    await harness.end();
  });
});

describe('fillers of a tool', () => {
  it('are its own words, in their order, where the agent has any at all', async () => {
    const fillers = ['Still looking.', 'Sorry, nearly there.'];
    const { harness, session, lineId } = await asked({ fillers }, spoken, {
      manner: { fillers: true },
    });
    session.emit(called(lineId), done(lineId));
    await harness.pass(920);
    const first = session.next('respond');
    expect(first.words).toBe(fillers[0]);
    session.emit(audio(first.lineId, answer(300)), done(first.lineId));
    await harness.pass(6600);
    expect(session.next('respond').words).toBe(fillers[1]);
    await harness.end();
  });

  it('are left out by a tool that wants none', async () => {
    const { harness, session, lineId } = await asked({ fillers: [] }, spoken, {
      manner: { fillers: true },
    });
    session.emit(called(lineId), done(lineId));
    await harness.pass(8000);
    expect(session.leftovers).toEqual([]);
    await harness.end();
  });
});

describe('an asynchronous tool', () => {
  it('is told as started where the backend waits, and its result when nobody speaks', async () => {
    const { harness, session, tool, lineId } = await asked({ mode: 'asynchronous' }, waits);
    session.emit(called(lineId), done(lineId));
    await settle();
    expect(session.next('item.add').item).toMatchObject({
      kind: 'tool_output',
      output: expect.stringContaining('has started') as string,
    });
    const meanwhile = session.next('respond');
    session.emit(audio(meanwhile.lineId, answer(500)));
    await settle();
    tool.runs[0]!.finish('room 12');
    await settle();
    expect(session.next('item.add').item).toMatchObject({ kind: 'message', role: 'system' });
    expect(session.leftovers).toEqual([]);
    session.emit(done(meanwhile.lineId));
    await harness.pass(1000);
    session.next('respond');
    expect(harness.last('line.opened').line.cause).toBe('tool');
    expect(harness.call.seed().ledger).toMatchObject([{ state: 'answered', detached: true }]);
    await harness.end();
  });

  it('is only added to the context where it is declared silent', async () => {
    const { harness, session, tool, lineId } = await asked(
      { mode: 'asynchronous', late: 'silent' },
      waits,
    );
    session.emit(called(lineId), done(lineId));
    await settle();
    session.takeAll();
    session.emit(done(harness.last('line.opened').line.lineId));
    await settle();
    tool.runs[0]!.finish('room 12');
    await harness.pass(2000);
    expect(session.takeAll().map(({ type }) => type)).toEqual(['item.add']);
    await harness.end();
  });

  it('is answered as ever where the backend need not wait', async () => {
    const { harness, session, tool, lineId } = await asked({ mode: 'asynchronous' });
    session.emit(called(lineId), done(lineId));
    await settle();
    expect(session.leftovers).toEqual([]);
    tool.runs[0]!.finish('room 12');
    await settle();
    expect(session.next('item.add').item).toMatchObject({ kind: 'tool_output', output: 'room 12' });
    session.next('respond');
    await harness.end();
  });
});

describe('a result after its time', () => {
  it('reaches the context and is spoken, or not, as declared', async () => {
    for (const late of ['speak', 'silent'] as const) {
      const { harness, session, tool, lineId } = await asked({ late });
      session.emit(called(lineId), done(lineId));
      await harness.pass(20_000);
      expect(session.takeAll().map(({ type }) => type)).toEqual(['item.add', 'respond']);
      session.emit(done(harness.last('line.opened').line.lineId));
      await settle();
      tool.runs[0]!.finish('room 12');
      await harness.pass(100);
      const told = session.takeAll();
      expect(told[0]).toMatchObject({
        type: 'item.add',
        item: { role: 'system', content: [{ text: expect.stringContaining('room 12') as string }] },
      });
      expect(told).toHaveLength(late === 'speak' ? 2 : 1);
      expect(harness.last('tool.answered')).toMatchObject({ state: 'late' });
      expect(harness.call.seed().ledger).toMatchObject([{ state: 'late' }]);
      await harness.end();
    }
  });
});

describe('interrupting the agent', () => {
  /** The agent says something while its tool runs, and the caller talks it down. */
  async function interrupted(manner: Partial<ToolManner>) {
    const rig = await asked(manner);
    const { harness, session, lineId } = rig;
    session.emit(audio(lineId, answer(4000)), called(lineId));
    await harness.hear(silence(600));
    harness.ok({ type: 'interrupt' });
    await settle();
    expect(harness.entries('agent.cut')).toHaveLength(1);
    return rig;
  }

  it('stops a tool that is declared cancellable, and the model is told', async () => {
    const { harness, session, tool } = await interrupted({ cancellable: true });
    expect(tool.runs[0]!.signal.aborted).toBe(true);
    expect(harness.last('tool.answered')).toMatchObject({ state: 'cancelled' });
    const told = session.takeAll().find(({ type }) => type === 'item.add');
    expect(told).toMatchObject({ item: { output: expect.stringContaining('stopped') as string } });
    await harness.end();
  });

  it('lets every other one go on, and its result reaches the context', async () => {
    const { harness, session, tool } = await interrupted({});
    session.takeAll();
    expect(tool.runs[0]!.signal.aborted).toBe(false);
    tool.runs[0]!.finish('room 12');
    await settle();
    expect(session.next('item.add').item).toMatchObject({ output: 'room 12' });
    await harness.end();
  });
});

describe('built-in tools', () => {
  const builtin = (name: 'end_call' | 'transfer' | 'switch_agent' | 'switch_backend'): ToolPort =>
    builtInTool({
      kind: 'builtin',
      builtin: name,
      description: null,
      choices: null,
      deadlineMs: 5000,
      maxConcurrent: 10,
      manner: defaultToolManner,
    });
  const names = ['end_call', 'transfer', 'switch_agent', 'switch_backend'] as const;
  const tools = names.map(builtin);
  const use = (lineId: string, name: string, given: object): BackendEvent => ({
    type: 'tool.called',
    lineId,
    toolCallId: `call_${name}`,
    name,
    arguments: JSON.stringify(given),
  });

  it('end_call closes when the goodbye has been heard, not before, with the reason', async () => {
    const { harness, session, lineId } = await asked({}, turnCapabilities, { tools });
    session.emit(use(lineId, 'end_call', { reason: 'all done' }), done(lineId));
    await settle();
    session.next('item.add');
    const goodbye = session.next('respond');
    session.emit(audio(goodbye.lineId, answer(1500)), done(goodbye.lineId));
    await harness.pass(1300);
    expect(harness.closes).toEqual([]);
    await harness.pass(600);
    expect(harness.closes).toEqual([{ kind: 'agent', reason: 'all done' }]);
    expect(harness.clock.pending).toBe(0);
  });

  it('end_call asks for no second goodbye', async () => {
    const { harness, session, lineId } = await asked({}, turnCapabilities, { tools });
    session.emit(
      text(lineId, 'Goodbye!'),
      audio(lineId, answer(800)),
      use(lineId, 'end_call', {}),
      done(lineId),
    );
    await harness.pass(700);
    expect(harness.closes).toEqual([]);
    await harness.pass(600);
    expect(session.takeAll().map(({ type }) => type)).toEqual(['item.add']);
    expect(harness.closes).toEqual([{ kind: 'agent', reason: null }]);
  });

  it('end_call is taken back when the caller interrupts the goodbye', async () => {
    const { harness, session, lineId } = await asked({}, turnCapabilities, { tools });
    session.emit(audio(lineId, answer(3000)), use(lineId, 'end_call', {}), done(lineId));
    await harness.hear(silence(400));
    harness.ok({ type: 'interrupt' });
    await harness.pass(25_000);
    expect(harness.closes).toEqual([]);
    expect(harness.last('call.action').action).toEqual({ kind: 'end_revoked' });
    await harness.end();
  });

  it('end_call ends a call in which no goodbye ever comes', async () => {
    const { harness, session, lineId } = await asked({}, turnCapabilities, { tools });
    session.emit(use(lineId, 'end_call', {}), done(lineId));
    await harness.pass(14_000);
    expect(harness.closes).toEqual([]);
    await harness.pass(1200);
    expect(harness.closes).toEqual([{ kind: 'agent', reason: null }]);
  });

  it('transfer tells the app and the model', async () => {
    const { harness, session, lineId } = await asked({}, turnCapabilities, { tools });
    session.emit(use(lineId, 'transfer', { target: 'billing', reason: 'invoice' }), done(lineId));
    await settle();
    expect(harness.last('call.action').action).toEqual({
      kind: 'transfer',
      target: 'billing',
      reason: 'invoice',
    });
    expect(session.next('item.add').item).toMatchObject({
      output: expect.stringContaining('being connected') as string,
    });
    await harness.end();
  });

  it('switch_agent goes on with the other agent’s instructions and tools, the client’s beside them', async () => {
    const sales = new HeldTool();
    const { harness, session, lineId } = await asked({}, turnCapabilities, {
      tools,
      otherAgent: (name) => {
        const agent = { ...plainAgent, name, instructions: 'Sell.', voice: 'cedar' };
        return name === 'sales' ? { agent, tools: [sales], toolSet: null } : null;
      },
    });
    const ofClient = { name: 'book', description: null, parameters: null };
    harness.ok({ type: 'configure', patch: { tools: [ofClient] } });
    session.takeAll();
    session.emit(audio(lineId, answer(100)), use(lineId, 'switch_agent', { agent: 'sales' }));
    await harness.pass(200);
    const configured = session.next('configure');
    expect(configured.settings.instructions).toBe('Sell.');
    expect(configured.settings.tools.map(({ name }) => name)).toEqual(['find_room', 'book']);
    // The voice has been heard: it stays.
    expect(configured.settings.voice).toBe('marin');
    expect(harness.last('call.action').action).toEqual({
      kind: 'agent',
      agent: 'sales',
      voice: 'kept',
    });
    expect([harness.call.agent, harness.call.seed().agent]).toEqual(['sales', 'sales']);
    await harness.end();
  });

  it('an agent that is not there and a backend that cannot be had are refused in words', async () => {
    for (const [name, given] of [
      ['switch_agent', { agent: 'sales' }],
      ['switch_backend', { backend: 'fast' }],
    ] as const) {
      const { harness, session, lineId } = await asked({}, turnCapabilities, { tools });
      session.emit(use(lineId, name, given), done(lineId));
      await settle();
      expect(harness.last('tool.answered')).toMatchObject({ state: 'refused' });
      expect(session.next('item.add').item).toMatchObject({
        output: expect.stringContaining('was not run') as string,
      });
      await harness.end();
    }
  });
});

describe('tools that come and go', () => {
  it('are shown to the model as they are now, the client’s beside them', async () => {
    const listeners = new Set<() => void>();
    const tool = new HeldTool();
    const other: ToolPort = {
      definition: { ...tool.definition, name: 'other' },
      deadlineMs: 1000,
      run: () => Promise.resolve(''),
    };
    const toolSet = {
      tools: [] as readonly ToolPort[],
      listen: (onChange: () => void) => {
        listeners.add(onChange);
        return () => listeners.delete(onChange);
      },
    };
    const harness = await CallHarness.open({ tools: [], toolSet });
    const ofClient = { name: 'book', description: null, parameters: null };
    harness.ok({ type: 'configure', patch: { tools: [ofClient] } });
    toolSet.tools = [tool, other];
    for (const listener of listeners) listener();
    const names = (): string[] => harness.call.settings.tools.map(({ name }) => name);
    expect(names()).toEqual(['find_room', 'other', 'book']);
    toolSet.tools = [other];
    for (const listener of listeners) listener();
    expect(names()).toEqual(['other', 'book']);
    // A name that the client has stays the client's.
    toolSet.tools = [{ ...other, definition: ofClient }];
    for (const listener of listeners) listener();
    expect(names()).toEqual(['book']);
    harness.ok(ask);
    harness.session.takeAll();
    harness.session.emit(called('line_1', 'call_a', 'book'), done('line_1'));
    await settle();
    expect(harness.last('tool.called').runner).toBe('client');
    await harness.end();
    expect(listeners.size).toBe(0);
  });
});
