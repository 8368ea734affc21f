import { afterEach, describe, expect, it } from 'vitest';
import type { CallSeed } from '../../src/ports/conversation.ts';
import { Caller, GeminiRig, geminiKey, wordsIn } from './gemini-rig.ts';
import type { SessionProbe } from './session-probe.ts';

let rig: GeminiRig;

afterEach(async () => {
  // Whatever happened: no socket and no timer stays, and no key in any log line.
  await rig.backend.close();
  for (let step = 0; step < 100 && rig.server.open > 0; step += 1) await rig.pass(20);
  expect(rig.server.open).toBe(0);
  expect(rig.clock.pending).toBe(0);
  expect(rig.backend.figures()['sessionsOpen']).toBe(0);
  expect(rig.logged.join('\n')).not.toContain(geminiKey);
  await rig.close();
});

function commit(probe: SessionProbe, itemId: string, fromSample: number, toSample: number): void {
  probe.session.send({ type: 'commit', itemId, fromSample, toSample });
}

/** One turn of the caller's and the line that answers it, to its end. */
async function turn(probe: SessionProbe, caller: Caller, n: number, words = 4): Promise<void> {
  const from = await caller.words(words);
  commit(probe, `item_${n}`, from, caller.sample);
  probe.respond(`line_${n}`);
  await probe.until(() => probe.done(`line_${n}`) !== undefined, 30_000);
}

function texts(probe: SessionProbe, itemId: string): string[] {
  return probe.events.flatMap((event) =>
    event.type === 'caller.transcript' && event.itemId === itemId && event.final
      ? [event.text]
      : [],
  );
}

describe('gemini-live, turns that the gateway decides', () => {
  it('sends the committed turn with what came before it, and nothing else', async () => {
    rig = await GeminiRig.start({ answers: [{ count: 6 }], callerText: 'counted' });
    const probe = await rig.open();
    const caller = new Caller(probe);
    await caller.silence(2000);
    const from = (await caller.words(5)) - 3200;
    await caller.silence(500);
    commit(probe, 'item_1', from, caller.sample);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    const [heard] = rig.upstream.heard;
    expect(heard?.samples.length).toBe(caller.sample - from);
    expect(texts(probe, 'item_1')).toEqual(['1 2 3 4 5']);
    expect(wordsIn(probe.audio('line_1')).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(probe.text('line_1')).toMatch(/1.*2.*3.*4.*5.*6/s);
    const { outcome, usage } = probe.done('line_1')!;
    expect(outcome).toEqual({ status: 'completed' });
    expect(usage?.outputAudioTokens).toBeGreaterThan(0);
    expect(usage?.inputAudioTokens).toBeGreaterThan(0);
    expect(rig.upstream.setup?.activity.automatic).toBe(false);
    expect(rig.upstream.oddities).toEqual([]);
  });

  it('drops the rest of a cancelled answer; the next turn stops it and is answered', async () => {
    rig = await GeminiRig.start({ answers: [{ count: 40 }, { count: 4 }], realTimeFactor: 1 });
    const probe = await rig.open();
    const caller = new Caller(probe);
    const from = await caller.words(3);
    commit(probe, 'item_1', from, caller.sample);
    probe.respond('line_1');
    await probe.until(() => probe.audio('line_1').byteLength > 0);
    const onset = await caller.words(3);
    probe.session.send({ type: 'cancel', lineId: 'line_1' });
    commit(probe, 'item_2', onset, caller.sample);
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'cancelled' });
    expect(probe.line('line_1').at(-1)?.type).toBe('line.done');
    expect(probe.done('line_2')?.outcome).toEqual({ status: 'completed' });
    const first = wordsIn(probe.audio('line_1')).map(({ number }) => number);
    const second = wordsIn(probe.audio('line_2')).map(({ number }) => number);
    expect(second).toHaveLength(4);
    expect(second[0]).toBeGreaterThan(first.at(-1) ?? 0);
    expect(rig.backend.figures()['interruptions']).toBe(1);
  });

  it('keeps an answer that nobody asked for until somebody does', async () => {
    rig = await GeminiRig.start({ answers: [{ count: 5 }], callerText: 'counted' });
    const probe = await rig.open();
    const caller = new Caller(probe);
    const from = await caller.words(4);
    commit(probe, 'item_1', from, caller.sample);
    await probe.until(() => texts(probe, 'item_1').length > 0);
    await probe.wait(5000);
    expect(probe.events.some(({ type }) => type.startsWith('line.'))).toBe(false);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined, 1000);
    expect(wordsIn(probe.audio('line_1'))).toHaveLength(5);
    expect(probe.line('line_1').at(-1)?.type).toBe('line.done');
  });

  it('throws an unasked answer away when the caller goes on', async () => {
    rig = await GeminiRig.start({ answers: [{ count: 5 }], callerText: 'counted' });
    const probe = await rig.open();
    const caller = new Caller(probe);
    commit(probe, 'item_1', await caller.words(4), caller.sample);
    await caller.silence(4000);
    commit(probe, 'item_2', await caller.words(2), caller.sample);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(wordsIn(probe.audio('line_1')).map(({ number }) => number)).toEqual([6, 7, 8, 9, 10]);
    expect(rig.backend.figures()['unaskedAnswers']).toBe(1);
  });

  it('has a turn answered when somebody asks, after what is told behind it', async () => {
    const firstAudioMs = { p50: 100, p95: 120 };
    rig = await GeminiRig.start({ answers: [{ count: 3 }], callerText: 'counted', firstAudioMs });
    const probe = await rig.open();
    const caller = new Caller(probe);
    commit(probe, 'item_1', await caller.words(4), caller.sample);
    // Another backend had begun to answer it: it is gone on with when that has been heard.
    probe.session.send({
      type: 'item.add',
      afterItemId: undefined,
      item: {
        kind: 'message',
        itemId: 'item_2',
        role: 'assistant',
        status: 'incomplete',
        content: [{ type: 'audio', transcript: '10 11', durationMs: 500 }],
      },
    });
    await probe.wait(500);
    expect(rig.upstream.heard).toEqual([]);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(wordsIn(probe.audio('line_1')).map(({ number }) => number)).toEqual([12, 13, 14]);
    expect(rig.upstream.history.map(({ text }) => text)).toEqual(['1 2 3 4', '10 11', '12 13 14']);
    expect(texts(probe, 'item_1')).toEqual(['1 2 3 4']);
    expect(rig.backend.figures()['unaskedAnswers']).toBe(0);
  });

  it('sends a turn of nearly a minute whole', async () => {
    rig = await GeminiRig.start({ answers: [{ count: 2 }], callerText: 'counted' });
    const probe = await rig.open();
    const caller = new Caller(probe);
    await caller.silence(3000);
    await turn(probe, caller, 1, 215);
    expect(rig.upstream.heard[0]?.samples.length).toBe(55.9 * 16_000);
    expect(texts(probe, 'item_1')[0]?.split(' ')).toHaveLength(215);
    expect(wordsIn(probe.audio('line_1'))).toHaveLength(2);
  });

  it('answers text, and a wish for one answer', async () => {
    rig = await GeminiRig.start();
    const probe = await rig.open();
    probe.session.send({
      type: 'item.add',
      item: {
        kind: 'message',
        itemId: 'item_1',
        status: 'completed',
        role: 'user',
        content: [{ type: 'text', text: 'Hello there.' }],
      },
      afterItemId: undefined,
    });
    probe.respond('line_1', { overrides: { instructions: 'Be short.' } });
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(rig.received('clientContent')).toEqual([
      {
        turns: [
          { role: 'user', parts: [{ text: 'Hello there.' }] },
          { role: 'user', parts: [{ text: 'Be short.' }] },
        ],
        turnComplete: true,
      },
    ]);
  });

  it.each([
    { outOfBand: true },
    { input: [] },
    { overrides: { modality: 'text' as const } },
    { overrides: { voice: 'Kore' } },
    { overrides: { tools: [] } },
    { overrides: { toolChoice: { mode: 'none' as const } } },
    { overrides: { maxOutputTokens: 5 } },
  ])('refuses a line that it cannot give: %j', async (more) => {
    rig = await GeminiRig.start();
    const probe = await rig.open();
    probe.respond('line_1', more);
    await probe.wait(40);
    const outcome = probe.done('line_1')?.outcome;
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'unsupported_by_backend' } });
    expect(rig.received('clientContent')).toEqual([]);
  });

  it('ends a line that the upstream refuses to answer', async () => {
    rig = await GeminiRig.start({ answers: [{ refuse: 'PROHIBITED_INPUT_CONTENT' }] });
    const probe = await rig.open();
    const caller = new Caller(probe);
    await turn(probe, caller, 1);
    expect(probe.done('line_1')?.outcome).toEqual({
      status: 'incomplete',
      reason: 'content_filter',
    });
  });

  it.each([
    'burst',
    'trickle',
    'late_transcripts',
    'audio_with_interrupted',
    'no_turn_complete_after_interrupted',
    'no_turn_complete',
    'unknown_fields',
    'fragments',
    'text_frames',
    'combined',
  ] as const)('is not disturbed by a habit: %s', async (habit) => {
    rig = await GeminiRig.start({
      answers: [{ count: 12 }, { count: 4 }, { count: 4 }],
      callerText: 'counted',
      realTimeFactor: 2,
      faults: [{ kind: 'habit', habit }],
    });
    const probe = await rig.open();
    const caller = new Caller(probe);
    commit(probe, 'item_1', await caller.words(3), caller.sample);
    probe.respond('line_1');
    await probe.until(() => probe.audio('line_1').byteLength > 0);
    const onset = await caller.words(2);
    probe.session.send({ type: 'cancel', lineId: 'line_1' });
    commit(probe, 'item_2', onset, caller.sample);
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined, 30_000);
    await turn(probe, caller, 3);
    const second = wordsIn(probe.audio('line_2')).map(({ number }) => number);
    const third = wordsIn(probe.audio('line_3')).map(({ number }) => number);
    expect(second).toHaveLength(4);
    expect(third).toEqual(second.map((number) => number + 4));
    for (const [line, numbers] of [
      ['line_2', second],
      ['line_3', third],
    ] as const) {
      expect(probe.done(line)?.outcome).toEqual({ status: 'completed' });
      expect(probe.text(line).match(/\d+/g)?.map(Number)).toEqual(numbers);
    }
    expect(texts(probe, 'item_1')).toEqual([habit === 'late_transcripts' ? '' : '1 2 3']);
    await probe.wait(2000);
    expect(texts(probe, 'item_3')).toEqual(['6 7 8 9']);
  });

  it('tells a seed, and goes on from it', async () => {
    rig = await GeminiRig.start({ answers: [{ count: 3 }] });
    const item = (n: number, role: 'user' | 'assistant', text: string) =>
      ({
        kind: 'message',
        itemId: `item_${n}`,
        status: 'completed',
        role,
        content: [{ type: 'audio', transcript: text, durationMs: 1000 }],
      }) as const;
    const seed: CallSeed = {
      version: 1,
      callId: 'call_1',
      agent: 'test',
      instructions: '',
      voice: null,
      tools: [],
      items: [item(1, 'user', 'Count.'), item(2, 'assistant', '1 2 3 4 5 6 7')],
      ledger: [],
      turn: { speakingFromSample: null, uplinkSamples: 0 },
      unanswered: null,
    };
    const probe = await rig.open({ seed });
    await turn(probe, new Caller(probe), 1);
    expect(wordsIn(probe.audio('line_1')).map(({ number }) => number)).toEqual([8, 9, 10]);
  });
});
