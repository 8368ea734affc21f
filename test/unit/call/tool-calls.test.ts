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
import { prepareResampler } from '../../../src/audio/resampler.ts';
import {
  frameCapabilities,
  ScriptedBackend,
  turnCapabilities,
} from '../../support/scripted-backend.ts';
import type { BackendEvent } from '../../../src/ports/backend.ts';
import type { ClientCommand } from '../../../src/ports/client.ts';
import type { ToolPort } from '../../../src/ports/tool.ts';

beforeAll(prepareResampler);

const clientTool = { name: 'book_room', description: null, parameters: null };

/** A tool that Parley runs; the test finishes its runs. */
class HeldTool implements ToolPort {
  readonly definition = { name: 'find_room', description: 'Finds a room.', parameters: null };
  readonly deadlineMs = 3000;
  readonly runs: { finish: (output: string) => void; signal: AbortSignal }[] = [];

  run(_invocation: unknown, signal: AbortSignal): Promise<string> {
    return new Promise((resolve) => this.runs.push({ finish: resolve, signal }));
  }
}

const called = (toolCallId: string, name: string): BackendEvent => ({
  type: 'tool.called',
  lineId: 'line_1',
  toolCallId,
  name,
  arguments: '{"beds":2}',
});
const output = (toolCallId: string, words: string): ClientCommand => ({
  type: 'item.create',
  item: { kind: 'tool_output', toolCallId, output: words, itemId: null },
  after: null,
});

async function asked() {
  const tool = new HeldTool();
  const harness = await CallHarness.open({ tools: [tool] });
  harness.ok({ type: 'configure', patch: { tools: [clientTool] } });
  harness.ok(ask);
  harness.session.takeAll();
  return { harness, session: harness.session, tool };
}

describe('a tool of the client', () => {
  it('is called, answered by the client, and nothing starts by itself', async () => {
    const { harness, session } = await asked();
    session.emit(called('call_a', 'book_room'), done('line_1'));
    await settle();
    expect(harness.last('tool.called')).toMatchObject({
      lineId: 'line_1',
      runner: 'client',
      previousItemId: null,
      item: { kind: 'tool_call', toolCallId: 'call_a', name: 'book_room' },
    });
    harness.ok(output('call_a', 'booked'));
    expect(session.takeAll()).toMatchObject([
      { type: 'item.add', item: { kind: 'tool_output', toolCallId: 'call_a', output: 'booked' } },
    ]);
    expect(harness.last('tool.answered')).toMatchObject({ toolCallId: 'call_a' });
    expect(harness.call.seed().items.map(({ kind }) => kind)).toEqual(['tool_call', 'tool_output']);
    harness.ok(ask);
    expect(session.next('respond').lineId).toBe('line_2');
    await harness.end();
  });

  it('is called before the audio that still waits to be played', async () => {
    const { harness, session } = await asked();
    session.emit(audio('line_1', answer(3000)), called('call_a', 'book_room'), done('line_1'));
    await settle();
    expect(harness.story.at(-1)).toBe('tool.called');
    await harness.pass(4000);
    expect(harness.story.slice(-2)).toEqual(['line.closed', 'line.heard']);
    await harness.end();
  });

  it('puts the answer where the client wants it, or refuses', async () => {
    const { harness, session } = await asked();
    session.emit(called('call_a', 'book_room'));
    await settle();
    const nowhere = { ...output('call_a', 'first'), after: 'nothing' } as ClientCommand;
    expect(harness.refused(nowhere)).toBe('item_not_found');
    harness.ok({ ...output('call_a', 'first'), after: 'root' } as ClientCommand);
    expect(harness.last('item.added').previousItemId).toBeNull();
    expect(session.next('item.add')).toMatchObject({ afterItemId: null });
    await harness.end();
  });

  it('takes one answer: a second changes nothing', async () => {
    const { harness, session } = await asked();
    session.emit(called('call_a', 'book_room'));
    await settle();
    harness.ok(output('call_a', 'first'));
    harness.ok(output('call_a', 'second'));
    expect(session.takeAll()).toHaveLength(1);
    expect(harness.call.seed().ledger).toMatchObject([{ state: 'answered', duplicates: 1 }]);
    expect(harness.refused(output('call_b', 'what?'))).toBe('tool_call_not_found');
    await harness.end();
  });

  it('keeps its result after a cut: it belongs to the context', async () => {
    const { harness, session } = await asked();
    session.emit(audio('line_1', answer(3000)), called('call_a', 'book_room'));
    await settle();
    await harness.hear(speech(200));
    session.takeAll();
    harness.ok(output('call_a', 'booked'));
    expect(session.next('item.add').item).toMatchObject({ output: 'booked' });
    await harness.end();
  });

  it('is not called by a line that is over, nor twice under one id', async () => {
    const { harness, session } = await asked();
    session.emit(called('call_a', 'book_room'), called('call_a', 'book_room'), done('line_1'));
    session.emit(called('call_b', 'book_room'));
    await settle();
    expect(harness.entries('tool.called')).toHaveLength(1);
    await harness.end();
  });

  it('called beside the conversation is shown and leaves no trace in it', async () => {
    const harness = await CallHarness.open();
    harness.ok({ ...ask, outOfBand: true, overrides: { tools: [clientTool] } });
    harness.session.emit(called('call_a', 'book_room'), done('line_1'));
    await settle();
    expect(harness.last('tool.called')).toMatchObject({ runner: 'client', previousItemId: null });
    expect(harness.call.seed()).toMatchObject({ items: [], ledger: [] });
    await harness.end();
  });
});

describe('a tool of the gateway', () => {
  it('is shown to the model from the start and after every change', async () => {
    const tool = new HeldTool();
    const backend = new ScriptedBackend();
    const harness = new CallHarness({ tools: [tool], backends: [backend] });
    await settle();
    expect(backend.contexts[0]?.settings.tools).toEqual([tool.definition]);
    expect(harness.last('call.opened').settings.tools).toEqual([tool.definition]);
    harness.ok({ type: 'configure', patch: { tools: [clientTool] } });
    expect(harness.call.settings.tools).toEqual([tool.definition, clientTool]);
    harness.ok({ type: 'configure', patch: { tools: harness.call.settings.tools } });
    expect(harness.call.settings.tools).toEqual([tool.definition, clientTool]);
    const clash = { ...clientTool, name: 'find_room' };
    expect(harness.refused({ type: 'configure', patch: { tools: [clash] } })).toBe('invalid_value');
    await harness.end();
  });

  it('stands in nobody’s way on a backend that cannot call tools', async () => {
    const harness = await CallHarness.open({
      tools: [new HeldTool()],
      backends: [new ScriptedBackend({ capabilities: { ...turnCapabilities, tools: 'none' } })],
    });
    expect(harness.call.settings.tools).toEqual([]);
    harness.ok({ type: 'configure', patch: { tools: [] } });
    expect(harness.refused({ type: 'configure', patch: { tools: [clientTool] } })).toBe(
      'unsupported_by_backend',
    );
    await harness.end();
  });

  it('is run, answers, and the agent goes on by itself', async () => {
    const { harness, session, tool } = await asked();
    session.emit(called('call_a', 'find_room'), done('line_1'));
    await settle();
    expect(harness.last('tool.called').runner).toBe('gateway');
    expect(session.leftovers).toEqual([]);
    tool.runs[0]!.finish('room 12');
    await settle();
    expect(session.next('item.add').item).toMatchObject({ output: 'room 12' });
    expect(session.next('respond').lineId).toBe('line_2');
    expect(harness.last('line.opened').line.cause).toBe('tool');
    await harness.end();
  });

  it('waits with its answer until the line is over', async () => {
    const { harness, session, tool } = await asked();
    session.emit(audio('line_1', answer(1000)), called('call_a', 'find_room'));
    await settle();
    tool.runs[0]!.finish('room 12');
    await settle();
    expect(session.takeAll().map(({ type }) => type)).toEqual(['item.add']);
    session.emit(done('line_1'));
    await harness.pass(2000);
    expect(session.next('respond').lineId).toBe('line_2');
    await harness.end();
  });

  it('leaves the answer to the turn of a caller who speaks', async () => {
    const { harness, session, tool } = await asked();
    session.emit(called('call_a', 'find_room'), done('line_1'));
    await harness.hear(speech(200));
    tool.runs[0]!.finish('room 12');
    await settle();
    expect(session.takeAll().map(({ type }) => type)).toEqual(['item.add']);
    await harness.hear(silence(600));
    expect(session.takeAll().map(({ type }) => type)).toEqual(['commit', 'respond']);
    await harness.end();
  });

  it('waits for the tools of the client', async () => {
    const { harness, session, tool } = await asked();
    session.emit(called('call_a', 'find_room'), called('call_b', 'book_room'), done('line_1'));
    await settle();
    tool.runs[0]!.finish('room 12');
    await settle();
    expect(session.takeAll().map(({ type }) => type)).toEqual(['item.add']);
    await harness.end();
  });

  it('that does not answer in time is told to the model in words', async () => {
    const { harness, session } = await asked();
    session.emit(called('call_a', 'find_room'), done('line_1'));
    await harness.pass(3000);
    expect(harness.last('tool.answered')).toMatchObject({ state: 'timed_out' });
    expect(session.next('item.add').item).toMatchObject({ toolCallId: 'call_a' });
    expect(session.next('respond').lineId).toBe('line_2');
    await harness.end();
  });

  it('that does not exist is told to the model in words', async () => {
    const { harness, session } = await asked();
    session.emit(called('call_a', 'fly'), done('line_1'));
    await settle();
    expect(harness.last('tool.answered')).toMatchObject({ state: 'refused', name: null });
    expect(session.next('item.add').item).toMatchObject({ toolCallId: 'call_a' });
    await harness.end();
  });

  it('is stopped with the call, and answers nobody', async () => {
    const { harness, session, tool } = await asked();
    session.emit(called('call_a', 'find_room'));
    await settle();
    await harness.end();
    expect(tool.runs[0]!.signal.aborted).toBe(true);
    tool.runs[0]!.finish('room 12');
    await settle();
    expect(harness.story.at(-1)).toBe('call.closed');
    expect(harness.clock.pending).toBe(0);
  });

  it('does not speak up about its result while the call is lost', async () => {
    const { harness, session, tool } = await asked();
    session.emit(called('call_a', 'find_room'), audio('line_1', answer(1000)));
    await settle();
    tool.runs[0]!.finish('room 12');
    await settle();
    session.hangUp();
    await settle();
    expect(harness.entries('line.opened')).toHaveLength(1);
    expect(harness.clock.pending).toBe(0);
  });

  it('cannot be called by a backend that gives no line for it', async () => {
    const harness = await CallHarness.open({
      backends: [new ScriptedBackend({ capabilities: frameCapabilities })],
    });
    harness.session.emit(called('call_a', 'find_room'));
    await settle();
    expect(harness.entries('tool.called')).toEqual([]);
    await harness.end();
  });
});
