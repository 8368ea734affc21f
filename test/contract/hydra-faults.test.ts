import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { hydraBackend, hydraOptions } from '../../adapters/backends/hydra/index.ts';
import { CallError } from '../../src/ports/errors.ts';
import type { HydraFault } from '../upstream/hydra/options.ts';
import { HydraRig, rigKey } from '../upstream/hydra/rig.ts';
import { speak } from '../upstream/hydra/speak.ts';
import type { SessionProbe } from './session-probe.ts';

let rig: HydraRig;
afterEach(async () => {
  // Whatever went wrong: no socket and no timer stays, and no key in any log line.
  await rig.backend.close();
  for (const session of rig.server.sessions) session.thaw();
  for (let step = 0; step < 100 && rig.server.open > 0; step += 1) await rig.pass(20);
  expect(rig.server.open).toBe(0);
  expect(rig.clock.pending).toBe(0);
  expect(rig.backend.figures()['sessionsOpen']).toBe(0);
  for (const spelling of [rigKey, encodeURIComponent(rigKey)]) {
    expect(rig.logged.join('\n')).not.toContain(spelling);
  }
  await rig.close();
});

const tools = [{ name: 'f', arguments: '{}' }] as const;

async function refusal(fault: HydraFault | null, apiKey = rigKey): Promise<CallError> {
  rig = await HydraRig.start({ fault, apiKey });
  const thrown: unknown = await rig.open().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(CallError);
  expect((thrown as CallError).message).not.toContain(rigKey);
  expect((thrown as CallError).message).not.toContain(encodeURIComponent(rigKey));
  return thrown as CallError;
}

/** A call that goes through every phase, as far as it comes: silence, speech, an answer, a tool. */
async function wholeCall(fault: HydraFault): Promise<SessionProbe> {
  const answers = [{ words: 12 }, { tools }];
  rig = await HydraRig.start({ fault, answers });
  const probe = await rig.open();
  await probe.speak(200);
  for (let turn = 0; turn < 2 && !probe.ended; turn += 1) {
    await speak(probe, { ms: 600 });
    await probe.wait(4000);
  }
  return probe;
}

/** What such a call ends with. */
async function failure(fault: HydraFault): Promise<CallError> {
  const probe = await wholeCall(fault);
  await probe.until(() => probe.ended, 5000);
  await probe.finished();
  const last = probe.events.at(-1);
  if (last?.type !== 'failed') throw new Error(`it ended with ${last?.type ?? 'nothing'}`);
  expect(probe.events.filter(({ type }) => type === 'failed')).toHaveLength(1);
  expect(last.error.message).not.toContain(rigKey);
  return last.error;
}

describe('hydra, an upstream that cannot be had', () => {
  it.each([401, 403, 404, 429, 500, 503])('refuses with HTTP %i', async (status) => {
    const error = await refusal({ kind: 'refuse', status });
    expect(error.code).toBe('backend_refused');
    expect(error.message).toBe(
      `the upstream refused with HTTP ${status} (told_to_refuse: As told.)`,
    );
  });

  it('refuses the key: the key is not repeated, though the upstream repeats it', async () => {
    const error = await refusal(null, 'another');
    expect(error.message).toBe(
      'the upstream refused with HTTP 401 (unauthorized: Invalid api_key=[key])',
    );
  });

  it.each(['', '<html>', '[]', '{"error":"busy"}', 'x'.repeat(20_000)])(
    'refuses with a body like %.20s',
    async (body) => {
      const error = await refusal({ kind: 'refuse', status: 502, body });
      expect(error.code).toBe('backend_refused');
      expect(error.message).toContain('HTTP 502');
    },
  );

  it.each<[string, HydraFault, string, string]>([
    ['is gone', { kind: 'drop', at: 'handshake' }, 'backend_refused', 'ECONNRESET'],
    ['never answers', { kind: 'stall', at: 'handshake' }, 'backend_stalled', 'no session'],
    ['says nothing', { kind: 'stall', at: 'open' }, 'backend_stalled', 'no session'],
    ['is dropped', { kind: 'drop', at: 'open' }, 'backend_closed', 'closed with 1006'],
    [
      'closes at once',
      { kind: 'close', at: 'open', code: 1008, reason: `no ${rigKey}` },
      'backend_closed',
      'closed with 1008: no [key]',
    ],
    [
      'is too busy',
      { kind: 'close', at: 'open', code: 1013, reason: 'busy' },
      'backend_overloaded',
      'closed with 1013: busy',
    ],
    [
      'says an error first',
      { kind: 'error', at: 'open', code: 'invalid_api_key', message: `Bad key ${rigKey}` },
      'backend_refused',
      'invalid_api_key: Bad key [key]',
    ],
    ['sends nonsense', { kind: 'send', at: 'open', text: '{' }, 'backend_protocol', 'not JSON'],
  ])('%s', async (_what, fault, code, message) => {
    const error = await refusal(fault);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('is full: server_full, and the close behind it', async () => {
    rig = await HydraRig.start({ maxSessions: 1 });
    const probe = await rig.open();
    await expect(rig.open()).rejects.toMatchObject({
      code: 'backend_overloaded',
      message: 'the upstream said server_full: All places are taken.',
    });
    expect(probe.ended).toBe(false);
  });

  it('is not there', async () => {
    rig = await HydraRig.start();
    await rig.server.close();
    await expect(rig.open()).rejects.toMatchObject({
      code: 'backend_refused',
      message: expect.stringContaining('ECONNREFUSED') as unknown,
    });
  });

  it('is given up while it opens, and nothing stays', async () => {
    rig = await HydraRig.start({ fault: { kind: 'stall', at: 'open' } });
    const giveUp = new AbortController();
    const opening = rig.backend.open(rig.context(), giveUp.signal);
    await rig.pass(200);
    giveUp.abort(new CallError('backend_closed', 'the call is over'));
    await expect(opening).rejects.toMatchObject({ code: 'backend_closed' });
    expect(rig.backend.figures()).toMatchObject({ opensRefused: 1 });
  });

  it('is no WebSocket server at all', async () => {
    rig = await HydraRig.start();
    const babbler = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume().end('220 smtp ready\r\n');
    });
    await new Promise<void>((resolve) => babbler.listen(0, '127.0.0.1', resolve));
    const { port } = babbler.address() as { port: number };
    const backend = hydraBackend('other', hydraOptions.parse({ url: `ws://127.0.0.1:${port}/` }), {
      env: {},
      readText: () => Promise.reject(new Error('no file is to be read here')),
    });
    const opening = backend.open(rig.context(), new AbortController().signal);
    await expect(opening).rejects.toMatchObject({ code: 'backend_refused' });
    await new Promise((resolve) => babbler.close(resolve));
  });
});

describe('hydra, an upstream that goes wrong at every phase of a call', () => {
  const places = [
    { at: 'configure' },
    { at: 'idle' },
    { at: 'speech' },
    { at: 'audio', afterMs: 0 },
    { at: 'audio', afterMs: 500 },
    { at: 'tool' },
  ] as const;

  it.each(
    places.flatMap((place) =>
      [1000, 1001, 1008, 1011, 1013, 4000].map((code) => ({ ...place, code })),
    ),
  )('closes with $code at $at', async (place) => {
    const error = await failure({ kind: 'close', reason: `Enough of ${rigKey}.`, ...place });
    expect(error.code).toBe(place.code === 1013 ? 'backend_overloaded' : 'backend_closed');
    expect(error.message).toBe(`the upstream closed with ${place.code}: Enough of [key].`);
  });

  it.each(places)('is gone without a word at $at', async (place) => {
    const error = await failure({ kind: 'drop', ...place });
    expect(error).toMatchObject({
      code: 'backend_closed',
      message: 'the upstream closed with 1006',
    });
  });

  it.each(
    places.flatMap((place) =>
      ['{', '[]', '"x"', '{"type":1}', '{"type":"response.done"}'].map((text) => ({
        ...place,
        text,
      })),
    ),
  )('sends $text at $at', async (place) => {
    const error = await failure({ kind: 'send', ...place });
    expect(error.code).toBe('backend_protocol');
  });

  it.each(places)('says server_full at $at', async (place) => {
    const fault = { kind: 'error', code: 'server_full', message: 'Full.', ...place } as const;
    const error = await failure(fault);
    expect(error.code).toBe('backend_overloaded');
    expect(error.message).toBe('the upstream said server_full: Full.');
  });

  it.each(places.slice(1))('says an error at $at, and the call goes on', async (place) => {
    const message = `A tool took too long for ${rigKey}.`;
    const probe = await wholeCall({
      kind: 'error',
      code: 'tool_response_timeout',
      message,
      ...place,
    });
    expect(probe.ended).toBe(false);
    expect(rig.backend.figures()).toMatchObject({ benignErrors: 1, linesCompleted: 2 });
  });

  it.each(places.slice(1))('falls silent at $at, and can be closed', async (place) => {
    const probe = await wholeCall({ kind: 'stall', ...place });
    expect(probe.ended).toBe(false);
    probe.session.close();
    await probe.until(() => probe.ended, 1000);
  });

  it.each(places)('sends what nobody knows at $at', async (place) => {
    const text = JSON.stringify({ type: 'response.hologram.delta', news: [1, { 2: 3 }] });
    const probe = await wholeCall({ kind: 'send', text, ...place });
    expect(probe.ended).toBe(false);
    expect(rig.backend.figures()).toMatchObject({ unknownEvents: 1, linesCompleted: 2 });
  });

  it('refuses the settings', async () => {
    const fault = {
      kind: 'error',
      at: 'configure',
      code: 'invalid_voice',
      message: 'No.',
    } as const;
    const error = await failure(fault);
    expect(error.code).toBe('backend_refused');
    expect(error.message).toBe('the upstream said invalid_voice: No.');
  });

  it('never confirms the settings', async () => {
    rig = await HydraRig.start({ fault: { kind: 'stall', at: 'configure' } });
    const probe = await rig.open();
    await probe.speak(9000);
    await probe.until(() => probe.ended, 1000);
    expect(probe.events.at(-1)).toMatchObject({
      type: 'failed',
      error: {
        code: 'backend_stalled',
        message: 'the upstream gave no settings in force within 8000 ms',
      },
    });
  });

  it('speaks at another rate than it should: refused, not played at the wrong pitch', async () => {
    const error = await failure({ kind: 'other_rate', rateHz: 24_000 });
    expect(error.message).toBe('the upstream speaks at 24000 Hz, not 48000');
  });

  it('sends a message over the limit', async () => {
    const text = JSON.stringify({ type: 'x', padding: 'x'.repeat(5 * 1024 * 1024) });
    const error = await failure({ kind: 'send', at: 'speech', text });
    expect(error).toMatchObject({ code: 'backend_protocol' });
    expect(error.message).toContain('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
  });

  it.each(['AAAA', 'A', '*'])('sends audio that is none: %s', async (delta) => {
    const event = { type: 'response.output_audio.delta', response_id: 'r', item_id: 'i', delta };
    const error = await failure({ kind: 'send', at: 'speech', text: JSON.stringify(event) });
    expect(error.code).toBe('backend_protocol');
  });

  it('does not answer pings', async () => {
    rig = await HydraRig.start();
    const probe = await rig.open();
    rig.upstream.freeze();
    await probe.until(() => probe.ended, 120_000);
    expect(probe.events.at(-1)).toMatchObject({
      type: 'failed',
      error: { code: 'backend_stalled', message: 'the upstream does not answer pings' },
    });
  });

  it('does not read what it is sent: audio is refused and counted, the session lives on', async () => {
    rig = await HydraRig.start();
    const probe = await rig.open();
    await probe.speak(200);
    rig.upstream.freeze();
    const bytes = new Uint8Array(64_000);
    const results = new Set<string>();
    for (let i = 0; i < 300; i += 1) {
      const startSample = 3200 + i * 32_000;
      const place = { startSample, samples: 32_000, bytes, atMs: 0 } as const;
      const chunk = { codec: 'pcm16', rateHz: 16_000, ...place } as const;
      results.add(probe.session.send({ type: 'audio', chunk }));
    }
    expect(results).toEqual(new Set(['ok', 'overflow']));
    expect(rig.backend.figures()['inputOverflowSamples']).toBeGreaterThan(0);
    expect(probe.ended).toBe(false);
  });
});
