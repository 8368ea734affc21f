import { describe, expect, it } from 'vitest';
import type { BackendContext } from '../../../../../src/ports/backend.ts';
import type { CallSettings } from '../../../../../src/ports/settings.ts';
import { ManualClock } from '../../../../../src/time/manual-clock.ts';
import {
  rehearsalBackend,
  rehearsalOptionsSchema,
} from '../../../../../adapters/backends/rehearsal/index.ts';
import { contextFor } from '../../../../contract/backend-context.ts';
import { SessionProbe } from '../../../../contract/session-probe.ts';

const delayMs = 300;
const tools = [{ name: 'find_room', description: null, parameters: null }];

interface SetUp {
  readonly options?: object;
  readonly settings?: Partial<CallSettings>;
  readonly seed?: BackendContext['seed'];
}

/** A session whose delays are all 300 ms, unless the options say otherwise. */
async function setUp({ options = {}, settings = {}, seed = null }: SetUp = {}) {
  const clock = new ManualClock();
  const backend = rehearsalBackend(
    'rehearsal',
    rehearsalOptionsSchema.parse({ firstAudioMs: { p50: delayMs, p95: delayMs }, ...options }),
    { readFile: () => Promise.reject(new Error('no files here')) },
  );
  const context = { ...contextFor(backend, clock, { settings }), seed };
  const session = await backend.open(context, new AbortController().signal);
  const pass = async (ms: number): Promise<void> => {
    for (let passedMs = 0; passedMs < ms; passedMs += 1) {
      clock.advance(Math.min(1, ms - passedMs));
      for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
    }
  };
  const probe = new SessionProbe(session, context, pass).read();
  return { backend, clock, probe, session };
}

const script = (text: string, more: object = {}): object => ({
  script: { turns: [{ text, ...more }] },
});

describe('rehearsal: an answer', () => {
  it('begins after the drawn delay and comes faster than real time', async () => {
    const { probe } = await setUp();
    probe.respond('line_1');
    await probe.wait(delayMs - 1);
    expect(probe.events).toEqual([]);
    await probe.wait(2);
    expect(probe.events.slice(0, 5).map((event) => event.type)).toEqual([
      'line.started',
      'line.stage',
      'line.stage',
      'line.text',
      'line.audio',
    ]);
    await probe.wait(1000);
    const audioMs = probe.audio('line_1').byteLength / 48;
    expect(audioMs).toBeGreaterThan(3900);
    expect(audioMs).toBeLessThan(4200);
  });

  it('says its words just before the audio they begin in', async () => {
    const { probe } = await setUp({ options: script('One two three four.') });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(probe.text('line_1')).toBe('One two three four.');
    let audioMs = 0;
    for (const event of probe.line('line_1')) {
      if (event.type === 'line.audio') audioMs += event.bytes.byteLength / 48;
      if (event.type !== 'line.text') continue;
      const word = event.words?.[0];
      expect(word?.startMs).toBeGreaterThanOrEqual(audioMs);
      expect(word?.startMs).toBeLessThan(audioMs + 100);
    }
  });

  it('counts its tokens: 50 ms of agent audio, 100 ms of caller audio, or a word', async () => {
    const { probe, session } = await setUp({
      options: script('Yes indeed.'),
      settings: { instructions: 'Be very brief.' },
    });
    session.send({ type: 'commit', itemId: 'item_1', fromSample: 24_000, toSample: 50_000 });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    const firstMs = probe.audio('line_1').byteLength / 48;
    expect(probe.done('line_1')?.usage).toEqual({
      inputTextTokens: 3,
      inputAudioTokens: 11,
      inputCachedTokens: null,
      outputTextTokens: 2,
      outputAudioTokens: Math.ceil(firstMs / 50),
    });
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.done('line_2')?.usage?.inputAudioTokens).toBe(11 + Math.ceil(firstMs / 50));
  });

  it('ends as incomplete at the token limit, after a whole word', async () => {
    const { probe } = await setUp({
      options: script('One two three four.'),
      settings: { maxOutputTokens: 2, modality: 'text' },
    });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(probe.text('line_1')).toBe('One two');
    expect(probe.done('line_1')?.outcome).toEqual({
      status: 'incomplete',
      reason: 'max_output_tokens',
    });
  });

  it('has a voice that depends on its name', async () => {
    const { probe } = await setUp();
    probe.respond('line_1', { outOfBand: true, overrides: { voice: 'alloy' } });
    probe.respond('line_2', { outOfBand: true, overrides: { voice: 'marin' } });
    await probe.until(() => probe.done('line_1') !== undefined);
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.audio('line_1').length).toBe(probe.audio('line_2').length);
    expect(probe.audio('line_1').equals(probe.audio('line_2'))).toBe(false);
  });

  it('waits as long as the script says instead of a drawn delay', async () => {
    const { probe } = await setUp({ options: script('Yes.', { firstAudioMs: 50 }) });
    probe.respond('line_1');
    await probe.wait(51);
    expect(probe.line('line_1')[0]?.type).toBe('line.started');
  });

  it('is refused while another one is given in the conversation', async () => {
    const { probe } = await setUp();
    probe.respond('line_1');
    probe.respond('line_2');
    await probe.wait(1);
    expect(probe.events).toMatchObject([
      {
        type: 'line.done',
        lineId: 'line_2',
        outcome: {
          status: 'failed',
          error: { code: 'conversation_already_has_active_response' },
        },
      },
    ]);
  });

  it('is the same for the same seed, its delay included', async () => {
    const options = { firstAudioMs: { p50: 300, p95: 900 }, seed: 5 };
    const starts: number[] = [];
    for (let run = 0; run < 2; run += 1) {
      const { probe, clock } = await setUp({ options });
      probe.respond('line_1');
      await probe.until(() => probe.line('line_1').length > 0);
      starts.push(clock.nowMs());
    }
    expect(starts[0]).toBe(starts[1]);
    expect(starts[0]).not.toBe(300);
  });
});

describe('rehearsal: what it believes', () => {
  it('is what was heard once it was told so', async () => {
    const { backend, probe, session } = await setUp({ options: script('One two three four.') });
    session.send({ type: 'commit', itemId: 'item_1', fromSample: 0, toSample: 24_000 });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    const generatedMs = probe.audio('line_1').byteLength / 48;
    expect(backend.believed('call_1')).toEqual([
      { id: 'item_1', role: 'user', text: '(1 s of speech)', audioMs: 1000 },
      { id: 'line_1', role: 'assistant', text: 'One two three four.', audioMs: generatedMs },
    ]);
    const second = probe.line('line_1').filter((event) => event.type === 'line.text')[1];
    const middleMs = ((second?.words?.[0]?.startMs ?? 0) + (second?.words?.[0]?.endMs ?? 0)) / 2;
    session.send({ type: 'truncate', lineId: 'line_1', heardMs: middleMs, heardText: null });
    expect(backend.believed('call_1')?.[1]).toMatchObject({ text: 'One two', audioMs: middleMs });
    session.send({ type: 'truncate', lineId: 'line_1', heardMs: 100, heardText: 'O' });
    expect(backend.believed('call_1')?.[1]).toMatchObject({ text: 'O', audioMs: 100 });
  });

  it('holds no more of a cancelled line than was generated', async () => {
    const { backend, probe, session } = await setUp();
    probe.respond('line_1');
    await probe.wait(delayMs + 10);
    session.send({ type: 'cancel', lineId: 'line_1' });
    await probe.wait(1000);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'cancelled' });
    expect(backend.believed('call_1')).toEqual([
      { id: 'line_1', role: 'assistant', text: probe.text('line_1'), audioMs: 100 },
    ]);
  });

  it('begins with the seed and follows what is added and deleted', async () => {
    const item = (itemId: string, text: string) =>
      ({
        kind: 'message',
        itemId,
        status: 'completed',
        role: 'user',
        content: [{ type: 'text', text }],
      }) as const;
    const { backend, session } = await setUp({
      seed: {
        version: 1,
        callId: 'call_1',
        agent: 'test',
        instructions: '',
        voice: null,
        tools: [],
        items: [item('item_1', 'one')],
        ledger: [],
        turn: { speakingFromSample: null, uplinkSamples: 0 },
        unanswered: null,
      },
    });
    session.send({ type: 'item.add', item: item('item_2', 'two'), afterItemId: undefined });
    session.send({ type: 'item.add', item: item('item_0', 'zero'), afterItemId: null });
    session.send({ type: 'item.add', item: item('item_1b', 'more'), afterItemId: 'item_1' });
    const ids = (): (string | null)[] | undefined =>
      backend.believed('call_1')?.map((entry) => entry.text);
    expect(ids()).toEqual(['zero', 'one', 'more', 'two']);
    session.send({ type: 'item.delete', itemId: 'item_1' });
    session.send({ type: 'item.delete', itemId: 'item_9' });
    expect(ids()).toEqual(['zero', 'more', 'two']);
    expect(backend.figures()['commandsUnmatched']).toBe(1);
  });

  it('does not hold what is said out of band, and is gone with the session', async () => {
    const { backend, probe, session } = await setUp();
    probe.respond('line_1', { outOfBand: true });
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(backend.believed('call_1')).toEqual([]);
    session.close();
    expect(backend.believed('call_1')).toBeUndefined();
    expect(backend.figures()['sessionsOpen']).toBe(0);
  });
});

describe('rehearsal: transcripts of the caller', () => {
  it('are what the script says was said, in part and then in full', async () => {
    const { probe, session } = await setUp({
      options: script('Yes.', { callerText: 'do you have a room' }),
      settings: { callerTranscripts: true },
    });
    session.send({ type: 'commit', itemId: 'item_1', fromSample: 0, toSample: 24_000 });
    await probe.wait(1);
    expect(probe.events).toEqual([
      { type: 'caller.transcript', itemId: 'item_1', text: 'do you have', final: false },
      { type: 'caller.transcript', itemId: 'item_1', text: 'do you have a room', final: true },
    ]);
  });

  it('are not given where they are not wanted', async () => {
    const { probe, session } = await setUp({ settings: { callerTranscripts: false } });
    session.send({ type: 'commit', itemId: 'item_1', fromSample: 0, toSample: 24_000 });
    await probe.wait(100);
    expect(probe.events).toEqual([]);
  });
});

describe('rehearsal: tools', () => {
  const options = {
    script: {
      turns: [
        {
          tool: { name: 'find_room', arguments: { beds: 2 } },
          then: { text: 'There is {output}.' },
        },
      ],
    },
  };

  it('calls a tool, and goes on with its output', async () => {
    const { backend, probe, session } = await setUp({ options, settings: { tools } });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(probe.events).toEqual([
      { type: 'line.started', lineId: 'line_1' },
      {
        type: 'tool.called',
        lineId: 'line_1',
        toolCallId: 'call_1',
        name: 'find_room',
        arguments: '{"beds":2}',
      },
      {
        type: 'line.done',
        lineId: 'line_1',
        outcome: { status: 'completed' },
        usage: expect.objectContaining({ outputAudioTokens: 0 }) as unknown,
      },
    ]);
    const call = {
      kind: 'tool_call',
      itemId: 'item_1',
      status: 'completed',
      toolCallId: 'call_1',
      name: 'find_room',
      arguments: '{"beds":2}',
    } as const;
    const output = { kind: 'tool_output', toolCallId: 'call_1', output: 'one room' } as const;
    session.send({ type: 'item.add', item: call, afterItemId: undefined });
    session.send({
      type: 'item.add',
      item: { ...output, itemId: 'item_2', status: 'completed' },
      afterItemId: undefined,
    });
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.text('line_2')).toBe('There is one room.');
    expect(backend.believed('call_1')?.map((entry) => entry.role)).toEqual([
      'assistant',
      'tool',
      'assistant',
    ]);
  });

  it('calls nothing that it was not given', async () => {
    const { probe } = await setUp({ options });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(probe.events.some((event) => event.type === 'tool.called')).toBe(false);
    expect(probe.text('line_1')).toContain('find_room');
  });
});

describe('rehearsal: going wrong', () => {
  it('refuses', async () => {
    const opening = setUp({ options: { fail: { kind: 'refuse' } } });
    await expect(opening).rejects.toMatchObject({ code: 'backend_refused' });
  });

  it('closes in the middle of a word', async () => {
    const { backend, probe, session } = await setUp({
      options: { fail: { kind: 'close', turn: 2, atMs: 700 } },
    });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    probe.respond('line_2');
    await probe.until(() => probe.ended);
    expect(probe.events.at(-1)).toMatchObject({
      type: 'failed',
      error: { code: 'backend_closed' },
    });
    const audioMs = probe.audio('line_2').byteLength / 48;
    const said = probe
      .line('line_2')
      .flatMap((event) => (event.type === 'line.text' ? (event.words ?? []) : []));
    const within = said.some((word) => word.startMs < audioMs && audioMs < word.endMs);
    expect(within).toBe(true);
    expect(session.send({ type: 'clear' })).toBe('closed');
    expect(backend.figures()).toMatchObject({ sessionsOpen: 0, sessionsFailed: 1 });
  });

  it('closes at a time of the session', async () => {
    const { probe, clock } = await setUp({ options: { fail: { kind: 'close', atMs: 1234 } } });
    await probe.wait(1233);
    expect(probe.ended).toBe(false);
    await probe.wait(2);
    expect(probe.ended).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('stalls: not another word, whatever it is asked', async () => {
    const { probe, session } = await setUp({ options: { fail: { kind: 'stall' } } });
    probe.respond('line_1');
    await probe.wait(10_000);
    const before = probe.events.length;
    expect(probe.audio('line_1').byteLength).toBeGreaterThan(0);
    expect(probe.done('line_1')).toBeUndefined();
    expect(session.send({ type: 'cancel', lineId: 'line_1' })).toBe('ok');
    session.send({ type: 'commit', itemId: 'item_1', fromSample: 0, toSample: 24_000 });
    probe.respond('line_2');
    await probe.wait(10_000);
    expect(probe.events).toHaveLength(before);
    expect(probe.ended).toBe(false);
    session.close();
    await probe.wait(1);
    expect(probe.ended).toBe(true);
  });

  it('talks nonsense, within a line and after it, and goes on', async () => {
    const { probe } = await setUp({ options: { fail: { kind: 'nonsense', turn: 1 } } });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    await probe.wait(10);
    expect(probe.line('line_nobody').map((event) => event.type)).toEqual([
      'line.audio',
      'line.text',
      'line.done',
    ]);
    const types = probe.line('line_1').map((event) => event.type);
    expect(types.slice(types.indexOf('line.done'))).toEqual([
      'line.done',
      'line.audio',
      'line.text',
      'line.done',
    ]);
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.line('line_2').at(-1)?.type).toBe('line.done');
  });

  it('becomes slower than real time', async () => {
    const { probe } = await setUp({ options: { fail: { kind: 'slow' } } });
    await probe.wait(1);
    probe.respond('line_1');
    await probe.wait(delayMs + 2000);
    const audioMs = probe.audio('line_1').byteLength / 48;
    expect(audioMs).toBeGreaterThan(900);
    expect(audioMs).toBeLessThan(1200);
  });

  it('fails when its events are not taken', async () => {
    const { backend, session, clock } = await setUp();
    // A second session that nobody reads.
    const unread = await backend.open(contextFor(backend, clock), new AbortController().signal);
    for (let line = 0; line < 40; line += 1) {
      const respond = { type: 'respond', outOfBand: true, overrides: {}, input: null } as const;
      unread.send({ ...respond, lineId: `line_${line}`, itemId: `item_${line}` });
      clock.advance(10_000);
    }
    expect(unread.send({ type: 'clear' })).toBe('closed');
    const events = [];
    for await (const event of unread.events) events.push(event);
    expect(events).toHaveLength(513);
    expect(events.at(-1)).toMatchObject({ type: 'failed', error: { code: 'queue_overflow' } });
    expect(session.send({ type: 'clear' })).toBe('ok');
  });
});
