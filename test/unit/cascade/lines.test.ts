import { describe, expect, it } from 'vitest';
import type { ModelEvent } from '../../../src/ports/language-model.ts';
import type { BackendEvent } from '../../../src/ports/backend.ts';
import { cascadeCall, type CascadeCall } from './cascade-rig.ts';

function calls(toolCallId: string, name: string): ModelEvent {
  return { type: 'tool_call', call: { toolCallId, name, arguments: '{"of":"tea"}' } };
}

const toolsDone: ModelEvent = { type: 'done', finish: 'tool_calls', usage: null };

function output(toolCallId: string, text: string) {
  return {
    kind: 'tool_output',
    itemId: `item_${toolCallId}`,
    status: 'completed',
    toolCallId,
    output: text,
  } as const;
}

async function say(call: CascadeCall, itemId: string, text: string): Promise<void> {
  call.stt.finalText = text;
  await call.commit(itemId, text);
}

describe('tools', () => {
  it('are told once, and their outputs stand behind their calls', async () => {
    const call = await cascadeCall();
    const { probe, llm, pass, shown } = call;
    llm.writings = [
      [10, 'Let me see. ', calls('c1', 'price'), calls('c2', 'stock'), toolsDone],
      [10, 'Three euros.'],
    ];
    await say(call, 'item_1', 'how much is tea');
    probe.respond('line_1');
    await pass(1000);
    const told = probe.events.filter(({ type }) => type === 'tool.called');
    expect(told).toMatchObject([
      { toolCallId: 'c1', name: 'price', arguments: '{"of":"tea"}', lineId: 'line_1' },
      { toolCallId: 'c2', name: 'stock' },
    ]);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });

    // One of them has answered: the model is told that the other has not.
    probe.session.send({ type: 'item.add', item: output('c1', '3'), afterItemId: undefined });
    probe.respond('line_2');
    await pass(1000);
    expect(shown()).toEqual([
      'system: Be brief.',
      'user: how much is tea',
      'calls: Let me see.<price><stock>',
      'tool: 3',
      'tool: {"status":"still running: there is no result yet"}',
    ]);
    expect(probe.text('line_2')).toBe('Three euros.');
  });

  it('that are called without a word make a line without a sound', async () => {
    const call = await cascadeCall();
    const { probe, llm, tts, pass } = call;
    llm.writings = [[10, calls('c1', 'price'), toolsDone]];
    await say(call, 'item_1', 'how much is tea');
    probe.respond('line_1');
    await pass(1000);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(tts.utterances).toHaveLength(0);
  });
});

describe('cancel', () => {
  it('stops model and voice in the same tick, and nothing comes after the end', async () => {
    const { probe, llm, tts, pass, clock } = await cascadeCall();
    llm.writings = [[10, 'A first sentence. ', 300, 'A second one. ', 5000, 'A third.']];
    probe.respond('line_1');
    await pass(100);
    expect(probe.audio('line_1').byteLength).toBeGreaterThan(0);
    probe.session.send({ type: 'cancel', lineId: 'line_1' });
    expect(tts.speaking).toBe(0);
    await pass(0);
    expect(llm.running).toBe(0);
    expect(probe.line('line_1').at(-1)).toMatchObject({ outcome: { status: 'cancelled' } });
    const { length } = probe.events;
    await pass(10_000);
    expect(probe.events).toHaveLength(length);
    expect(clock.pending).toBe(0);
  });
});

describe('what was heard', () => {
  const story = 'Once upon a time there was a fox. It lived in a wood.';

  async function interrupted(heardText: string | null): Promise<CascadeCall> {
    const call = await cascadeCall();
    call.llm.writings = [
      [10, story, 5000],
      [10, 'Yes?'],
    ];
    call.probe.respond('line_1');
    await call.pass(300);
    call.probe.session.send({ type: 'cancel', lineId: 'line_1' });
    if (heardText !== '') {
      const told = { lineId: 'line_1', heardMs: 360, heardText };
      call.probe.session.send({ type: 'truncate', ...told });
    }
    await say(call, 'item_1', 'stop');
    call.probe.respond('line_2');
    await call.pass(2000);
    return call;
  }

  it('takes the place of what was written', async () => {
    const { shown } = await interrupted('Once upon');
    expect(shown()).toEqual(['system: Be brief.', 'assistant: Once upon', 'user: stop']);
  });

  it('is nothing where nothing was told of it', async () => {
    const { shown } = await interrupted('');
    expect(shown()).toEqual(['system: Be brief.', 'user: stop']);
  });

  it('goes by proportion where no words are told', async () => {
    const { shown } = await interrupted(null);
    const [, heard] = shown();
    // 360 ms of what went out, in words.
    expect(heard).toMatch(/^assistant: Once upon a time$/);
  });
});

describe('context', () => {
  it('merges turns that follow one another, and knows the seed and items from outside', async () => {
    const text = (role: 'user' | 'assistant', said: string, itemId: string) =>
      ({
        kind: 'message',
        itemId,
        role,
        status: 'completed',
        content: [{ type: 'text', text: said }],
      }) as const;
    const call = await cascadeCall({
      seed: [text('user', 'Hi.', 'a'), text('assistant', 'Hello!', 'b')],
    });
    const { probe, pass, shown } = call;
    await say(call, 'item_1', 'I would like');
    await pass(100);
    await say(call, 'item_2', 'two teas');
    await pass(100);
    probe.session.send({
      type: 'item.add',
      item: text('user', 'I am Bob.', 'c'),
      afterItemId: 'b',
    });
    probe.session.send({ type: 'item.delete', itemId: 'a' });
    probe.respond('line_1');
    await pass(2000);
    expect(shown()).toEqual([
      'system: Be brief.',
      'assistant: Hello!',
      'user: I am Bob.\nI would like\ntwo teas',
    ]);
  });

  it('of an answer out of band is its input, and the conversation learns nothing of it', async () => {
    const call = await cascadeCall();
    const { probe, llm, pass, shown } = call;
    llm.writings = [
      [10, 'A title.'],
      [10, 'Hello.'],
    ];
    const content = [{ type: 'text', text: 'Name this call.' }] as const;
    const item = {
      kind: 'message',
      itemId: 'x',
      role: 'user',
      status: 'completed',
      content,
    } as const;
    probe.respond('line_1', {
      outOfBand: true,
      input: [item],
      overrides: { modality: 'text', instructions: 'Be a clerk.', maxOutputTokens: 9 },
    });
    await pass(500);
    expect(shown()).toEqual(['system: Be a clerk.', 'user: Name this call.']);
    expect(llm.requests[0]?.maxOutputTokens).toBe(9);
    await say(call, 'item_1', 'hello');
    probe.respond('line_2');
    await pass(1000);
    expect(shown()).toEqual(['system: Be brief.', 'user: hello']);
  });

  it('says given words as they are and asks no model', async () => {
    const { probe, llm, tts, pass } = await cascadeCall();
    probe.respond('line_1', { words: 'Welcome to *Tea & Co*.' });
    await pass(2000);
    expect(llm.requests).toHaveLength(0);
    expect(probe.text('line_1')).toBe('Welcome to *Tea & Co*.');
    expect(tts.said.join(' ')).toBe('Welcome to Tea and Co.');
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
  });

  it('tells what an answer cost and why it stopped short', async () => {
    const { probe, llm, pass, figure } = await cascadeCall();
    const usage = { inputTokens: 11, inputCachedTokens: 5, outputTokens: 3 };
    llm.writings = [[10, 'Cut off', { type: 'done', finish: 'length', usage }]];
    probe.respond('line_1');
    await pass(1000);
    expect(probe.done('line_1')).toEqual<BackendEvent>({
      type: 'line.done',
      lineId: 'line_1',
      outcome: { status: 'incomplete', reason: 'max_output_tokens' },
      usage: {
        inputTextTokens: 11,
        inputAudioTokens: null,
        inputCachedTokens: 5,
        outputTextTokens: 3,
        outputAudioTokens: null,
      },
    });
    expect(figure('inputTextTokens')).toBe(11);
  });
});
