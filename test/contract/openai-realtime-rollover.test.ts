import { afterEach, describe, expect, it } from 'vitest';
import { ChunkTimeline } from '../../src/audio/chunk.ts';
import { pcm24k } from '../../src/audio/format.ts';
import { encodePcm16 } from '../../src/audio/pcm16.ts';
import { countedSpeech } from '../ear/counted-speech.ts';
import { numbersIn } from '../upstream/answer-sound.ts';
import { HostedRig, rigKey } from '../upstream/hosted-rig.ts';
import type { StandInOptions } from '../upstream/options.ts';
import type { SessionProbe } from './session-probe.ts';

let rig: HostedRig;

afterEach(async () => {
  await rig.backend.close();
  for (let step = 0; step < 100 && rig.server.open > 0; step += 1) await rig.pass(20);
  expect(rig.server.open).toBe(0);
  expect(rig.clock.pending).toBe(0);
  expect(rig.logged.join('\n')).not.toContain(rigKey);
  await rig.close();
});

/** A caller of counted speech, on one uplink. */
class Caller {
  readonly said: number[] = [];
  readonly #probe: SessionProbe;
  readonly #timeline = new ChunkTimeline(pcm24k);
  #nowMs = 0;

  constructor(probe: SessionProbe) {
    this.#probe = probe;
  }

  get sample(): number {
    return this.#timeline.endSample;
  }

  /** @returns the uplink position at which the words begin */
  async words(count: number): Promise<number> {
    const from = this.sample;
    const firstNumber = this.said.length + 1;
    const { samples, numbers } = countedSpeech({ firstNumber, words: count, rateHz: 24_000 });
    this.said.push(...numbers);
    await this.#say(samples);
    return from;
  }

  async silence(ms: number): Promise<void> {
    await this.#say(new Float32Array(ms * 24));
  }

  async #say(samples: Float32Array): Promise<void> {
    for (let at = 0; at < samples.length; at += 480) {
      await this.#probe.wait(20);
      this.#nowMs += 20;
      const pcm = encodePcm16(samples.subarray(at, at + 480));
      this.#probe.session.send({ type: 'audio', chunk: this.#timeline.append(pcm, this.#nowMs) });
    }
  }
}

interface Talk {
  readonly probe: SessionProbe;
  readonly caller: Caller;
  readonly lines: number;
  /** Numbers that the agent was heard to say. */
  readonly heard: number[];
}

/** Turns of counted speech until so many connections were used. */
async function talk(connections: number, options: StandInOptions, differing = {}): Promise<Talk> {
  rig = await HostedRig.start(
    { answers: [{ count: 6 }], callerText: 'counted', ...options },
    differing,
  );
  const probe = await rig.open();
  const caller = new Caller(probe);
  let lines = 0;
  while (rig.server.sessions.length < connections && lines < 60) {
    lines += 1;
    const fromSample = await caller.words(5);
    await caller.silence(300);
    const toSample = caller.sample;
    probe.session.send({ type: 'commit', itemId: `item_${lines}`, fromSample, toSample });
    const line = `line_${lines}`;
    probe.respond(line);
    await probe.until(() => probe.done(line) !== undefined || probe.ended, 30_000);
    expect(probe.done(line)?.outcome).toEqual({ status: 'completed' });
    await caller.silence(lines % 3 === 0 ? 2000 : 200);
  }
  // The last change may still wait for its moment.
  await caller.silence(2000);
  const heard = Array.from({ length: lines }, (_, i) =>
    numbersIn(probe.audio(`line_${i + 1}`), 'audio/pcm'),
  ).flat();
  return { probe, caller, lines, heard };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('openai-realtime, connections that end', () => {
  it.each([
    { sessionCapMs: 20_000, skin: 'ga' },
    { sessionCapMs: 11_000, skin: 'ga' },
    { sessionCapMs: 20_000, skin: 'xai', dialect: 'xai' },
    { sessionCapMs: 16_000, skin: 'voice-live', dialect: 'azure-voice-live' },
  ] as const)('crosses three caps without a lost or repeated word: %j', async (one) => {
    const { sessionCapMs, skin } = one;
    const dialect = 'dialect' in one ? { dialect: one.dialect } : {};
    const { caller, heard, lines } = await talk(
      4,
      { sessionCapMs, skin },
      { connectionLimitMs: sessionCapMs, ...dialect },
    );
    expect(heard).toEqual(upTo(lines * 6));
    // Each number of the caller's was heard on one connection, once.
    expect(rig.server.sessions.flatMap(({ counted }) => counted).flat()).toEqual(caller.said);
    expect(rig.backend.figures()).toMatchObject({
      rollovers: 3,
      rolloversForced: 0,
      linesFailed: 0,
      sessionsFailed: 0,
      benignErrors: 0,
      itemsSkipped: 0,
    });
    // The last connection has all of it, in order.
    const { items } = rig.server.sessions[3]!.conversation;
    const of = (role: string): number[] =>
      items.flatMap((item) =>
        item.role === role ? (item.text.match(/\d+/g) ?? []).map(Number) : [],
      );
    expect(of('user')).toEqual(caller.said);
    expect(of('assistant')).toEqual(heard);
  });
});

describe('openai-realtime, around a change of connection', () => {
  const capMs = 12_000;

  async function started(options: StandInOptions, differing = {}): Promise<SessionProbe> {
    rig = await HostedRig.start(
      { callerText: 'counted', sessionCapMs: capMs, ...options },
      { connectionLimitMs: capMs, ...differing },
    );
    return await rig.open();
  }

  async function answer(probe: SessionProbe, caller: Caller, n: number): Promise<void> {
    const fromSample = await caller.words(4);
    probe.session.send({
      type: 'commit',
      itemId: `item_${n}`,
      fromSample,
      toSample: caller.sample,
    });
    probe.respond(`line_${n}`);
    await probe.until(() => probe.done(`line_${n}`) !== undefined);
  }

  it('corrects a line that was cut at the ear after the change', async () => {
    const probe = await started({ answers: [{ count: 6 }] });
    const caller = new Caller(probe);
    await answer(probe, caller, 1);
    await probe.until(() => rig.backend.figures()['rollovers'] === 1);
    const [, next] = rig.server.sessions;
    const texts = (): string[] => next!.conversation.items.map(({ text }) => text);
    await probe.wait(100);
    expect(texts()).toEqual(['1 2 3 4', '1 2 3 4 5 6']);
    probe.session.send({ type: 'truncate', lineId: 'line_1', heardMs: 800, heardText: '1 2 3' });
    await probe.wait(100);
    expect(texts()).toEqual(['1 2 3 4', '1 2 3']);
    // The next answer goes on from what was heard.
    await answer(probe, caller, 2);
    expect(numbersIn(probe.audio('line_2'), 'audio/pcm')[0]).toBe(4);
    expect(rig.backend.figures()).toMatchObject({ benignErrors: 0, commandsUnmatched: 0 });
  });

  it('takes tool calls along, and the output that comes after it', async () => {
    const tool = { name: 'find_room', arguments: '{"nights":2}' };
    const probe = await started({ answers: [{ tool }] });
    const { settings } = rig.context();
    const tools = [{ name: tool.name, description: null, parameters: null }];
    probe.session.send({ type: 'configure', settings: { ...settings, tools } });
    await answer(probe, new Caller(probe), 1);
    await probe.until(() => rig.backend.figures()['rollovers'] === 1);
    const called = probe.events.find((event) => event.type === 'tool.called')!;
    probe.session.send({
      type: 'item.add',
      item: {
        kind: 'tool_output',
        itemId: 'item_output',
        status: 'completed',
        toolCallId: called.toolCallId,
        output: '12',
      },
      afterItemId: undefined,
    });
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.done('line_2')?.outcome).toEqual({ status: 'completed' });
    const [, next] = rig.server.sessions;
    expect(next!.conversation.items.slice(0, 3).map(({ type }) => type)).toEqual([
      'message',
      'function_call',
      'function_call_output',
    ]);
    expect(next!.state.tools).toMatchObject([{ name: 'find_room' }]);
    expect(rig.backend.figures()).toMatchObject({ benignErrors: 0 });
  });

  it('takes what the caller is saying along', async () => {
    const probe = await started({ answers: [{ count: 3 }] });
    const caller = new Caller(probe);
    const fromSample = caller.sample;
    await caller.words(40);
    expect(rig.backend.figures()['rollovers']).toBe(1);
    const toSample = caller.sample;
    probe.session.send({ type: 'commit', itemId: 'item_1', fromSample, toSample });
    await probe.wait(200);
    expect(rig.server.sessions.map(({ counted }) => counted)).toEqual([[], [caller.said]]);
  });

  it('fails a line that does not end in time, and answers the next', async () => {
    const long = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ');
    const probe = await started({
      callerText: 'Hello.',
      answers: [{ text: long }],
      realTimeFactor: 1,
    });
    await answer(probe, new Caller(probe), 1);
    expect(probe.done('line_1')?.outcome).toMatchObject({
      status: 'failed',
      error: { code: 'backend_closed' },
    });
    expect(rig.backend.figures()).toMatchObject({ rolloversForced: 1, sessionsFailed: 0 });
    probe.respond('line_2');
    await probe.until(() => probe.audio('line_2').byteLength > 0);
  });

  it('goes on to the end where there is no other connection to be had', async () => {
    const probe = await started({ answers: [{ count: 3 }], maxSessions: 1 });
    await answer(probe, new Caller(probe), 1);
    await probe.until(() => probe.ended);
    expect(probe.events.at(-1)).toMatchObject({
      type: 'failed',
      error: { code: 'backend_closed' },
    });
    expect(rig.backend.figures()).toMatchObject({ rollovers: 0, sessionsFailed: 1 });
    expect(rig.logged.some((line) => line.includes('upstream.not_exchanged'))).toBe(true);
  });

  it('does so as well where the upstream judges turns', async () => {
    rig = await HostedRig.start(
      { answers: [{ count: 4 }], callerText: 'counted', sessionCapMs: capMs },
      { connectionLimitMs: capMs },
    );
    const { settings } = rig.context();
    const turnDetection = {
      kind: 'server_vad',
      threshold: 0.5,
      prefixPaddingMs: 300,
      silenceDurationMs: 500,
      createResponse: true,
      interruptResponse: true,
      idleTimeoutMs: null,
    } as const;
    const probe = await rig.open({
      authority: 'backend',
      settings: { ...settings, turnDetection },
    });
    const caller = new Caller(probe);
    const begun: number[] = [];
    for (let turn = 0; turn < 8; turn += 1) {
      begun.push(await caller.words(4));
      await caller.silence(4000);
    }
    expect(rig.backend.figures()).toMatchObject({ rolloversForced: 0, sessionsFailed: 0 });
    expect(rig.backend.figures()['rollovers']).toBeGreaterThanOrEqual(3);
    expect(rig.server.sessions.flatMap(({ counted }) => counted).flat()).toEqual(caller.said);
    const lines = probe.events.filter((event) => event.type === 'line.done');
    const heard = lines.flatMap(({ lineId }) => numbersIn(probe.audio(lineId), 'audio/pcm'));
    expect(heard).toEqual(upTo(32));
    // Positions are on the call's own timeline, whichever connection heard it.
    const starts = probe.events.flatMap((event) =>
      event.type === 'caller.speech' && event.speaking ? [event.atSample] : [],
    );
    expect(starts).toHaveLength(8);
    for (const [turn, at] of starts.entries()) {
      expect(Math.abs(at - begun[turn]!)).toBeLessThan(24 * 400);
    }
  });
});
