import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { geminiLiveBackend, geminiLiveOptions } from '../../adapters/backends/gemini-live/index.ts';
import type { BackendEvent } from '../../src/ports/backend.ts';
import { CallError } from '../../src/ports/errors.ts';
import type { FaultPlace, StandInFault, StandInOptions } from '../upstream/gemini/options.ts';
import { Caller, geminiKey, GeminiRig, wordsIn, type Differing } from './gemini-rig.ts';
import type { SessionProbe } from './session-probe.ts';

let rig: GeminiRig;
afterEach(async () => {
  // Whatever went wrong: no socket and no timer stays, and no key in any log line.
  await rig.backend.close();
  for (const session of rig.server.sessions) session.thaw();
  for (let step = 0; step < 100 && rig.server.open > 0; step += 1) await rig.pass(20);
  expect(rig.server.open).toBe(0);
  expect(rig.clock.pending).toBe(0);
  expect(rig.backend.figures()['sessionsOpen']).toBe(0);
  expect(rig.logged.join('\n')).not.toContain(geminiKey);
  await rig.close();
});

async function refusal(
  faults: readonly StandInFault[],
  options: StandInOptions = {},
  differing: Differing = {},
): Promise<CallError> {
  rig = await GeminiRig.start({ faults, ...options }, differing);
  const thrown: unknown = await rig.open().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(CallError);
  expect((thrown as CallError).message).not.toContain(geminiKey);
  expect(rig.server.requests).toHaveLength(1);
  return thrown as CallError;
}

describe('gemini-live, an upstream that cannot be had', () => {
  it.each([400, 401, 403, 404, 429, 500, 503])(
    'refuses with HTTP %i: status and reason',
    async (status) => {
      const error = await refusal([{ kind: 'refuse', status }]);
      expect(error.code).toBe('backend_refused');
      expect(error.message).toBe(
        `the upstream refused with HTTP ${status} (The stand-in was told to refuse.)`,
      );
    },
  );

  it.each(['', '<html>', '[]', '{"error":7}', 'x'.repeat(20_000), `{"error":"${geminiKey}"}`])(
    'refuses with a body like %.20s',
    async (body) => {
      const error = await refusal([{ kind: 'refuse', status: 502, body }]);
      expect(error.code).toBe('backend_refused');
      expect(error.message).toContain('HTTP 502');
    },
  );

  it.each(['query', 'header'] as const)('refuses the key in the %s', async (keyIn) => {
    const options = { apiKey: 'AIzaAnother', wrongKey: 'http' } as const;
    const error = await refusal([], options, { keyIn });
    expect(error.message).toContain('HTTP 401 (API key not valid.');
    expect(rig.server.requests[0]?.url.includes(geminiKey)).toBe(keyIn === 'query');
  });

  it('refuses the key after it has opened', async () => {
    const error = await refusal([], { apiKey: 'AIzaAnother' });
    expect(error.code).toBe('backend_closed');
    expect(error.message).toContain('closed with 1007: API key not valid.');
  });

  it.each<[string, StandInFault, string, string]>([
    [
      'is gone in the handshake',
      { kind: 'drop', at: 'handshake' },
      'backend_refused',
      'ECONNRESET',
    ],
    ['never shakes hands', { kind: 'stall', at: 'handshake' }, 'backend_stalled', 'no session'],
    ['says nothing to the setup', { kind: 'stall', at: 'setup' }, 'backend_stalled', 'no session'],
    ['is gone after the setup', { kind: 'drop', at: 'setup' }, 'backend_closed', '1006'],
    [
      'answers the setup with no JSON',
      { kind: 'send', at: 'setup', text: `{"${geminiKey}` },
      'backend_protocol',
      'not JSON',
    ],
    [
      'answers the setup with nonsense',
      { kind: 'send', at: 'setup', text: '{"setupComplete":7}' },
      'backend_protocol',
      'malformed',
    ],
  ])('%s', async (_what, fault, code, message) => {
    const error = await refusal([fault]);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it.each([1000, 1001, 1007, 1008, 1011, 1013])('closes with %i on the setup', async (code) => {
    const reason = `No, ${geminiKey}.`;
    const error = await refusal([{ kind: 'close', at: 'setup', code, reason }]);
    expect(error.code).toBe('backend_closed');
    expect(error.message).toBe(`the upstream closed with ${code}: No, [key].`);
  });

  it('is not there', async () => {
    rig = await GeminiRig.start();
    await rig.server.close();
    const error: unknown = await rig.open().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'backend_refused' });
    expect((error as CallError).message).toContain('ECONNREFUSED');
  });

  it.each([{ at: 'handshake' }, { at: 'setup' }] as const)(
    'is given up while it opens, and nothing stays: %j',
    async (place) => {
      rig = await GeminiRig.start({ faults: [{ kind: 'stall', ...place }] });
      const giveUp = new AbortController();
      const opening = rig.backend.open(rig.context(), giveUp.signal);
      await rig.pass(200);
      giveUp.abort(new CallError('backend_closed', 'the call is over'));
      await expect(opening).rejects.toMatchObject({ code: 'backend_closed' });
      expect(rig.backend.figures()).toMatchObject({ opensRefused: 1 });
    },
  );

  it('is no WebSocket server at all', async () => {
    rig = await GeminiRig.start();
    const babbler: Server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume().end('220 smtp ready\r\n');
    });
    await new Promise<void>((resolve) => babbler.listen(0, '127.0.0.1', resolve));
    const { port } = babbler.address() as { port: number };
    const backend = geminiLiveBackend(
      'other',
      geminiLiveOptions.parse({ url: `ws://127.0.0.1:${port}`, apiKeyEnv: 'RIG_KEY' }),
      {
        env: { RIG_KEY: geminiKey },
        readText: () => Promise.reject(new Error('no file is to be read here')),
        chance: () => 0.5,
      },
    );
    const opening = backend.open(rig.context(), new AbortController().signal);
    await expect(opening).rejects.toMatchObject({ code: 'backend_refused' });
    await new Promise((resolve) => babbler.close(resolve));
  });
});

type Failed = BackendEvent & { readonly type: 'failed' };

/** A call of four turns in which a tool is called; it goes as far as it can. */
class Talk {
  readonly probe: SessionProbe;
  readonly caller: Caller;
  readonly lines: string[] = [];

  private constructor(probe: SessionProbe) {
    this.probe = probe;
    this.caller = new Caller(probe);
  }

  static async hold(faults: readonly StandInFault[], options: StandInOptions = {}): Promise<Talk> {
    const tool = { name: 'find_room', args: { guests: 2 } };
    rig = await GeminiRig.start({
      answers: [{ count: 5 }, { tools: [tool] }, ...Array<{ count: 5 }>(6).fill({ count: 5 })],
      callerText: 'counted',
      faults,
      ...options,
    });
    const { settings } = rig.context();
    const tools = [{ name: tool.name, description: null, parameters: null }];
    const talk = new Talk(await rig.open({ settings: { ...settings, tools } }));
    for (let n = 1; n <= 4 && !talk.probe.ended; n += 1) {
      if (n === 3) rig.upstream.goAway(20_000);
      await talk.turn(n);
    }
    return talk;
  }

  /** A call in which the upstream decides about turns. */
  static async listen(faults: readonly StandInFault[]): Promise<Talk> {
    rig = await GeminiRig.start({ answers: [{ count: 5 }], callerText: 'counted', faults });
    const talk = new Talk(await rig.open({ authority: 'backend' }));
    for (let n = 1; n <= 3 && !talk.probe.ended; n += 1) await talk.#heardOut();
    return talk;
  }

  async turn(n: number): Promise<void> {
    const { probe, caller } = this;
    const fromSample = await caller.words(4);
    await caller.silence(200);
    const toSample = caller.sample;
    probe.session.send({ type: 'commit', itemId: `item_${n}`, fromSample, toSample });
    await this.#answer(`line_${n}`);
    await this.#runTool(`line_${n}`);
    // Long enough for what was said to have been played.
    await caller.silence(1300);
  }

  /** A turn that the upstream finds by itself, and the line that answers it. */
  async #heardOut(): Promise<void> {
    const { probe, caller, lines } = this;
    const before = lines.length;
    await caller.silence(200);
    await caller.words(4);
    for (let waitedMs = 0; waitedMs < 15_000 && !probe.ended; waitedMs += 200) {
      await caller.silence(200);
      const done = probe.events.filter((event) => event.type === 'line.done');
      lines.splice(0, lines.length, ...done.map(({ lineId }) => lineId));
      if (lines.length > before) break;
    }
    await caller.silence(1500);
  }

  /** Every number heard, in order. */
  get heard(): number[] {
    return this.lines.flatMap((line) =>
      wordsIn(this.probe.audio(line)).map(({ number }) => number),
    );
  }

  /** Lines that did not end well, by the message of their error. */
  get broken(): string[] {
    return this.lines.flatMap((line) => {
      const outcome = this.probe.done(line)?.outcome;
      return outcome?.status === 'failed' ? outcome.error.message : [];
    });
  }

  get failures(): CallError[] {
    return this.probe.events
      .filter((event): event is Failed => event.type === 'failed')
      .map(({ error }) => error);
  }

  async #answer(lineId: string): Promise<void> {
    const { probe } = this;
    this.lines.push(lineId);
    probe.respond(lineId);
    await probe.until(() => probe.done(lineId) !== undefined || probe.ended, 30_000);
  }

  async #runTool(lineId: string): Promise<void> {
    const called = this.probe.events.find(
      (event) => event.type === 'tool.called' && event.lineId === lineId,
    );
    if (called?.type !== 'tool.called' || this.probe.ended) return;
    const { toolCallId } = called;
    const item = {
      kind: 'tool_output',
      itemId: `output_of_${lineId}`,
      status: 'completed',
      toolCallId,
      output: '{"room":"blue"}',
    } as const;
    this.probe.session.send({ type: 'item.add', item, afterItemId: undefined });
    await this.#answer(`${lineId}_tool`);
  }
}

const places: readonly FaultPlace[] = [
  { at: 'ready' },
  { at: 'speech' },
  { at: 'turn' },
  { at: 'audio', afterMs: 0 },
  { at: 'audio', afterMs: 700 },
  { at: 'tool' },
  { at: 'toolResponse' },
  { at: 'playback' },
  { at: 'goAway' },
];

/** What the caller said, as the model of the last connection knows it. */
function understood(): number[] {
  const user = rig.upstream.history.filter(({ role }) => role === 'user');
  return user.flatMap(({ text }) => text.match(/\b\d+\b/g)?.map(Number) ?? []);
}

describe('gemini-live, an upstream that goes wrong', () => {
  it('holds the whole call when nothing does', async () => {
    expectWhole(await Talk.hold([]));
  });

  it.each([
    ...places.flatMap((place) => [1000, 1001, 1011].map((code) => ({ ...place, code }))),
    { at: 'turn', code: 1013 } as const,
    { at: 'turn', code: 4000 } as const,
  ])('closes once with $code at $at: the call goes on', async (place) => {
    const reason = 'Internal error encountered.';
    const talk = await Talk.hold([{ kind: 'close', reason, ...place, connection: 1 }]);
    expectSurvived(talk, [`the upstream closed with ${place.code}: ${reason}`]);
  });

  it.each(places)('is gone once without a word at $at: the call goes on', async (place) => {
    const talk = await Talk.hold([{ kind: 'drop', ...place, connection: 1 }]);
    expectSurvived(talk, ['the upstream closed with 1006']);
  });

  it.each([
    ...places.flatMap((place) => [1007, 1008].map((code) => ({ ...place, code }))),
    { at: 'turn', code: 1002 } as const,
    { at: 'turn', code: 1003 } as const,
    { at: 'turn', code: 1009 } as const,
  ])('closes with $code at $at: tried again only where the end was announced', async (place) => {
    const reason = `Operation is not implemented, or supported, or enabled. ${geminiKey}`;
    const talk = await Talk.hold([{ kind: 'close', reason, ...place, connection: 1 }]);
    if (place.at === 'goAway') {
      expectSurvived(talk, []);
      return;
    }
    expectOneEnd(talk, {
      code: 'backend_closed',
      message: `the upstream closed with ${place.code}: ${reason.replace(geminiKey, '[key]')}`,
    });
    expect(rig.server.requests).toHaveLength(1);
  });

  it.each([
    ...places.flatMap((place) =>
      ['{', '[]', '{"serverContent":7}'].map((text) => ({ ...place, text })),
    ),
    { at: 'turn', text: '"x"' } as const,
    { at: 'turn', text: '{"toolCall":{"functionCalls":[{}]}}' } as const,
    { at: 'turn', text: `{"setupComplete":{"sessionId":"${geminiKey}"` } as const,
  ])('sends $text at $at', async (place) => {
    const talk = await Talk.hold([{ kind: 'send', ...place }]);
    // After a goAway the old connection is left before it is listened to again.
    if (place.at === 'goAway') expectWhole(talk);
    else expectOneEnd(talk, { code: 'backend_protocol' });
  });

  it.each([
    ['half a sample', 'audio/pcm;rate=24000', 'AA=='],
    ['audio of another rate', 'audio/pcm;rate=16000', 'AAA='],
    ['audio of another kind', 'audio/opus', 'AAA='],
    ['what is no base64', 'audio/pcm;rate=24000', '%%%%'],
  ])('sends %s', async (_what, mimeType, data) => {
    const modelTurn = { parts: [{ inlineData: { mimeType, data } }] };
    const text = JSON.stringify({ serverContent: { modelTurn } });
    const talk = await Talk.hold([{ kind: 'send', at: 'turn', text }]);
    expectOneEnd(talk, { code: 'backend_protocol' });
  });

  it('sends a message over the limit', async () => {
    const text = JSON.stringify({ news: 'x'.repeat(5 * 1024 * 1024) });
    const talk = await Talk.hold([{ kind: 'send', at: 'turn', text }]);
    expectOneEnd(talk, { code: 'backend_protocol' });
  });

  it.each(places)('sends a message and fields that nobody knows at $at', async (place) => {
    const text = JSON.stringify({ hologram: { data: [1, { 2: 3 }] }, serverContent: { news: 1 } });
    const talk = await Talk.hold([{ kind: 'send', ...place, text, connection: 1 }]);
    expectWhole(talk);
    expect(rig.backend.figures()['unknownEvents']).toBe(place.at === 'goAway' ? 0 : 1);
  });

  it.each(places)('falls silent at $at: nothing is made up, and it can be left', async (place) => {
    rig = await GeminiRig.start({
      answers: [{ count: 5 }, { tools: [{ name: 'f', args: {} }] }],
      faults: [{ kind: 'stall', ...place }],
    });
    const { settings } = rig.context();
    const tools = [{ name: 'f', description: null, parameters: null }];
    const probe = await rig.open({ settings: { ...settings, tools } });
    const caller = new Caller(probe);
    for (const n of [1, 2]) {
      const fromSample = await caller.words(3);
      probe.session.send({
        type: 'commit',
        itemId: `item_${n}`,
        fromSample,
        toSample: caller.sample,
      });
      probe.respond(`line_${n}`);
      await probe.wait(4000);
      if (n === 1) rig.upstream.goAway(60_000);
    }
    await probe.wait(40_000);
    expect(probe.events.filter(({ type }) => type === 'failed')).toEqual([]);
    probe.session.close();
    await probe.until(() => probe.ended, 1000);
  });

  it.each([
    'burst',
    'trickle',
    'duplicate_tool_calls',
    'late_transcripts',
    'no_turn_complete',
    'unknown_fields',
    'fragments',
    'text_frames',
    'combined',
  ] as const)('has a habit, and the whole call is held: %s', async (habit) => {
    expectWhole(await Talk.hold([{ kind: 'habit', habit }]));
  });

  it.each(
    places
      .filter(({ at }) => !['tool', 'toolResponse', 'goAway'].includes(at))
      .flatMap((place) => [
        { kind: 'close', code: 1011, reason: 'Internal error encountered.', ...place } as const,
        { kind: 'drop', ...place } as const,
      ]),
  )('decides about turns and is gone once: $kind at $at', async (fault) => {
    const talk = await Talk.listen([{ ...fault, connection: 1 }]);
    expect(talk.failures).toEqual([]);
    expect(talk.broken.length).toBeLessThanOrEqual(1);
    expect(rig.server.sessions).toHaveLength(2);
    const all = talk.heard;
    const heard = all.filter((number, i) => number !== all[i + 1]);
    expect(all.length - heard.length).toBeLessThanOrEqual(talk.broken.length);
    expect(heard).toEqual(heard.map((_, i) => i + 1));
    expect(talk.lines).toHaveLength(3);
    expect(understood()).toEqual(talk.caller.said);
  });

  it.each<[string, readonly StandInFault[]]>([
    ['HTTP 503', [{ kind: 'refuse', status: 503, connection: 2 }]],
    ['HTTP 429', [{ kind: 'refuse', status: 429, connection: 2 }]],
    ['a lost handshake', [{ kind: 'drop', at: 'handshake', connection: 2 }]],
    ['a handshake that never ends', [{ kind: 'stall', at: 'handshake', connection: 2 }]],
    ['silence to the setup', [{ kind: 'stall', at: 'setup', connection: 2 }]],
    [
      'a close on the setup',
      [{ kind: 'close', at: 'setup', code: 1011, reason: '', connection: 2 }],
    ],
    [
      'a handle that is not taken',
      [{ kind: 'close', at: 'setup', code: 1008, reason: '', connection: 2 }],
    ],
  ])('is gone, and the next connection meets %s: a third one is made', async (_what, faults) => {
    const talk = await Talk.hold([{ kind: 'drop', at: 'turn', connection: 1 }, ...faults]);
    expectSurvived(talk, []);
    expect(rig.server.requests).toHaveLength(4);
  });

  it.each([401, 403, 404])(
    'is gone, and refuses with HTTP %i after: that is the end',
    async (status) => {
      const talk = await Talk.hold([
        { kind: 'drop', at: 'turn', connection: 1 },
        { kind: 'refuse', status, connection: 2 },
      ]);
      expectOneEnd(talk, {
        code: 'backend_refused',
        message: `the upstream refused with HTTP ${status} (The stand-in was told to refuse.)`,
      });
      expect(rig.server.requests).toHaveLength(2);
    },
  );

  it('is gone for good: it is tried a few times, further and further apart', async () => {
    rig = await GeminiRig.start();
    const probe = await rig.open();
    await rig.server.close();
    await probe.until(() => probe.ended, 30_000);
    expect(probe.events).toHaveLength(1);
    expect(probe.events[0]).toMatchObject({ type: 'failed', error: { code: 'backend_refused' } });
  });

  it('does not read what it is sent: audio is refused and counted, the session lives on', async () => {
    rig = await GeminiRig.start();
    const probe = await rig.open({ authority: 'backend' });
    rig.upstream.freeze();
    const results = new Set<string>();
    const bytes = new Uint8Array(64_000);
    for (let i = 0; i < 200; i += 1) {
      const startSample = i * 32_000;
      const chunk = {
        codec: 'pcm16',
        rateHz: 16_000,
        startSample,
        samples: 32_000,
        bytes,
        atMs: 0,
      } as const;
      results.add(probe.session.send({ type: 'audio', chunk }));
    }
    expect(results).toEqual(new Set(['ok', 'overflow']));
    expect(rig.backend.figures()['inputOverflowSamples']).toBeGreaterThan(0);
    expect(probe.ended).toBe(false);
  });

  /** The call was held to its end, and nobody noticed anything. */
  function expectWhole(talk: Talk): void {
    expect(talk.failures).toEqual([]);
    expect(talk.broken).toEqual([]);
    expect(talk.lines).toHaveLength(5);
    expect(talk.heard).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(understood()).toEqual(talk.caller.said);
    expect(talk.probe.events.filter(({ type }) => type === 'tool.called')).toHaveLength(1);
    expect(rig.server.sessions.flatMap(({ oddities }) => oddities)).toEqual([]);
  }

  /** The session ended with one error, and said nothing after it. */
  function expectOneEnd(talk: Talk, error: { code: string; message?: string }): void {
    expect(talk.failures).toHaveLength(1);
    expect(talk.failures[0]).toMatchObject(error);
    expect(talk.failures[0]?.message).not.toContain(geminiKey);
    expect(talk.probe.ended).toBe(true);
    expect(talk.probe.events.at(-1)?.type).toBe('failed');
  }

  /** The call went on: at most one line broke off, with the reason, and the rest is whole. */
  function expectSurvived(talk: Talk, possible: readonly string[]): void {
    expect(talk.failures).toEqual([]);
    expect(talk.probe.ended).toBe(false);
    expect(talk.broken.length).toBeLessThanOrEqual(1);
    for (const message of talk.broken) expect(possible).toContain(message);
    expect(rig.server.sessions.length).toBeGreaterThan(1);
    expect(talk.probe.done('line_4')?.outcome).toEqual({ status: 'completed' });
    const all = talk.heard;
    // The word at which a line broke off may come again: its transcript had not come yet.
    const heard = all.filter((number, i) => number !== all[i + 1]);
    expect(all.length - heard.length).toBeLessThanOrEqual(talk.broken.length);
    expect(heard.length).toBeGreaterThanOrEqual(15 + (talk.broken.length === 0 ? 5 : 0));
    expect(heard).toEqual(heard.map((_, i) => i + 1));
    expect(understood()).toEqual(talk.caller.said);
  }
});
