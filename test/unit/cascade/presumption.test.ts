import { describe, expect, it } from 'vitest';
import { cascadeCall } from './cascade-rig.ts';

/** A call whose recogniser's last word a test says itself. */
async function call(options: Parameters<typeof cascadeCall>[0] = {}) {
  const made = await cascadeCall(options);
  made.stt.finalText = null;
  return made;
}

describe('an answer that is asked for before the last word on the turn', () => {
  it('is written and spoken at once, and comes out when the last word says the same', async () => {
    const { probe, stt, llm, tts, pass, commit, shown, figure } = await call();
    await commit('item_1', 'what is the time');
    probe.respond('line_1');
    await pass(500);
    expect(shown()).toEqual(['system: Be brief.', 'user: what is the time']);
    expect(tts.said.length).toBeGreaterThan(0);
    expect(probe.line('line_1').map(({ type }) => type)).toEqual(['line.started']);

    stt.latest.final('What is the time?');
    await pass(0);
    expect(probe.audio('line_1').byteLength).toBeGreaterThan(0);
    await pass(2000);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(llm.requests).toHaveLength(1);
    expect(figure('presumptionsKept')).toBe(1);
    // Begun at 0, first audio after the model's 40 ms and the voice's 20 ms.
    expect(figure('presumptionSavedMs')).toBe(60);
  });

  it('begins again when the last word says something else, and nothing of the first comes out', async () => {
    const { probe, stt, llm, tts, pass, commit, shown, figure } = await call();
    llm.writings = [
      [40, 'It is noon. Really.'],
      [40, 'The tide is low.'],
    ];
    await commit('item_1', 'what is the time');
    probe.respond('line_1');
    await pass(300);
    stt.latest.final('what is the tide');
    expect(tts.speaking).toBe(0);
    await pass(2000);
    expect(shown().at(-1)).toBe('user: what is the tide');
    expect(probe.text('line_1')).toBe('The tide is low.');
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(figure('presumptionsRestarted')).toBe(1);
    expect(figure('tokensWasted')).toBe(7);
  });

  it('waits where the recogniser has said nothing yet', async () => {
    const { probe, stt, llm, pass, commit } = await call();
    await commit('item_1');
    probe.respond('line_1');
    await pass(300);
    expect(llm.requests).toHaveLength(0);
    stt.latest.final('good morning');
    await pass(2000);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(llm.requests).toHaveLength(1);
  });

  it('is none when nothing was said', async () => {
    const { probe, stt, llm, pass, commit, figure } = await call();
    await commit('item_1', 'uh');
    probe.respond('line_1');
    await pass(100);
    stt.latest.final('');
    await pass(2000);
    expect(probe.line('line_1').map(({ type }) => type)).toEqual(['line.started', 'line.done']);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(llm.requests).toHaveLength(1);
    expect(figure('turnsEmpty')).toBe(1);
  });

  it('is given to a silence that the agent is to break', async () => {
    const { probe, pass, commit, shown } = await call();
    await commit('item_1', undefined, true);
    // Without waiting for the last word on it.
    probe.respond('line_1');
    await pass(2000);
    expect(shown().at(-1)).toBe('user: [The caller says nothing.]');
    expect(probe.audio('line_1').byteLength).toBeGreaterThan(0);
  });

  it('counts what was known when the last word takes too long', async () => {
    const { probe, pass, commit, figure } = await call({ options: { finalTimeoutMs: 1000 } });
    await commit('item_1', 'hello there');
    probe.respond('line_1');
    await pass(990);
    expect(probe.audio('line_1').byteLength).toBe(0);
    await pass(2000);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(figure('finalsOverdue')).toBe(1);
    expect(probe.events).toContainEqual({
      type: 'caller.transcript',
      itemId: 'item_1',
      text: 'hello there',
      final: true,
    });
  });

  it('is stopped while it is held like any other', async () => {
    const { probe, stt, llm, tts, pass, commit, figure } = await call();
    await commit('item_1', 'hello');
    probe.respond('line_1');
    await pass(60);
    probe.session.send({ type: 'cancel', lineId: 'line_1' });
    expect(tts.speaking).toBe(0);
    await pass(0);
    expect(llm.running).toBe(0);
    stt.latest.final('hello');
    await pass(2000);
    expect(probe.line('line_1').map(({ type }) => type)).toEqual(['line.started', 'line.done']);
    expect(figure('tokensWasted')).toBeGreaterThan(0);
  });

  it('passes on what the recogniser says of a turn, before and after its end', async () => {
    const { probe, stt, pass, commit } = await call();
    stt.latest.partial('I want');
    stt.latest.say({ type: 'eager_end', text: 'I want tea', probability: 0.6 });
    stt.latest.say({ type: 'resumed' });
    stt.latest.say({ type: 'end', text: 'I want tea please', probability: 0.9 });
    await commit('item_1');
    stt.latest.partial('I want tea, please');
    await pass(0);
    stt.latest.final('I want tea, please.');
    await pass(0);
    expect(probe.events).toEqual([
      { type: 'caller.partial', text: 'I want', final: false },
      { type: 'caller.partial', text: 'I want tea', final: false },
      { type: 'caller.turn', event: 'eager_end', probability: 0.6 },
      { type: 'caller.turn', event: 'resumed', probability: 0 },
      { type: 'caller.partial', text: 'I want tea please', final: true },
      { type: 'caller.turn', event: 'end', probability: 0.9 },
      { type: 'caller.transcript', itemId: 'item_1', text: 'I want tea, please', final: false },
      { type: 'caller.transcript', itemId: 'item_1', text: 'I want tea, please.', final: true },
    ]);
  });
});
