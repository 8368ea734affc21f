import { afterEach, describe, expect, it } from 'vitest';
import { ChunkTimeline } from '../../src/audio/chunk.ts';
import { msToSamples, type AudioFormat } from '../../src/audio/format.ts';
import type { BackendEvent } from '../../src/ports/backend.ts';
import { answerSound, encode, type WireFormat } from '../upstream/answer-sound.ts';
import { HostedRig, rigKey } from '../upstream/hosted-rig.ts';
import type { StandInOptions } from '../upstream/options.ts';
import type { SessionProbe } from './session-probe.ts';

let rig: HostedRig;
afterEach(() => rig.close());

const answer = 'Of course. I am glad to help you with that.';

async function started(options: StandInOptions = {}): Promise<SessionProbe> {
  rig = await HostedRig.start(options);
  return await rig.open();
}

/** Sends this much of a tone or of silence, as fast as it goes. */
function send(probe: SessionProbe, timeline: ChunkTimeline, ms: number, amplitude: number): void {
  const samples = new Int16Array(msToSamples(20, timeline.format.rateHz));
  for (let i = 0; i < samples.length; i += 1) samples[i] = amplitude * Math.sin(i / 3);
  for (let sentMs = 0; sentMs < ms; sentMs += 20) {
    const bytes = encode(samples, wireFormats[timeline.format.codec]);
    probe.session.send({ type: 'audio', chunk: timeline.append(bytes, sentMs) });
  }
}

const wireFormats = {
  pcm16: 'audio/pcm',
  pcmu: 'audio/pcmu',
  pcma: 'audio/pcma',
} as const satisfies Record<AudioFormat['codec'], WireFormat>;

const types = (events: readonly BackendEvent[]): string[] => events.map(({ type }) => type);

describe('openai-realtime, a session', () => {
  it('is set up with the call’s settings, the key in its header, turns left to us', async () => {
    await started();
    const [request] = rig.server.requests;
    expect(request?.url).toBe('/v1/realtime?model=gpt-realtime-2.1');
    expect(request?.headers.authorization).toBe(`Bearer ${rigKey}`);
    expect(request?.headers).not.toHaveProperty('openai-beta');
    expect(request?.headers).not.toHaveProperty('sec-websocket-extensions');
    expect(rig.received('session.update')).toHaveLength(1);
    expect(rig.upstream.state).toMatchObject({
      detection: null,
      instructions: 'Be brief.',
      voice: 'any voice',
      transcription: { model: 'gpt-transcribe' },
    });
  });

  it('is told what was said before it', async () => {
    rig = await HostedRig.start();
    const audio = (transcript: string): object => ({ type: 'audio', transcript, durationMs: 900 });
    const base = { status: 'completed' } as const;
    const context = rig.context();
    const probe = await rig.open({
      seed: {
        version: 1,
        callId: 'call_1',
        agent: 'test',
        instructions: '',
        voice: null,
        tools: [],
        items: [
          {
            ...base,
            kind: 'message',
            itemId: 'a',
            role: 'user',
            content: [audio('Hello?')] as never,
          },
          {
            ...base,
            kind: 'message',
            itemId: 'b',
            role: 'assistant',
            content: [audio('Good')] as never,
          },
          { ...base, kind: 'tool_call', itemId: 'c', toolCallId: 't', name: 'f', arguments: '{}' },
          { ...base, kind: 'tool_output', itemId: 'd', toolCallId: 't', output: '3' },
        ],
        ledger: [],
        turn: { speakingFromSample: null, uplinkSamples: 0 },
        unanswered: null,
      },
      ids: context.ids,
    });
    await probe.wait(100);
    expect(
      rig.upstream.conversation.items.map(({ id, role, type, text }) => [id, role ?? type, text]),
    ).toEqual([
      ['a', 'user', 'Hello?'],
      ['b', 'assistant', 'Good'],
      ['c', 'function_call', '{}'],
      ['d', 'function_call_output', '3'],
    ]);
  });

  it('passes audio on byte for byte, both ways, in every format it offers', async () => {
    rig = await HostedRig.start();
    for (const format of rig.backend.capabilities.outputFormats) {
      const probe = await rig.open({ inputFormat: format, outputFormat: format });
      const session = rig.server.sessions.at(-1)!;
      send(probe, new ChunkTimeline(format), 200, 8000);
      probe.respond('line_1');
      await probe.until(() => probe.done('line_1') !== undefined);
      expect(session.appendedBytes).toBe(
        msToSamples(200, format.rateHz) * (format.codec === 'pcm16' ? 2 : 1),
      );
      expect(probe.audio('line_1')).toEqual(answerSound(answer, wireFormats[format.codec]));
      expect(probe.text('line_1')).toBe(answer);
    }
  });

  it('gives the usage by kind, and adds it up', async () => {
    const probe = await started();
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(probe.done('line_1')?.usage).toEqual({
      inputTextTokens: 32,
      inputAudioTokens: 0,
      inputCachedTokens: 16,
      inputCachedTextTokens: 16,
      inputCachedAudioTokens: 0,
      outputTextTokens: answer.length >> 2,
      outputAudioTokens: 60,
    });
    expect(rig.backend.figures()).toMatchObject({ outputAudioTokens: 60, linesCompleted: 1 });
  });

  it('sends several settings in a row as one update, with only what changed', async () => {
    const probe = await started();
    const { settings } = rig.context();
    probe.session.send({ type: 'configure', settings: { ...settings, instructions: 'One.' } });
    probe.session.send({ type: 'configure', settings: { ...settings, instructions: 'Two.' } });
    await probe.wait(100);
    expect(rig.received('session.update').slice(1)).toMatchObject([
      { session: { type: 'realtime', instructions: 'Two.' } },
    ]);
    expect(Object.keys(rig.received('session.update')[1]!['session'] as object)).toEqual([
      'type',
      'instructions',
    ]);
    probe.session.send({ type: 'configure', settings: { ...settings, instructions: 'Two.' } });
    await probe.wait(100);
    expect(rig.received('session.update')).toHaveLength(2);
  });

  it('has settings in force before the answer that follows them', async () => {
    const probe = await started();
    const { settings } = rig.context();
    probe.session.send({ type: 'configure', settings: { ...settings, modality: 'text' } });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(probe.audio('line_1').byteLength).toBe(0);
    expect(probe.text('line_1')).toBe(answer);
  });

  it('waits with an answer until the cancelled one is done', async () => {
    const probe = await started();
    probe.respond('line_1');
    await probe.until(() => probe.audio('line_1').byteLength > 0);
    probe.session.send({ type: 'cancel', lineId: 'line_1' });
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'cancelled' });
    expect(probe.done('line_2')?.outcome).toEqual({ status: 'completed' });
    expect(rig.backend.figures()).toMatchObject({ benignErrors: 0, linesFailed: 0 });
  });

  it('tells the upstream how much was heard, also while it still speaks', async () => {
    const probe = await started();
    probe.respond('line_1');
    await probe.until(() => probe.audio('line_1').byteLength > 48 * 500);
    probe.session.send({ type: 'cancel', lineId: 'line_1' });
    probe.session.send({ type: 'truncate', lineId: 'line_1', heardMs: 250.4, heardText: 'Of' });
    await probe.until(() => probe.done('line_1') !== undefined);
    const [item] = rig.upstream.conversation.items;
    expect(item).toMatchObject({ status: 'incomplete', audioMs: 250, text: '' });
    expect(rig.backend.figures()).toMatchObject({ benignErrors: 0 });
  });

  it('never cuts beyond what came, whatever it is told', async () => {
    const probe = await started();
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    probe.session.send({ type: 'truncate', lineId: 'line_1', heardMs: 9e9, heardText: null });
    probe.session.send({ type: 'truncate', lineId: 'line_9', heardMs: 10, heardText: null });
    await probe.wait(200);
    expect(rig.received('conversation.item.truncate')).toEqual([]);
    expect(rig.backend.figures()).toMatchObject({ benignErrors: 0, commandsUnmatched: 1 });
  });

  it('commits without the silence before the turn', async () => {
    const probe = await started();
    const timeline = new ChunkTimeline(rig.context().inputFormat);
    send(probe, timeline, 8000, 0);
    send(probe, timeline, 1000, 8000);
    const fromSample = msToSamples(7700, 24_000);
    const toSample = timeline.endSample;
    probe.session.send({ type: 'commit', itemId: 'turn_1', fromSample, toSample });
    await probe.until(() => probe.events.some((event) => event.type === 'caller.transcript'));
    expect(rig.upstream.conversation.items).toMatchObject([{ role: 'user', audioMs: 1300 }]);
    expect(rig.backend.figures()).toMatchObject({ inputTrimmedSamples: fromSample });
  });

  it('gives transcripts under our own name of the turn, and none where none are wanted', async () => {
    const probe = await started({ callerText: 'Two coffees, please.' });
    const timeline = new ChunkTimeline(rig.context().inputFormat);
    for (const itemId of ['turn_1', 'turn_2']) {
      const fromSample = timeline.endSample;
      send(probe, timeline, 400, 8000);
      probe.session.send({ type: 'commit', itemId, fromSample, toSample: timeline.endSample });
    }
    const finals = (): unknown[] =>
      probe.events.flatMap((event) =>
        event.type === 'caller.transcript' && event.final ? [[event.itemId, event.text]] : [],
      );
    await probe.until(() => finals().length === 2);
    expect(finals()).toEqual([
      ['turn_1', 'Two coffees, please.'],
      ['turn_2', 'Two coffees, please.'],
    ]);
    const { settings } = rig.context();
    probe.session.send({ type: 'configure', settings: { ...settings, callerTranscripts: false } });
    await probe.wait(100);
    expect(rig.upstream.state.transcription).toBeNull();
  });

  it('survives a turn that is too short for the upstream, and keeps its names straight', async () => {
    const probe = await started();
    const timeline = new ChunkTimeline(rig.context().inputFormat);
    for (const [itemId, ms] of [
      ['short', 40],
      ['long', 400],
    ] as const) {
      const fromSample = timeline.endSample;
      send(probe, timeline, ms, 8000);
      probe.session.send({ type: 'commit', itemId, fromSample, toSample: timeline.endSample });
    }
    await probe.until(() => probe.events.some((it) => it.type === 'caller.transcript' && it.final));
    expect(new Set(probe.events.map((it) => ('itemId' in it ? it.itemId : null)))).toEqual(
      new Set(['long']),
    );
    expect(rig.backend.figures()).toMatchObject({ benignErrors: 1 });
  });

  it('calls a tool once, and the upstream gets its answer before the next request', async () => {
    const tool = { name: 'count_tables', arguments: '{"seats":2}' };
    const probe = await started({ answers: [{ tool }, { text: 'Three tables.' }] });
    const { settings } = rig.context();
    const tools = [{ name: 'count_tables', description: 'Counts.', parameters: null }];
    probe.session.send({ type: 'configure', settings: { ...settings, tools } });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    const calls = probe.events.filter((event) => event.type === 'tool.called');
    expect(calls).toMatchObject([{ lineId: 'line_1', ...tool }]);
    const { toolCallId } = calls[0]!;
    probe.session.send({
      type: 'item.add',
      item: { kind: 'tool_output', itemId: 'out_1', status: 'completed', toolCallId, output: '3' },
      afterItemId: undefined,
    });
    probe.respond('line_2');
    await probe.until(() => probe.done('line_2') !== undefined);
    expect(probe.text('line_2')).toBe('Three tables.');
    expect(rig.upstream.conversation.items.map(({ type }) => type)).toEqual([
      'function_call',
      'function_call_output',
      'message',
    ]);
  });

  it('puts items where they belong and deletes them by the upstream’s names', async () => {
    const probe = await started();
    const timeline = new ChunkTimeline(rig.context().inputFormat);
    const add = (itemId: string, afterItemId: string | null | undefined): void => {
      const content = [{ type: 'text', text: itemId }] as const;
      const item = { kind: 'message', itemId, role: 'user', status: 'completed', content } as const;
      probe.session.send({ type: 'item.add', item, afterItemId });
    };
    send(probe, timeline, 400, 8000);
    probe.session.send({ type: 'commit', itemId: 'turn_1', fromSample: 0, toSample: 9600 });
    // Deleted before the upstream has given it a name.
    probe.session.send({ type: 'item.delete', itemId: 'turn_1' });
    add('last', undefined);
    add('first', null);
    add('second', 'first');
    add('x'.repeat(100), undefined);
    probe.session.send({ type: 'item.delete', itemId: 'x'.repeat(100) });
    await probe.wait(300);
    expect(rig.upstream.conversation.items.map(({ text }) => text)).toEqual([
      'first',
      'second',
      'last',
    ]);
    expect(rig.backend.figures()).toMatchObject({ benignErrors: 0 });
  });

  it('lets the upstream judge turns where it is to, and gives its answers lines of their own', async () => {
    rig = await HostedRig.start();
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
      settings: { ...rig.context().settings, turnDetection },
    });
    const timeline = new ChunkTimeline(rig.context().inputFormat);
    send(probe, timeline, 1000, 0);
    send(probe, timeline, 600, 8000);
    send(probe, timeline, 800, 0);
    await probe.until(() => types(probe.events).includes('line.audio'));
    const speech = probe.events.filter((event) => event.type === 'caller.speech');
    expect(speech).toEqual([
      { type: 'caller.speech', speaking: true, atSample: msToSamples(700, 24_000) },
      { type: 'caller.speech', speaking: false, atSample: msToSamples(2100, 24_000) },
    ]);
    const started = probe.events.filter((event) => event.type === 'line.started');
    expect(started).toHaveLength(1);
    send(probe, timeline, 400, 8000);
    const { lineId } = started[0]!;
    await probe.until(() => probe.done(lineId) !== undefined);
    expect(probe.done(lineId)?.outcome).toEqual({ status: 'cancelled' });
  });

  it('cancels an answer that the upstream begins although turns are ours', async () => {
    const probe = await started();
    // Somebody else switches the upstream's own detection on.
    rig.upstream.state.update({
      type: 'realtime',
      audio: { input: { turn_detection: { type: 'server_vad' } } },
    });
    const timeline = new ChunkTimeline(rig.context().inputFormat);
    send(probe, timeline, 600, 8000);
    send(probe, timeline, 800, 0);
    await probe.wait(2000);
    expect(types(probe.events).filter((type) => type.startsWith('line.'))).toEqual([]);
    expect(rig.backend.figures()).toMatchObject({ uninvitedResponses: 1 });
    expect(rig.upstream.running).toBe(0);
  });

  it('leaves nothing behind when it is closed', async () => {
    const probe = await started();
    probe.respond('line_1');
    await probe.until(() => probe.audio('line_1').byteLength > 0);
    probe.session.close();
    await probe.until(() => probe.ended && rig.server.open === 0);
    expect(rig.clock.pending).toBe(0);
    expect(rig.backend.figures()).toMatchObject({ sessionsOpen: 0, sessionsTotal: 1 });
  });
});
