import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { hearNumbers } from '../../ear/counted-speech.ts';
import { passTime } from '../pass-time.ts';
import type { HydraStandInOptions } from './options.ts';
import { startHydraStandIn, type HydraStandIn } from './server.ts';

type Event = { readonly type: string } & Readonly<Record<string, unknown>>;

const clock = new ManualClock();
const pass = passTime(clock);
let server: HydraStandIn;
afterEach(() => server.close());

/** A client without any manners of its own. */
class Raw {
  readonly events: Event[] = [];
  readonly socket: WebSocket;
  closed: { readonly code: number; readonly reason: string } | null = null;
  status: number | null = null;

  constructor(query: string) {
    this.socket = new WebSocket(`${server.url}?${query}`);
    this.socket.on('message', (data: Buffer) =>
      this.events.push(JSON.parse(data.toString('utf8')) as Event),
    );
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString('utf8') };
    });
    this.socket.on('unexpected-response', (request, { statusCode }) => {
      this.status = statusCode ?? 0;
      request.destroy();
    });
    this.socket.on('error', () => undefined);
  }

  get types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }

  get errors(): readonly unknown[] {
    return this.events.flatMap(({ type, error }) => (type === 'error' ? [error] : []));
  }

  async say(event: object): Promise<void> {
    this.socket.send(JSON.stringify(event));
    await pass(20);
  }

  async append(ms: number, amplitude: number): Promise<void> {
    const pcm = Int16Array.from({ length: 320 }, (_, i) => amplitude * Math.sin(i / 3));
    const audio = Buffer.from(pcm.buffer).toString('base64');
    for (let saidMs = 0; saidMs < ms; saidMs += 20) {
      await this.say({ type: 'input_audio_buffer.append', audio });
    }
  }

  /** Agent audio as samples. */
  get heard(): Float32Array {
    const pieces = this.events.flatMap(({ type, delta }) =>
      type === 'response.output_audio.delta' ? [Buffer.from(String(delta), 'base64')] : [],
    );
    const bytes = Buffer.concat(pieces);
    return Float32Array.from(
      { length: bytes.length / 2 },
      (_, i) => bytes.readInt16LE(i * 2) / 32_768,
    );
  }
}

async function connect(
  options: HydraStandInOptions = {},
  query = 'model=hydra-v1.1',
): Promise<Raw> {
  server = await startHydraStandIn({ clock, ...options });
  const raw = new Raw(query);
  await pass(100);
  return raw;
}

const configure = (session: object = {}): object => ({ type: 'session.configure', session });

async function configured(options: HydraStandInOptions = {}): Promise<Raw> {
  const raw = await connect(options);
  await raw.say(configure());
  return raw;
}

describe('the hydra stand-in, at the door', () => {
  it.each([
    ['model=hydra-v1.1', 401],
    ['model=hydra-v1.1&api_key=wrong', 401],
    ['api_key=right', 400],
  ])('refuses %s with %i', async (query, status) => {
    const raw = await connect({ apiKey: 'right' }, query);
    expect(raw.status).toBe(status);
    expect(server.sessions).toEqual([]);
  });

  it('lets the key in, and speaks first', async () => {
    const raw = await connect({ apiKey: 'right' }, 'model=hydra-v1.1&api_key=right');
    expect(raw.types).toEqual(['session.created']);
  });

  it('warns of the old name before anything else', async () => {
    const raw = await connect({}, 'model=hydra');
    expect(raw.types).toEqual(['warning', 'session.created']);
    expect(raw.events[0]).toMatchObject({ warning: { code: 'model_deprecated' } });
  });

  it('is full: an error, then 1013', async () => {
    const raw = await connect({ maxSessions: 0 });
    expect(raw.errors).toMatchObject([{ code: 'server_full' }]);
    expect(raw.types).toEqual(['error']);
    expect(raw.closed).toMatchObject({ code: 1013 });
  });
});

describe('the hydra stand-in, its rules', () => {
  it.each<[string, object]>([
    ['audio before the settings', { type: 'input_audio_buffer.append', audio: 'A'.repeat(428) }],
    ['an answer before the settings', { type: 'response.create' }],
    ['a type it has not', { type: 'input_audio_buffer.commit' }],
    ['unknown settings', configure({ temperature: 1 })],
  ])('refuses %s', async (_what, event) => {
    const raw = await connect();
    await raw.say({ event_id: 'mine', ...event });
    expect(raw.errors).toMatchObject([{ code: 'invalid_frame', event_id: 'mine' }]);
    expect(raw.closed).toBeNull();
    expect(server.sessions[0]?.violations).toHaveLength(1);
  });

  it('is configured once, and says what is in force', async () => {
    const raw = await configured();
    expect(raw.events.at(-1)).toMatchObject({
      type: 'session.configured',
      session: { voice: 'zoe', output_audio_sample_rate: 48_000 },
    });
    await raw.say(configure());
    expect(raw.errors).toMatchObject([{ code: 'invalid_frame' }]);
  });

  it.each([
    ['error', 1, undefined],
    ['fallback', 0, 'zoe'],
  ] as const)('takes an unknown voice as an %s', async (unknownVoice, errors, voice) => {
    const raw = await connect({ unknownVoice });
    await raw.say(configure({ voice: 'marin' }));
    expect(raw.errors).toHaveLength(errors);
    const last = raw.events.at(-1)?.['session'] as { readonly voice?: string } | undefined;
    expect(last?.voice).toBe(voice);
  });

  it.each<[string, object, string]>([
    ['instructions later', { type: 'session.update', session: { instructions: 'x' } }, 'frame'],
    ['pieces below 10 ms', { type: 'input_audio_buffer.append', audio: 'AAAA' }, 'audio'],
    [
      'outputs nobody waits for',
      {
        type: 'conversation.item.create',
        item: { type: 'function_call_output', call_id: 'c', output: '' },
      },
      'frame',
    ],
    [
      'text from outside',
      { type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [] } },
      'frame',
    ],
  ])('refuses %s', async (_what, event, code) => {
    const raw = await configured();
    await raw.say(event);
    expect(raw.errors).toMatchObject([{ code: `invalid_${code}` }]);
  });

  it('refuses what is no JSON text', async () => {
    const raw = await configured();
    raw.socket.send('{');
    raw.socket.send(Buffer.from('{}'), { binary: true });
    await pass(20);
    expect(raw.errors).toMatchObject([{ code: 'invalid_frame' }, { code: 'invalid_frame' }]);
  });

  it('ends an idle session with 1000, and not one that is used', async () => {
    const raw = await configured({ idleMs: 2000 });
    await pass(1500);
    await raw.append(1000, 0);
    expect(raw.closed).toBeNull();
    await pass(2100);
    expect(raw.closed).toMatchObject({ code: 1000 });
  });
});

describe('the hydra stand-in, talking', () => {
  it('hears a turn end, and counts aloud, in the vendor’s order', async () => {
    const raw = await configured({ answers: [{ words: 4 }] });
    await raw.append(600, 8000);
    await raw.append(700, 0);
    await pass(2000);
    const order = raw.types.filter((type, i) => type !== raw.types[i - 1]).slice(2);
    expect(order).toEqual([
      'input_audio_buffer.speech_started',
      'conversation.item.added',
      'input_audio_buffer.speech_stopped',
      'conversation.item.done',
      'response.created',
      'conversation.item.added',
      'response.output_audio.delta',
      'response.output_audio.done',
      'conversation.item.done',
      'response.done',
    ]);
    expect(hearNumbers(raw.heard, 48_000).map(({ number }) => number)).toEqual([0, 1, 2, 3]);
    expect(raw.events.at(-1)).toMatchObject({ response: { status: 'completed' } });
  });

  it('is interrupted by speech and by a cancel, each with its reason', async () => {
    const raw = await configured({ answers: [{ words: 200 }] });
    await raw.append(100, 8000);
    await raw.append(600, 0);
    await pass(1500);
    await raw.append(100, 8000);
    expect(raw.events.at(-1)).toMatchObject({
      type: 'response.done',
      response: { status: 'cancelled', status_details: { reason: 'interrupted' } },
    });
    await raw.append(600, 0);
    await pass(1000);
    await raw.say({ type: 'response.cancel', response_id: 'another' });
    expect(raw.types.filter((type) => type === 'response.done')).toHaveLength(1);
    await raw.say({ type: 'response.cancel' });
    expect(raw.events.at(-1)).toMatchObject({
      response: { status: 'cancelled', status_details: { reason: 'client_cancelled' } },
    });
    await raw.say({ type: 'response.cancel' });
    expect(raw.errors).toEqual([]);
    // It goes on where it was.
    const said = hearNumbers(raw.heard, 48_000).map(({ number }) => number);
    expect(new Set(said).size).toBe(said.length);
  });

  it('calls tools, and notes who asks for an answer too early', async () => {
    const tools = [
      { name: 'f', arguments: '{"a":1}' },
      { name: 'g', arguments: '{}' },
    ];
    const raw = await configured({ answers: [{ tools }, { words: 2 }] });
    await raw.say({ type: 'response.create' });
    await pass(1500);
    const calls = raw.events.filter(({ type }) => type.endsWith('arguments.done'));
    expect(calls).toMatchObject([
      { name: 'f', arguments: '{"a":1}' },
      { name: 'g', arguments: '{}' },
    ]);
    const item = { type: 'function_call_output', call_id: calls[0]?.['call_id'], output: '1' };
    await raw.say({ type: 'conversation.item.create', item });
    await raw.say({ type: 'response.create' });
    expect(server.sessions[0]?.violations).toEqual(['an answer before all tool outputs']);
    await raw.say({ type: 'response.create' });
    expect(raw.errors).toMatchObject([{ message: 'A response is in progress.' }]);
  });

  it('speaks first when it is told to', async () => {
    const raw = await connect({ answers: [{ words: 2 }] });
    await raw.say(configure({ generate_initial_response: true }));
    await pass(2000);
    expect(hearNumbers(raw.heard, 48_000).map(({ number }) => number)).toEqual([0, 1]);
  });

  it('draws its delays from the spread it was given, and keeps them', async () => {
    const raw = await configured({
      answers: [{ words: 1 }],
      firstAudioMs: { p50: 200, p95: 400 },
    });
    for (let i = 0; i < 120; i += 1) {
      await raw.say({ type: 'response.create' });
      const done = (): number => raw.types.filter((type) => type === 'response.done').length;
      for (let step = 0; step < 100 && done() <= i; step += 1) await pass(40);
    }
    const drawn = server.sessions[0]!.drawnMs.toSorted((a, b) => a - b);
    expect(drawn).toHaveLength(120);
    expect(drawn[60]).toBeGreaterThan(160);
    expect(drawn[60]).toBeLessThan(245);
    expect(drawn[114]).toBeGreaterThan(300);
    expect(drawn[114]).toBeLessThan(560);
  });
});
