import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  openAiRealtimeBackend,
  openAiRealtimeOptions,
} from '../../adapters/backends/openai-realtime/index.ts';
import { CallError } from '../../src/ports/errors.ts';
import { HostedRig, rigKey } from '../upstream/hosted-rig.ts';
import type { StandInFault } from '../upstream/options.ts';
import type { SessionProbe } from './session-probe.ts';

let rig: HostedRig;
afterEach(async () => {
  // Whatever went wrong: no socket and no timer stays, and no key in any log line.
  await rig.backend.close();
  for (const session of rig.server.sessions) session.thaw();
  for (let step = 0; step < 100 && rig.server.open > 0; step += 1) await rig.pass(20);
  expect(rig.server.open).toBe(0);
  expect(rig.clock.pending).toBe(0);
  expect(rig.backend.figures()['sessionsOpen']).toBe(0);
  expect(rig.logged.join('\n')).not.toContain(rigKey);
  await rig.close();
});

async function refusal(fault: StandInFault | null, apiKey = rigKey): Promise<CallError> {
  rig = await HostedRig.start({ fault, apiKey });
  const thrown: unknown = await rig.open().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(CallError);
  expect((thrown as CallError).message).not.toContain(rigKey);
  return thrown as CallError;
}

const tool = { name: 'count_tables', arguments: '{}' };

/** A call through every phase, as far as it comes: silence, speech, an answer, an open tool. */
async function wholeCall(fault: StandInFault, differing = {}): Promise<SessionProbe> {
  const answers = [{ text: 'Of course. I am glad to help you with that.' }, { tool }];
  rig = await HostedRig.start({ fault, answers, ...differing });
  const { settings } = rig.context();
  const tools = [{ name: tool.name, description: null, parameters: null }];
  const probe = await rig.open({ settings: { ...settings, tools } });
  await probe.wait(200);
  for (let n = 0; n < 2 && !probe.ended; n += 1) {
    await probe.speak(200);
    const place = { fromSample: n * 4800, toSample: (n + 1) * 4800 };
    probe.session.send({ type: 'commit', itemId: `turn_${n}`, ...place });
    probe.respond(`line_${n}`);
    const over = (): boolean => probe.ended || probe.done(`line_${n}`) !== undefined;
    for (let waitedMs = 0; waitedMs < 4000 && !over(); waitedMs += 20) await probe.wait(20);
  }
  await probe.wait(200);
  return probe;
}

/** What a session with this fault ends with. */
async function failure(fault: StandInFault, differing = {}): Promise<[CallError, SessionProbe]> {
  const probe = await wholeCall(fault, differing);
  await probe.until(() => probe.ended);
  await probe.finished();
  expect(probe.events.filter(({ type }) => type === 'failed')).toHaveLength(1);
  const last = probe.events.at(-1);
  if (last?.type !== 'failed') throw new Error(`it ended with ${last?.type ?? 'nothing'}`);
  return [last.error, probe];
}

describe('openai-realtime, an upstream that cannot be had', () => {
  it.each([401, 403, 404, 429, 500, 503])(
    'refuses with HTTP %i: code and reason',
    async (status) => {
      const error = await refusal({ kind: 'refuse', status });
      expect(error.code).toBe('backend_refused');
      expect(error.message).toBe(
        `the upstream refused with HTTP ${status} ` +
          '(told_to_refuse: The stand-in was told to refuse.)',
      );
    },
  );

  it('refuses the key: the key is not repeated, though the upstream repeats it', async () => {
    const error = await refusal(null, 'sk-another');
    expect(error.message).toContain('HTTP 401 (invalid_api_key');
  });

  it.each(['', '<html>', '[]', '{"error":"busy"}', 'x'.repeat(20_000)])(
    'refuses with a body like %.20s',
    async (body) => {
      const error = await refusal({ kind: 'refuse', status: 502, body });
      expect(error.code).toBe('backend_refused');
      expect(error.message).toContain('HTTP 502');
    },
  );

  it.each<[string, StandInFault, string, string]>([
    [
      'is gone in the handshake',
      { kind: 'drop', at: 'handshake' },
      'backend_refused',
      'ECONNRESET',
    ],
    [
      'never answers the handshake',
      { kind: 'stall', at: 'handshake' },
      'backend_stalled',
      'no session',
    ],
    ['says nothing when open', { kind: 'stall', at: 'open' }, 'backend_stalled', 'no session'],
    [
      'never confirms settings',
      { kind: 'stall', at: 'configure' },
      'backend_stalled',
      'no settings',
    ],
    [
      'closes at once',
      { kind: 'close', at: 'open', code: 4000, reason: 'beta' },
      'backend_closed',
      'closed with 4000: beta',
    ],
    [
      'closes on settings',
      { kind: 'close', at: 'configure', code: 1008, reason: 'policy' },
      'backend_closed',
      'closed with 1008: policy',
    ],
    [
      'says an error first',
      { kind: 'error', at: 'open', code: 'invalid_api_key', message: `Bad key ${rigKey}` },
      'backend_refused',
      'invalid_api_key: Bad key [key]',
    ],
    [
      'refuses the settings',
      { kind: 'error', at: 'configure', code: 'invalid_value', message: 'No such voice.' },
      'backend_refused',
      'invalid_value: No such voice.',
    ],
    [
      'sends nonsense first',
      { kind: 'send', at: 'open', text: '{' },
      'backend_protocol',
      'not JSON',
    ],
  ])('%s', async (_what, fault, code, message) => {
    const error = await refusal(fault);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('is not there', async () => {
    rig = await HostedRig.start();
    await rig.server.close();
    const error: unknown = await rig.open().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'backend_refused' });
    expect((error as CallError).message).toContain('ECONNREFUSED');
  });

  it('is given up while it opens, and nothing stays', async () => {
    rig = await HostedRig.start({ fault: { kind: 'stall', at: 'configure' } });
    const giveUp = new AbortController();
    const opening = rig.backend.open(rig.context(), giveUp.signal);
    await rig.pass(200);
    giveUp.abort(new CallError('backend_closed', 'the call is over'));
    await expect(opening).rejects.toMatchObject({ code: 'backend_closed' });
    expect(rig.backend.figures()).toMatchObject({ opensRefused: 1 });
  });

  it('is no WebSocket server at all', async () => {
    rig = await HostedRig.start();
    const babbler: Server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume().end('220 smtp ready\r\n');
    });
    await new Promise<void>((resolve) => babbler.listen(0, '127.0.0.1', resolve));
    const { port } = babbler.address() as { port: number };
    const options = openAiRealtimeOptions.parse({ model: 'm', url: `ws://127.0.0.1:${port}/` });
    const backend = openAiRealtimeBackend('other', options, {
      env: {},
      readText: () => Promise.reject(new Error('no file is to be read here')),
    });
    const opening = backend.open(rig.context(), new AbortController().signal);
    await expect(opening).rejects.toMatchObject({ code: 'backend_refused' });
    await new Promise((resolve) => babbler.close(resolve));
  });
});

describe('openai-realtime, an upstream that goes wrong', () => {
  const places = [
    { at: 'idle' },
    { at: 'speech' },
    { at: 'tool' },
    { at: 'commit' },
    { at: 'create' },
    { at: 'audio', afterMs: 0 },
    { at: 'audio', afterMs: 500 },
  ] as const;

  it.each(
    places.flatMap((place) =>
      [1000, 1001, 1007, 1008, 1011, 1013, 4000].map((code) => ({ ...place, code })),
    ),
  )('closes with $code at $at', async (place) => {
    const [error] = await failure({ kind: 'close', reason: 'Enough.', ...place });
    expect(error.code).toBe('backend_closed');
    expect(error.message).toBe(`the upstream closed with ${place.code}: Enough.`);
  });

  it.each(places)('is gone without a word at $at', async (place) => {
    const [error] = await failure({ kind: 'drop', ...place });
    expect(error).toMatchObject({ code: 'backend_closed' });
    expect(error.message).toBe('the upstream closed with 1006');
  });

  it.each(
    places.flatMap((place) =>
      ['{', '[]', '"x"', '{"type":1}', '{"type":"response.done"}'].map((text) => ({
        ...place,
        text,
      })),
    ),
  )('sends $text at $at', async (place) => {
    const [error] = await failure({ kind: 'send', ...place });
    expect(error.code).toBe('backend_protocol');
  });

  it.each(places)('says that the session has expired at $at', async (place) => {
    const message = 'Your session hit the maximum duration of 60 minutes.';
    const [error] = await failure({ kind: 'error', code: 'session_expired', message, ...place });
    expect(error.code).toBe('backend_closed');
    expect(error.message).toBe(`the upstream said session_expired: ${message}`);
  });

  it.each(places)('says another error at $at, and the call goes on', async (place) => {
    const message = `No luck for ${rigKey}.`;
    const probe = await wholeCall({ kind: 'error', code: 'something_odd', message, ...place });
    expect(probe.ended).toBe(false);
    expect(rig.backend.figures()).toMatchObject({ benignErrors: 1, toolsCalled: 1 });
  });

  it.each(places)('falls silent at $at, and can be left', async (place) => {
    const probe = await wholeCall({ kind: 'stall', ...place });
    expect(probe.events.filter(({ type }) => type === 'failed')).toEqual([]);
    probe.session.close();
    await probe.until(() => probe.ended, 1000);
  });

  it.each(places)('sends what nobody knows at $at', async (place) => {
    const text = JSON.stringify({ type: 'response.hologram.delta', news: [1, { 2: 3 }] });
    const probe = await wholeCall({ kind: 'send', text, ...place });
    expect(probe.ended).toBe(false);
    expect(rig.backend.figures()).toMatchObject({ unknownEvents: 1, toolsCalled: 1 });
  });

  it('sends a message over the limit', async () => {
    const text = JSON.stringify({ type: 'x', padding: 'x'.repeat(5 * 1024 * 1024) });
    const [error] = await failure({ kind: 'send', at: 'create', text });
    expect(error).toMatchObject({ code: 'backend_protocol' });
    expect(error.message).toContain('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
  });

  it('sends audio that is not whole samples', async () => {
    const text = JSON.stringify({
      type: 'response.output_audio.delta',
      response_id: 'r',
      item_id: 'i',
      delta: 'AAAA',
    });
    const [error] = await failure({ kind: 'send', at: 'create', text });
    expect(error.code).toBe('backend_protocol');
  });

  it('says that the session has expired, and closes', async () => {
    rig = await HostedRig.start({ sessionCapMs: 3000 });
    const probe = await rig.open();
    await probe.until(() => probe.ended, 10_000);
    expect(probe.events.at(-1)).toMatchObject({
      type: 'failed',
      error: {
        code: 'backend_closed',
        message:
          'the upstream said session_expired: Your session hit the maximum duration of 60 minutes.',
      },
    });
  });

  it('does not answer pings', async () => {
    rig = await HostedRig.start();
    const probe = await rig.open();
    rig.upstream.freeze();
    await probe.until(() => probe.ended, 120_000);
    expect(probe.events.at(-1)).toMatchObject({
      type: 'failed',
      error: { code: 'backend_stalled', message: 'the upstream does not answer pings' },
    });
  });

  it('stands idle for minutes and lives', async () => {
    rig = await HostedRig.start();
    const probe = await rig.open();
    await probe.wait(300_000);
    expect(probe.ended).toBe(false);
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
  });

  it('does not read what it is sent: audio is refused and counted, the session lives on', async () => {
    rig = await HostedRig.start();
    const probe = await rig.open();
    rig.upstream.freeze();
    const bytes = new Uint8Array(96_000);
    const results = new Set<string>();
    for (let i = 0; i < 200; i += 1) {
      const chunk = {
        codec: 'pcm16',
        rateHz: 24_000,
        startSample: i * 48_000,
        samples: 48_000,
        bytes,
        atMs: 0,
      } as const;
      results.add(probe.session.send({ type: 'audio', chunk }));
    }
    expect(results).toEqual(new Set(['ok', 'overflow']));
    expect(rig.backend.figures()['inputOverflowSamples']).toBeGreaterThan(0);
    expect(probe.ended).toBe(false);
  });
});

describe('openai-realtime, faults of single answers', () => {
  it('ends the line with the upstream’s code and reason, and answers again', async () => {
    rig = await HostedRig.start({
      fault: {
        kind: 'fail_responses',
        code: 'inference_rate_limit_exceeded',
        message: 'Slow down.',
      },
    });
    const probe = await rig.open();
    for (const lineId of ['line_1', 'line_2']) {
      probe.respond(lineId);
      await probe.until(() => probe.done(lineId) !== undefined);
      expect(probe.done(lineId)?.outcome).toMatchObject({
        status: 'failed',
        error: {
          code: 'backend_overloaded',
          message: 'the upstream said inference_rate_limit_exceeded: Slow down.',
        },
      });
    }
    expect(probe.ended).toBe(false);
  });

  it.each(['rate_limits.updated', 'response.hologram.delta', 'output_audio_buffer.started'])(
    'is not disturbed by a %s out of nowhere',
    async (type) => {
      const text = JSON.stringify({ type, event_id: 'e', news: [1, { 2: 3 }] });
      rig = await HostedRig.start({ fault: { kind: 'send', at: 'create', text } });
      const probe = await rig.open();
      probe.respond('line_1');
      await probe.until(() => probe.done('line_1') !== undefined);
      expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
      expect(rig.backend.figures()['unknownEvents']).toBe(type.includes('hologram') ? 1 : 0);
    },
  );

  it('is not disturbed by an error that is about nothing', async () => {
    rig = await HostedRig.start({
      fault: { kind: 'error', at: 'create', code: 'something_odd', message: 'Hm.' },
    });
    const probe = await rig.open();
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(rig.backend.figures()).toMatchObject({ benignErrors: 1 });
  });

  it('waits for a slow one', async () => {
    rig = await HostedRig.start({ fault: { kind: 'slow' } });
    const probe = await rig.open();
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
  });
});
