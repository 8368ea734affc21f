import { afterEach, describe, expect, it } from 'vitest';
import type { StandInOptions } from '../upstream/live/options.ts';
import { LiveRig, rigKey } from '../upstream/live/rig.ts';

let rig: LiveRig;
afterEach(() => rig.close());

async function start(options: StandInOptions = {}, differing: object = {}): Promise<LiveRig> {
  rig = await LiveRig.start(options, differing);
  return rig;
}

const table = { name: 'find_table', description: null, parameters: { type: 'object' } } as const;
const responses = { delegation: { type: 'responses', model: 'gpt-5' } };
const message = (role: 'user' | 'assistant' | 'system', text: string, itemId = text) =>
  ({
    type: 'item.add',
    item: { kind: 'message', itemId, role, status: 'completed', content: [{ type: 'text', text }] },
    afterItemId: undefined,
  }) as const;

/** Content of the appends that came, by kind. */
const appended = (): string[][] =>
  rig.upstream.received.flatMap((event) =>
    'content' in event ? [[event.type.split('.')[1]!, event.content]] : [],
  );

describe('a session', () => {
  it('is started once settings have settled, with all that was said before', async () => {
    await start();
    const probe = await rig.open({ instructions: 'Be kind.' });
    probe.session.send(message('user', 'Hello.'));
    probe.session.send(message('assistant', 'Hi there.'));
    await rig.pass(60);
    expect(rig.upstream.terms).toBeNull();
    await rig.pass(200);
    expect(rig.upstream.terms?.config).toEqual({
      model: 'gpt-live-1',
      instructions: 'Be kind.',
      audio: { format: { type: 'audio/pcm', rate: 24_000 }, output: { voice: 'marin' } },
      delegation: { type: 'client' },
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Hello.' }] },
        { role: 'assistant', content: [{ type: 'output_text', text: 'Hi there.' }] },
      ],
    });
    expect(rig.server.requests[0]?.headers.authorization).toBe(`Bearer ${rigKey}`);
  });

  it('sends exactly paced audio and fills silence, so that the clock never stands still', async () => {
    await start();
    await rig.open();
    await rig.talk(2_000);
    await rig.pass(3_000);
    expect(rig.upstream.trackMs).toBeGreaterThanOrEqual(4_600);
    expect(rig.upstream.trackMs).toBeLessThanOrEqual(5_000);
    expect(rig.upstream.ear?.longestGapMs).toBeLessThanOrEqual(220);
    expect(rig.upstream.ear?.furthestAheadMs).toBe(0);
    expect(rig.backend.figures()['silenceFilledMs']).toBeGreaterThan(2_500);
  });

  it('gives frames without gaps and words with their place, and never mixes up the two', async () => {
    await start({ answers: [{ count: 4 }], callerText: 'counted' });
    await rig.open();
    rig.count(101, 3);
    await rig.talk(6_000);
    expect(rig.numbers()).toEqual([1, 2, 3, 4]);
    expect(rig.said()).toBe('1 2 3 4');
    let next = 0;
    for (const { frame } of rig.events('stream.frame')) {
      expect(frame.startSample).toBe(next);
      next += frame.bytes.byteLength / 2;
    }
    const words = rig.events('caller.words');
    expect(words.map(({ text }) => text).join('')).toBe('101 102 103');
    // The caller began at once: the first number lies in its first half second.
    expect(words[0]!.fromSample).toBeLessThan(12_000);
    expect(words[2]!.toSample).toBeLessThan(36_000);
  });

  it('is asked to speak, in the words of the wire', async () => {
    await start({ answers: [{ text: 'Good day to you.' }] });
    const probe = await rig.open();
    probe.respond('line_1', { overrides: { instructions: 'Be short.' } });
    await rig.pass(4_000);
    expect(appended()).toEqual([['commentary', 'Answer the caller now. Be short.']]);
    expect(rig.said()).toBe('Good day to you.');
    probe.respond('line_2', { overrides: { instructions: 'x'.repeat(2_000) } });
    await rig.pass(100);
    expect(probe.done('line_2')?.outcome).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_value' },
    });
  });

  it('takes context of every kind, in pieces that fit', async () => {
    await start();
    const probe = await rig.open();
    await rig.talk(300);
    const sentence = 'This is a sentence of some length. ';
    probe.session.send(message('system', sentence.repeat(120)));
    probe.session.send(message('assistant', 'Yes.'));
    probe.session.send(message('user', 'Typed.'));
    await rig.talk(3_000);
    const sent = appended();
    expect(sent.slice(0, 3).map(([kind]) => kind)).toEqual(Array(3).fill('instructions'));
    expect(
      sent
        .slice(0, 3)
        .map(([, text]) => text)
        .join(' '),
    ).toBe(sentence.repeat(120).trim());
    expect(sent.every(([, text]) => text!.length <= 2_000)).toBe(true);
    expect(sent.slice(3)).toEqual([
      ['thinking', 'You said: Yes.'],
      ['thinking', 'The caller typed: Typed.'],
    ]);
    expect(rig.upstream.sent.filter(({ type }) => type === 'error')).toEqual([]);
    expect(rig.backend.figures()).toMatchObject({ appendsSent: 5, appendsPlaced: 5 });
  });

  it('appends changed instructions, and moves to another session for what cannot change', async () => {
    await start();
    const probe = await rig.open();
    await rig.talk(1_000);
    const { settings } = rig.context;
    probe.session.send({ type: 'configure', settings: { ...settings, instructions: 'Be brisk.' } });
    await rig.talk(500);
    expect(appended()[0]?.[1]).toContain('Be brisk.');
    expect(rig.server.sessions).toHaveLength(1);
    const long = 'Be long. '.repeat(1_000);
    probe.session.send({ type: 'configure', settings: { ...settings, instructions: long } });
    await rig.talk(4_000);
    expect(rig.server.sessions).toHaveLength(2);
    expect(rig.upstream.terms?.config.instructions).toBe(long);
    expect(rig.server.open).toBe(1);
  });

  it('is told to be silent, and what was not heard of it', async () => {
    await start({ answers: [{ text: 'one two three four five six seven eight nine ten' }] });
    const probe = await rig.open();
    probe.respond('line_1');
    await rig.talk(4_000);
    probe.session.send({ type: 'cancel', lineId: 'line_1' });
    probe.session.send({ type: 'truncate', lineId: 'line_1', heardMs: 300, heardText: 'one' });
    await rig.talk(2_000);
    expect(appended().slice(1)).toEqual([
      ['instructions', 'Stop speaking now.'],
      ['thinking', 'Of what you said last, the caller heard only: one'],
    ]);
    expect(rig.upstream.mind?.speaks).toBe(false);
  });
});

describe('what the model hands on', () => {
  it('to the app is a tool of the call, and its output is told', async () => {
    await start({ answers: [{ delegate: true }] });
    const probe = await rig.open({ tools: [table] });
    rig.count(101, 2);
    await rig.talk(3_000);
    const [call] = rig.events('tool.called');
    expect(call).toMatchObject({ name: 'find_table', arguments: '{}' });
    expect(probe.done(call!.lineId!)?.outcome).toEqual({ status: 'completed' });
    const { toolCallId } = call!;
    const output = { kind: 'tool_output', itemId: 'o', toolCallId, output: 'Seven.' } as const;
    const item = { ...output, status: 'completed' } as const;
    probe.session.send({ type: 'item.add', item, afterItemId: undefined });
    await rig.talk(3_000);
    const [told] = rig.received('session.commentary.append');
    expect(told).toMatchObject({
      content: 'Seven.',
      delegation_id: expect.stringMatching(/^item_/) as string,
    });
    expect(rig.said()).toContain('Seven.');
  });

  it('to the app without a tool is answered at once', async () => {
    await start({ answers: [{ delegate: true }] });
    await rig.open();
    rig.count(101, 2);
    await rig.talk(3_000);
    expect(rig.events('tool.called')).toEqual([]);
    expect(appended()[0]?.[0]).toBe('commentary');
  });

  it('to the upstream are functions, several in one go, answered as a whole', async () => {
    const calls = [
      { name: 'find_table', arguments: '{"n":1}' },
      { name: 'find_table', arguments: '{"n":2}' },
    ];
    await start({ answers: [{ delegate: true, calls, then: { text: 'Both free.' } }] }, responses);
    const probe = await rig.open({ tools: [table] });
    rig.count(101, 2);
    await rig.talk(3_000);
    const called = rig.events('tool.called');
    expect(called.map((event) => event.arguments)).toEqual(['{"n":1}', '{"n":2}']);
    expect(new Set(called.map(({ lineId }) => lineId)).size).toBe(1);
    expect(probe.done(called[0]!.lineId!)?.usage).toMatchObject({ inputTextTokens: 120 });
    for (const [index, { toolCallId }] of called.entries()) {
      const base = { kind: 'tool_output', itemId: `o${index}`, status: 'completed' } as const;
      const item = { ...base, toolCallId, output: 'free' } as const;
      expect(rig.received('response.create')).toHaveLength(0);
      probe.session.send({ type: 'item.add', item, afterItemId: undefined });
      // Whoever asks for the answer gets the one that is on its way.
      if (index === 1) probe.respond('line_1');
      await rig.talk(200);
    }
    expect(rig.received('response.create')).toHaveLength(1);
    await rig.talk(3_000);
    expect(rig.said()).toBe('Both free.');
    expect(rig.received('session.commentary.append')).toEqual([]);
    expect(rig.upstream.sent.filter(({ type }) => type === 'error')).toEqual([]);
  });

  it('follows the call’s tools as they change', async () => {
    await start({}, responses);
    const probe = await rig.open({ tools: [table] });
    await rig.talk(300);
    const { settings } = rig.context;
    const tools = [{ ...table, name: 'other' }];
    const toolChoice = { mode: 'required' } as const;
    probe.session.send({ type: 'configure', settings: { ...settings, tools, toolChoice } });
    await rig.talk(300);
    expect(rig.upstream.terms?.delegation).toMatchObject({
      responses: { model: 'gpt-5', tools: [{ name: 'other' }], tool_choice: 'required' },
    });
  });
});

describe('a session that ends', () => {
  const both = [{ count: 5 }];

  it.each([
    ['expires', { kind: 'end', at: 'audio', afterMs: 6_000, reason: 'expired' }],
    ['is dropped', { kind: 'drop', at: 'audio', afterMs: 6_000 }],
    ['falls silent', { kind: 'stall', at: 'audio', afterMs: 6_000 }],
  ] as const)('%s: the next one goes on from what was said', async (_what, fault) => {
    await start({ answers: both, faults: [{ ...fault, connection: 1 }] });
    await rig.open();
    rig.count(101, 2);
    await rig.talk(14_000);
    rig.count(103, 2);
    await rig.talk(6_000);
    expect(rig.server.sessions).toHaveLength(2);
    expect(rig.numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(rig.backend.figures()).toMatchObject({ reconnects: 1, sessionsOpen: 1 });
    let next = 0;
    for (const { frame } of rig.events('stream.frame')) {
      expect(frame.startSample).toBe(next);
      next += frame.bytes.byteLength / 2;
    }
  });

  it('has told its seconds, and the next one begins to count anew', async () => {
    const fault = { kind: 'end', at: 'audio', afterMs: 17_000, reason: 'expired' } as const;
    await start({ answers: both, faults: [{ ...fault, connection: 1 }] });
    await rig.open();
    await rig.talk(36_000);
    const told = rig.probe.used.map(({ usage, sessionMs }) => [usage, sessionMs]);
    // Every 15 s of the timeline, and at its end.
    expect(told.slice(0, 3)).toEqual([
      [null, 15_000],
      [null, 2_000],
      [null, 15_000],
    ]);
    expect(rig.backend.figures()).toMatchObject({ upstreamSeconds: 32 });
  });

  it('is followed by another before its cap, in a quiet moment', async () => {
    await start({ answers: both, sessionCapMs: 20_000 });
    await rig.open();
    rig.count(101, 2);
    await rig.talk(15_000);
    rig.count(103, 2);
    await rig.talk(10_000);
    expect(rig.server.sessions.length).toBeGreaterThan(1);
    expect(rig.numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(rig.server.sessions[0]?.sent.at(-1)).toMatchObject({
      type: 'session.closed',
      reason: 'close_requested',
    });
    expect(rig.backend.figures()).toMatchObject({ reconnects: 0 });
  });

  it('for its content is a failure, without a second try', async () => {
    await start({ faults: [{ kind: 'end', at: 'audio', afterMs: 500, reason: 'content' }] });
    await rig.open();
    await rig.talk(2_000);
    expect(rig.events('failed').map(({ error }) => [error.code, error.message])).toEqual([
      ['backend_closed', 'the upstream ended its session: content'],
    ]);
    expect(rig.server.requests).toHaveLength(1);
  });

  it('never starts: the reason is told, and nothing is left', async () => {
    await start({ models: ['another'] });
    await rig.open();
    await rig.talk(1_000);
    expect(rig.events('failed')[0]?.error).toMatchObject({ code: 'backend_refused' });
    expect(rig.events('failed')[0]?.error.message).toContain('model_not_found');
    await rig.pass(2_000);
    expect(rig.server.open).toBe(0);
    expect(rig.clock.pending).toBe(0);
  });

  it('is refused with the key in no word of it', async () => {
    await start({ apiKey: 'sk-another' });
    await expect(rig.open()).rejects.toMatchObject({
      code: 'backend_refused',
      message: expect.stringContaining('HTTP 401') as string,
    });
    await expect(rig.open()).rejects.not.toMatchObject({
      message: expect.stringContaining(rigKey) as string,
    });
    expect(rig.logged.join()).not.toContain(rigKey);
  });

  it('leaves no timer and no socket', async () => {
    await start();
    const probe = await rig.open();
    await rig.talk(1_000);
    probe.session.close();
    await rig.pass(2_000);
    expect(rig.server.open).toBe(0);
    expect(rig.clock.pending).toBe(0);
    expect(rig.upstream.received.at(-1)?.type).toBe('session.close');
  });
});
