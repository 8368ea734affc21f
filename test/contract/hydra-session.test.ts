import { afterEach, describe, expect, it } from 'vitest';
import type { BackendEvent } from '../../src/ports/backend.ts';
import type { CallSettings } from '../../src/ports/settings.ts';
import { countedSpeech } from '../ear/counted-speech.ts';
import type { HydraStandInOptions } from '../upstream/hydra/options.ts';
import { HydraRig, rigKey } from '../upstream/hydra/rig.ts';
import { nextChunk, speak } from '../upstream/hydra/speak.ts';
import type { SessionProbe } from './session-probe.ts';

let rig: HydraRig;
afterEach(() => rig.close());

async function started(options: HydraStandInOptions = {}): Promise<SessionProbe> {
  rig = await HydraRig.start(options);
  return await rig.open();
}

function settings(differing: Partial<CallSettings>): CallSettings {
  return { ...rig.context().settings, ...differing };
}

/** PCM16 of the words that the stand-in says. */
function sound(firstNumber: number, words: number): Buffer {
  const { samples } = countedSpeech({ firstNumber, words, rateHz: 48_000 });
  const pcm = Int16Array.from(samples, (sample) => Math.round(sample * 32_767));
  return Buffer.from(pcm.buffer);
}

const all = <Type extends BackendEvent['type']>(
  probe: SessionProbe,
  type: Type,
): (BackendEvent & { type: Type })[] =>
  probe.events.filter((event) => event.type === type) as (BackendEvent & { type: Type })[];

async function untilDone(probe: SessionProbe, count: number): Promise<void> {
  await probe.until(() => all(probe, 'line.done').length === count);
}

const weather = { name: 'weather', description: null, parameters: null } as const;

describe('hydra, the beginning of a session', () => {
  it('names model and key in the query, and says nothing before there is something to say', async () => {
    const probe = await started();
    await probe.wait(1000);
    const url = new URL(rig.server.requests[0]!, 'http://stand-in');
    expect(Object.fromEntries(url.searchParams)).toEqual({ model: 'hydra-v1.1', api_key: rigKey });
    expect(rig.upstream.received).toEqual([]);
  });

  it('configures once, with what the settings have become by then', async () => {
    const probe = await started();
    for (const instructions of ['One.', 'Two.']) {
      probe.session.send({ type: 'configure', settings: settings({ instructions }) });
      await probe.wait(100);
    }
    await probe.speak(200);
    probe.session.send({ type: 'configure', settings: settings({ instructions: 'Two.' }) });
    await probe.speak(1000);
    expect(rig.backend.figures()).toMatchObject({ settingsIgnored: 0 });
    expect(rig.upstream.received).toEqual([
      {
        type: 'session.configure',
        session: {
          instructions: 'Two.',
          voice: 'zoe',
          tools: [],
          generate_initial_response: false,
        },
      },
    ]);
    expect(rig.upstream.violations).toEqual([]);
  });

  it('keeps what the caller says until it may be sent, and sends all of it', async () => {
    const probe = await started();
    for (let i = 0; i < 50; i += 1) {
      const chunk = nextChunk(probe, { samples: 480, amplitude: 8000 });
      probe.session.send({ type: 'audio', chunk });
    }
    await probe.wait(40);
    expect(rig.upstream.appendedSamples).toBe(50 * 480);
    await probe.until(() => all(probe, 'caller.speech').length === 1);
    expect(all(probe, 'caller.speech')[0]).toMatchObject({ speaking: true, atSample: 0 });
  });

  it('keeps 15 s of it at most, and says what it drops', async () => {
    rig = await HydraRig.start(
      { fault: { kind: 'stall', at: 'configure' } },
      { connectTimeoutMs: 60_000 },
    );
    const probe = await rig.open();
    for (let i = 0; i < 16; i += 1) {
      const chunk = nextChunk(probe, { samples: 16_000, amplitude: 0 });
      expect(probe.session.send({ type: 'audio', chunk })).toBe('ok');
    }
    await probe.wait(100);
    expect(all(probe, 'dropped')).toEqual([{ type: 'dropped', what: 'input', samples: 16_000 }]);
    expect(rig.backend.figures()).toMatchObject({ inputOverflowSamples: 16_000 });
  });

  it('lets the agent speak first where it is asked before anything was said', async () => {
    const probe = await started({ answers: [{ words: 3 }] });
    probe.respond('asked');
    await untilDone(probe, 1);
    expect(rig.received('session.configure')[0]).toMatchObject({
      session: { generate_initial_response: true },
    });
    expect(rig.received('response.create')).toEqual([]);
    expect(probe.audio('asked')).toEqual(sound(0, 3));
  });

  it('is warned of a model that goes away, and goes on', async () => {
    rig = await HydraRig.start({}, { model: 'hydra' });
    await rig.open();
    expect(rig.backend.figures()).toMatchObject({ warnings: 1, sessionsOpen: 1 });
    expect(rig.logged).toContain('{"event":"upstream.warning","code":"model_deprecated"}');
  });

  it('notices that it got another voice', async () => {
    rig = await HydraRig.start({ unknownVoice: 'fallback' });
    const probe = await rig.open({ settings: settings({ voice: 'marin' }) });
    await probe.speak(200);
    expect(rig.logged).toContain('{"event":"upstream.other_voice","voice":"marin"}');
  });

  it('tells other tools at any time, and nothing else', async () => {
    const probe = await started();
    await probe.speak(200);
    probe.session.send({ type: 'configure', settings: settings({ tools: [weather] }) });
    probe.session.send({ type: 'configure', settings: settings({ tools: [weather] }) });
    await probe.wait(100);
    const parameters = { type: 'object', properties: {} };
    const tools = [{ type: 'function', name: 'weather', parameters }];
    expect(rig.received('session.update')).toEqual([
      { type: 'session.update', session: { tools } },
    ]);
    probe.session.send({
      type: 'configure',
      settings: settings({ tools: [weather], instructions: 'Other.' }),
    });
    await probe.wait(100);
    expect(rig.received('session.update')).toHaveLength(1);
    expect(rig.received('session.configure')).toHaveLength(1);
    expect(rig.backend.figures()).toMatchObject({ settingsIgnored: 1 });
    expect(rig.upstream.violations).toEqual([]);
  });

  it('tells tools that changed while the settings were under way', async () => {
    const probe = await started();
    probe.session.send({ type: 'audio', chunk: nextChunk(probe, { samples: 320, amplitude: 0 }) });
    probe.session.send({ type: 'configure', settings: settings({ tools: [weather] }) });
    await probe.wait(100);
    expect(rig.upstream.config?.tools).toMatchObject([{ name: 'weather' }]);
  });
});

describe('hydra, idleness', () => {
  it('lives for minutes without a word, once it is in use', async () => {
    const probe = await started();
    await probe.speak(200);
    await probe.wait(120_000);
    expect(probe.ended).toBe(false);
    expect(rig.server.open).toBe(1);
    // Silence in real time, no more and no less.
    const sentMs = rig.upstream.appendedSamples / 16;
    expect(sentMs).toBeGreaterThan(119_500);
    expect(sentMs).toBeLessThan(120_300);
    await speak(probe, { ms: 500 });
    await untilDone(probe, 1);
  });

  it('is given up by the upstream unused, and had again when it is needed', async () => {
    const probe = await started();
    await probe.wait(40_000);
    expect(rig.server.open).toBe(0);
    expect(probe.ended).toBe(false);
    probe.session.send({ type: 'configure', settings: settings({ instructions: 'Late.' }) });
    await speak(probe, { ms: 500 });
    await untilDone(probe, 1);
    expect(rig.server.sessions).toHaveLength(2);
    expect(rig.server.sessions[1]).toMatchObject({
      config: { instructions: 'Late.' },
      violations: [],
    });
    expect(rig.backend.figures()).toMatchObject({ sessionsReopened: 1, sessionsOpen: 1 });
  });

  it('fails when it cannot be had again', async () => {
    const probe = await started();
    await probe.wait(40_000);
    await rig.server.close();
    await probe.speak(200);
    await probe.until(() => probe.ended, 1000);
    expect(probe.events.at(-1)).toMatchObject({
      type: 'failed',
      error: { code: 'backend_refused' },
    });
  });

  it('can be closed while it is had again', async () => {
    const probe = await started();
    await probe.wait(40_000);
    probe.session.send({ type: 'audio', chunk: nextChunk(probe, { samples: 320, amplitude: 0 }) });
    probe.session.close();
    await probe.wait(1000);
    expect(rig.server.open).toBe(0);
    expect(rig.clock.pending).toBe(0);
  });
});

describe('hydra, turns', () => {
  it('is answered by itself, byte for byte', async () => {
    const probe = await started({ answers: [{ words: 4 }, { words: 5 }] });
    await speak(probe, { ms: 600 });
    await untilDone(probe, 1);
    await speak(probe, { ms: 600 });
    await untilDone(probe, 2);
    const lines = all(probe, 'line.started').map(({ lineId }) => lineId);
    expect(lines).toHaveLength(2);
    expect(probe.audio(lines[0]!)).toEqual(sound(0, 4));
    expect(probe.audio(lines[1]!)).toEqual(sound(4, 5));
    expect(all(probe, 'line.done').map(({ outcome, usage }) => [outcome.status, usage])).toEqual([
      ['completed', null],
      ['completed', null],
    ]);
    expect(rig.backend.figures()).toMatchObject({ inputTokens: 80, outputTokens: 9 });
    expect(rig.upstream.violations).toEqual([]);
  });

  it('says where the caller spoke on the caller’s own count, silence put in or not', async () => {
    const probe = await started();
    await speak(probe, { ms: 600 });
    // The microphone is off for two seconds: the upstream hears silence, the count stands still.
    await probe.wait(2000);
    await speak(probe, { ms: 600 });
    await untilDone(probe, 2);
    const places = all(probe, 'caller.speech').map(({ speaking, atSample }) => [
      speaking,
      Math.round(atSample / 16),
    ]);
    expect(places).toEqual([
      [true, 0],
      [false, 1100],
      [true, 1300],
      [false, 2400],
    ]);
  });

  it('is interrupted: cancelled upstream, late audio dropped, then the next line', async () => {
    const probe = await started({
      answers: [{ words: 100 }, { words: 3 }],
      fault: { kind: 'late_audio' },
    });
    await speak(probe, { ms: 600 });
    await probe.until(() => all(probe, 'line.audio').length > 5);
    const [first] = all(probe, 'line.started');
    await speak(probe, { ms: 600 });
    await untilDone(probe, 2);
    const from = probe.events.findIndex(
      (event, i) => i > 5 && event.type === 'caller.speech' && event.speaking,
    );
    const after = probe.events.slice(from).filter((event) => 'lineId' in event);
    expect(after[0]).toMatchObject({ type: 'line.done', outcome: { status: 'cancelled' } });
    const ofFirst = after.filter((event) => 'lineId' in event && event.lineId === first!.lineId);
    expect(ofFirst.map(({ type }) => type)).toEqual(['line.done']);
    expect(rig.received('response.cancel')).toHaveLength(1);
    expect(rig.backend.figures()['staleEvents']).toBeGreaterThanOrEqual(3);
    const [, second] = all(probe, 'line.started');
    expect(probe.audio(second!.lineId).byteLength).toBe(sound(0, 3).byteLength);
  });

  it('takes speech that comes to nothing for speech that stopped', async () => {
    const probe = await started({ fault: { kind: 'false_start' } });
    await speak(probe, { ms: 300 });
    expect(all(probe, 'caller.speech').map(({ speaking }) => speaking)).toEqual([true, false]);
    expect(all(probe, 'line.started')).toEqual([]);
    await speak(probe, { ms: 600 });
    await untilDone(probe, 1);
  });

  it('gives a line that was asked for to the response that comes, whoever began it', async () => {
    const probe = await started({ firstAudioMs: { p50: 500, p95: 501 } });
    await speak(probe, { ms: 600, silenceMs: 460 });
    probe.respond('asked');
    await probe.speak(400);
    await untilDone(probe, 1);
    await probe.wait(3000);
    // Its own detection and the request meet: one line, whatever the upstream makes of the request.
    expect(probe.done('asked')?.outcome).toEqual({ status: 'completed' });
    expect(all(probe, 'line.started').map(({ lineId }) => lineId)).toContain('asked');
    expect(probe.ended).toBe(false);
  });

  it.each([
    ['incomplete', 'max_output_tokens', { status: 'incomplete', reason: 'max_output_tokens' }],
    ['incomplete', 'content_filter', { status: 'incomplete', reason: 'content_filter' }],
    ['cancelled', 'interrupted', { status: 'cancelled' }],
    ['cancelled', 'client_cancelled', { status: 'cancelled' }],
    ['failed', 'rate_limit', { status: 'failed', error: { code: 'backend_overloaded' } }],
    ['failed', 'odd', { status: 'failed', error: { code: 'backend_refused' } }],
    ['strange', 'odd', { status: 'failed', error: { code: 'backend_refused' } }],
  ])('ends a line as %s for %s', async (status, reason, outcome) => {
    const probe = await started({ fault: { kind: 'end_responses', status, reason } });
    await speak(probe, { ms: 600 });
    await untilDone(probe, 1);
    expect(all(probe, 'line.done')[0]?.outcome).toMatchObject(outcome);
  });

  it('refuses an answer out of band', async () => {
    const probe = await started();
    probe.respond('asked', { outOfBand: true });
    await untilDone(probe, 1);
    expect(probe.done('asked')?.outcome).toMatchObject({
      status: 'failed',
      error: { code: 'unsupported_by_backend' },
    });
    expect(rig.upstream.received).toEqual([]);
  });

  it('counts what this wire has no word for', async () => {
    const probe = await started();
    await probe.speak(100);
    const item = { kind: 'tool_output', itemId: 'i', status: 'completed', output: '' } as const;
    const add = { type: 'item.add', afterItemId: undefined } as const;
    probe.session.send({ ...add, item: { ...item, toolCallId: 'nobody' } });
    probe.session.send({ type: 'clear' });
    probe.session.send({ type: 'item.delete', itemId: 'i' });
    probe.session.send({ type: 'truncate', lineId: 'l', heardMs: 1, heardText: null });
    probe.session.send({ type: 'cancel', lineId: 'nobody' });
    await probe.wait(100);
    expect(rig.received('conversation.item.create')).toEqual([]);
    expect(rig.backend.figures()).toMatchObject({ commandsUnmatched: 5 });
    expect(rig.upstream.violations).toEqual([]);
  });
});

describe('hydra, tools', () => {
  const tools = [
    { name: 'weather', arguments: '{"city":"Paris"}' },
    { name: 'clock', arguments: '' },
  ] as const;

  async function called(options: HydraStandInOptions = {}): Promise<SessionProbe> {
    const probe = await started({ answers: [{ tools }, { words: 3 }], ...options });
    await speak(probe, { ms: 600 });
    await untilDone(probe, 1);
    return probe;
  }

  function answer(probe: SessionProbe, place: number, output: string): void {
    const { toolCallId } = all(probe, 'tool.called')[place]!;
    const base = { kind: 'tool_output', itemId: `item_${place}`, status: 'completed' } as const;
    const item = { ...base, toolCallId, output };
    probe.session.send({ type: 'item.add', item, afterItemId: undefined });
  }

  it('are called once each, with name and arguments', async () => {
    const probe = await called();
    const calls = all(probe, 'tool.called');
    expect(calls.map(({ name, arguments: args }) => ({ name, arguments: args }))).toEqual(tools);
    const [{ toolCallId }] = calls as [(typeof calls)[0]];
    const responseId = 'resp_again';
    rig.upstream.say({ type: 'response.created', response: { id: responseId } });
    rig.upstream.say({
      type: 'response.function_call_arguments.done',
      response_id: responseId,
      call_id: toolCallId,
      name: 'weather',
      arguments: '{}',
    });
    await probe.wait(100);
    expect(all(probe, 'tool.called')).toHaveLength(2);
  });

  it('are answered by one response, 200 ms after the last output', async () => {
    const probe = await called();
    answer(probe, 0, 'rain');
    probe.respond('asked');
    await probe.wait(1000);
    expect(rig.received('response.create')).toEqual([]);
    answer(probe, 1, 'noon');
    await probe.wait(180);
    expect(rig.received('response.create')).toEqual([]);
    await probe.wait(40);
    expect(rig.received('response.create')).toEqual([
      { type: 'response.create', event_id: 'create:asked' },
    ]);
    await untilDone(probe, 2);
    expect(probe.audio('asked')).toEqual(sound(0, 3));
    expect([...rig.upstream.outputs.values()]).toEqual(['rain', 'noon']);
    expect(rig.upstream.violations).toEqual([]);
  });

  it('are answered once: what is repeated is counted and goes nowhere', async () => {
    const probe = await called();
    answer(probe, 0, 'rain');
    answer(probe, 0, 'sun');
    await probe.wait(100);
    expect(rig.received('conversation.item.create')).toHaveLength(1);
    expect(rig.backend.figures()).toMatchObject({ commandsUnmatched: 1 });
  });

  it('hold up an answer for 8 s and no longer', async () => {
    const probe = await called();
    answer(probe, 0, 'rain');
    probe.respond('asked');
    await probe.wait(7900);
    expect(rig.received('response.create')).toEqual([]);
    await probe.wait(300);
    expect(rig.received('response.create')).toHaveLength(1);
  });

  it('lose their occasion when the caller speaks, but not their output', async () => {
    const probe = await called();
    answer(probe, 0, 'rain');
    probe.respond('asked');
    await speak(probe, { ms: 600 });
    expect(probe.done('asked')?.outcome).toEqual({ status: 'cancelled' });
    await untilDone(probe, 3);
    answer(probe, 1, 'noon');
    await probe.wait(100);
    expect(rig.received('response.create')).toEqual([]);
    expect([...rig.upstream.outputs.values()]).toEqual(['rain', 'noon']);
  });
});

describe('hydra, an upstream that is closing', () => {
  it('is lost for its own reason, whatever is still said to it', async () => {
    const probe = await started();
    await probe.speak(200);
    rig.upstream.close(4001, 'Maintenance.');
    for (let i = 0; i < 200 && !probe.ended; i += 1) {
      probe.session.send({
        type: 'configure',
        settings: settings({ tools: i % 2 ? [weather] : [] }),
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(probe.events.at(-1)).toMatchObject({
      type: 'failed',
      error: { code: 'backend_closed', message: 'the upstream closed with 4001: Maintenance.' },
    });
  });
});
