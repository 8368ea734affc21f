import { describe, expect, it } from 'vitest';
import { CallError } from '../../../src/ports/errors.ts';
import type { ModelEvent } from '../../../src/ports/language-model.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { cascadeCall } from './cascade-rig.ts';
import { FailingModel } from './scripted-parts.ts';

const callTool: ModelEvent = {
  type: 'tool_call',
  call: { toolCallId: 'call_1', name: 'look_up', arguments: '{}' },
};

describe('speculation', () => {
  it('keeps everything to itself, tools too, until an answer adopts it', async () => {
    const { probe, stt, llm, pass, commit, shown, figure, clock } = await cascadeCall();
    stt.finalText = 'Is it open?';
    llm.writings = [[40, 'One moment. ', callTool]];
    probe.session.send({ type: 'speculate', speculationId: 1, text: 'is it open' });
    await pass(200);
    expect(shown().at(-1)).toBe('user: is it open');
    expect(probe.events).toEqual([]);

    await commit('item_1', 'is it open');
    const askedAtMs = clock.nowMs();
    probe.respond('line_1', { speculationId: 1 });
    await pass(2000);
    const events = probe.line('line_1');
    const types = new Set(events.map(({ type }) => type));
    expect([...types]).toEqual(
      expect.arrayContaining(['line.audio', 'line.text', 'tool.called', 'line.done']),
    );
    expect(events.filter(({ type }) => type === 'tool.called')).toHaveLength(1);
    expect(llm.requests).toHaveLength(1);
    for (const event of events) {
      if (event.type === 'line.stage') expect(event.clockMs).toBeLessThan(askedAtMs);
    }
    expect(figure('speculationsAdopted')).toBe(1);
    // The model's 40 ms and the voice's 20 ms were over before it was asked for.
    expect(figure('speculationSavedMs')).toBe(60);
  });

  it('stops model and voice in the tick in which it is dropped', async () => {
    const { probe, llm, tts, pass, figure } = await cascadeCall();
    llm.writings = [[10, 'A first sentence. ', 5000, 'A second one.']];
    probe.session.send({ type: 'speculate', speculationId: 1, text: 'is it' });
    await pass(100);
    expect(tts.speaking).toBe(1);
    probe.session.send({ type: 'speculation.drop', speculationId: 1 });
    expect(tts.speaking).toBe(0);
    await pass(0);
    expect(llm.running).toBe(0);
    await pass(6000);
    expect(probe.events).toEqual([]);
    expect(figure('speculationsDropped')).toBe(1);
    expect(figure('tokensWasted')).toBe(Math.ceil('A first sentence. '.length / 4));
  });

  it('begins again when the turn turns out to be another', async () => {
    const { probe, stt, llm, pass, commit, shown, figure } = await cascadeCall();
    stt.finalText = 'is it open on Sunday';
    llm.writings = [
      [40, 'Yes.'],
      [40, 'Not on Sundays.'],
    ];
    probe.session.send({ type: 'speculate', speculationId: 1, text: 'is it open' });
    await pass(200);
    await commit('item_1', 'is it open');
    probe.respond('line_1', { speculationId: 1 });
    await pass(2000);
    expect(probe.text('line_1')).toBe('Not on Sundays.');
    expect(shown().at(-1)).toBe('user: is it open on Sunday');
    expect(figure('speculationsRestarted')).toBe(1);
  });

  it('is not adopted once the conversation is another', async () => {
    const { probe, llm, pass, commit, figure } = await cascadeCall();
    llm.writings = [
      [40, 'Yes.'],
      [40, 'As you typed.'],
    ];
    probe.session.send({ type: 'speculate', speculationId: 1, text: 'hello' });
    await pass(200);
    const content = [{ type: 'text', text: 'I am Bob.' }] as const;
    const item = {
      kind: 'message',
      itemId: 'i',
      role: 'user',
      status: 'completed',
      content,
    } as const;
    probe.session.send({ type: 'item.add', item, afterItemId: undefined });
    await commit('item_1', 'hello');
    probe.respond('line_1', { speculationId: 1 });
    await pass(2000);
    expect(probe.text('line_1')).toBe('As you typed.');
    expect(figure('speculationsRestarted')).toBe(1);
  });

  it('that came to nothing is begun again by the answer', async () => {
    const clock = new ManualClock();
    const llm = new FailingModel(clock, new CallError('backend_refused', 'too busy'), 1);
    const { probe, pass, commit } = await cascadeCall({ clock, llm });
    probe.session.send({ type: 'speculate', speculationId: 1, text: 'hello' });
    await pass(100);
    await commit('item_1', 'hello');
    probe.respond('line_1', { speculationId: 1 });
    await pass(3000);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(llm.requests).toHaveLength(2);
  });

  it('that grows too long to be held is stopped, and begun again when it is wanted', async () => {
    const { probe, llm, pass, commit, figure } = await cascadeCall({
      options: { aheadMs: 60_000 },
      voice: { msPerCharacter: 200 },
    });
    const long = 'This sentence is said again and again, and again. '.repeat(20);
    llm.writings = [
      [10, long],
      [10, 'Short.'],
    ];
    probe.session.send({ type: 'speculate', speculationId: 1, text: 'hello' });
    await pass(500);
    expect(figure('answersOutgrown')).toBe(1);
    await commit('item_1', 'hello');
    probe.respond('line_1', { speculationId: 1 });
    await pass(3000);
    expect(probe.text('line_1')).toBe('Short.');
  });

  it('is not offered where words come with the end of the turn alone, or where it is off', async () => {
    const { backend } = await cascadeCall({ options: { speculation: false } });
    expect(backend.capabilities.speculation).toBe(false);
  });
});
