import { afterEach, describe, expect, it } from 'vitest';
import type { BackendEvent } from '../../src/ports/backend.ts';
import type { ToolDefinition } from '../../src/ports/settings.ts';
import type { StandInOptions } from '../upstream/gemini/options.ts';
import { Caller, GeminiRig, type Differing } from './gemini-rig.ts';
import type { SessionProbe } from './session-probe.ts';

let rig: GeminiRig;

afterEach(async () => {
  await rig.backend.close();
  for (let step = 0; step < 100 && rig.server.open > 0; step += 1) await rig.pass(20);
  expect(rig.server.open).toBe(0);
  expect(rig.clock.pending).toBe(0);
  await rig.close();
});

const tool = (name: string): ToolDefinition => ({
  name,
  description: `Does ${name}.`,
  parameters: { type: 'object', properties: {}, additionalProperties: false },
});

const weather = { name: 'weather', args: { city: 'Oslo' } };
const clock = { name: 'clock', args: {} };

async function open(options: StandInOptions, differing: Differing = {}): Promise<SessionProbe> {
  rig = await GeminiRig.start(options, differing);
  const { settings } = rig.context();
  return await rig.open({ settings: { ...settings, tools: [tool('weather'), tool('clock')] } });
}

type Called = BackendEvent & { type: 'tool.called' };

function called(probe: SessionProbe): Called[] {
  return probe.events.filter((event) => event.type === 'tool.called');
}

function answer(probe: SessionProbe, toolCallId: string, output: string): void {
  probe.session.send({
    type: 'item.add',
    item: {
      kind: 'tool_output',
      itemId: `item_${toolCallId}`,
      status: 'completed',
      toolCallId,
      output,
    },
    afterItemId: undefined,
  });
}

const responses = (): unknown[] =>
  rig.received('toolResponse').flatMap(({ functionResponses }) => functionResponses as unknown[]);

describe('gemini-live, tools that the model waits for', () => {
  const options = { answers: [{ tools: [weather] }, { text: 'It rains.' }] };

  it('ends the line with the call, and answers in the next', async () => {
    const probe = await open(options);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    const [call] = called(probe);
    expect(call).toMatchObject({ lineId: 'line_1', name: 'weather', arguments: '{"city":"Oslo"}' });
    await probe.wait(500);
    answer(probe, call!.toolCallId, '{"sky":"grey"}');
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.text('line_2').trim()).toBe('It rains.');
    expect(responses()).toEqual([
      { id: call?.toolCallId, name: 'weather', response: { sky: 'grey' } },
    ]);
    expect(rig.received('clientContent')).toHaveLength(1);
  });

  it.each([
    ['plain words', { output: 'plain words' }],
    ['[1,2]', { output: [1, 2] }],
    ['3', { output: 3 }],
    ['', { output: '' }],
  ])('sends the output %j as an object', async (output, response) => {
    const probe = await open(options);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    answer(probe, called(probe)[0]!.toolCallId, output);
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(responses()).toMatchObject([{ response }]);
  });

  it('answers the calls of one message together', async () => {
    const probe = await open({ answers: [{ tools: [weather, clock] }, { text: 'Both.' }] });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    const [first, second] = called(probe);
    answer(probe, first!.toolCallId, '1');
    await probe.wait(500);
    expect(responses()).toEqual([]);
    answer(probe, second!.toolCallId, '2');
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(rig.received('toolResponse')).toHaveLength(1);
    expect(responses()).toHaveLength(2);
    expect(probe.text('line_2').trim()).toBe('Both.');
  });

  it('calls once what the upstream asks for twice', async () => {
    const probe = await open({
      ...options,
      faults: [{ kind: 'habit', habit: 'duplicate_tool_calls' }],
    });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    await probe.wait(500);
    expect(called(probe)).toHaveLength(1);
    expect(rig.backend.figures()['toolsRepeated']).toBe(1);
    answer(probe, called(probe)[0]!.toolCallId, '1');
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.text('line_2').trim()).toBe('It rains.');
  });

  it('tells a result in words where the call was taken back', async () => {
    const probe = await open({ answers: [{ tools: [weather] }, { text: 'As you wish.' }] });
    const caller = new Caller(probe);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    const fromSample = await caller.words(3);
    probe.session.send({ type: 'commit', itemId: 'item_1', fromSample, toSample: caller.sample });
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(rig.backend.figures()['toolsCancelled']).toBe(1);
    answer(probe, called(probe)[0]!.toolCallId, 'rain');
    probe.respond('line_3');
    await probe.until(() => probe.done('line_3') !== undefined);
    expect(responses()).toEqual([]);
    expect(rig.received('clientContent').at(-1)).toEqual({
      turns: [{ role: 'user', parts: [{ text: '(The tool weather answered: rain)' }] }],
      turnComplete: true,
    });
  });

  it('tells a result in words to a connection that did not make the call', async () => {
    const probe = await open(options);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    rig.upstream.goAway(2000);
    await probe.wait(3000);
    expect(rig.server.requests).toHaveLength(2);
    answer(probe, called(probe)[0]!.toolCallId, 'rain');
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.done('line_2')?.outcome).toEqual({ status: 'completed' });
    expect(responses()).toEqual([]);
    expect(JSON.stringify(rig.upstream.history)).toContain('(The tool weather answered: rain)');
  });
});

describe('gemini-live, tools that the model does not wait for', () => {
  it('is told at once that the call is under way, and the result when it is there', async () => {
    const probe = await open(
      { answers: [{ tools: [weather], text: 'Let me look.' }, { text: 'It rains.' }] },
      { tools: 'asynchronous' },
    );
    expect(rig.backend.capabilities.tools).toBe('asynchronous');
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(probe.text('line_1').trim()).toBe('Let me look.');
    const [call] = called(probe);
    answer(probe, call!.toolCallId, 'rain');
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.text('line_2').trim()).toBe('It rains.');
    const { toolCallId: id } = call!;
    expect(responses()).toEqual([
      { id, name: 'weather', response: {}, willContinue: true },
      {
        id,
        name: 'weather',
        response: { output: 'rain' },
        scheduling: 'WHEN_IDLE',
        willContinue: false,
      },
    ]);
  });

  it('asks for the answer itself where results are taken in silence', async () => {
    const probe = await open(
      { answers: [{ tools: [weather], text: 'Let me look.' }, { text: 'It rains.' }] },
      { tools: 'asynchronous', toolScheduling: 'SILENT' },
    );
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    answer(probe, called(probe)[0]!.toolCallId, 'rain');
    await probe.wait(2000);
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.text('line_2').trim()).toBe('It rains.');
  });
});
