import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LogEntry } from '../../src/ports/events.ts';
import { systemClock } from '../../src/time/clock.ts';
import { Ear, type EarOptions } from '../ear/ear.ts';
import { ownWire } from '../ear/own-wire.ts';
import { fixture } from '../ear/speech.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startStandIn, type StandIn } from '../upstream/openai-realtime-server.ts';
import { logOf, murmurs, objection } from './floor-stage.ts';
import { orderViolations } from './order.ts';
import { together } from './together.ts';

const long = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ');
/** Bytes of 20 ms of the caller's sound. */
const chunkBytes = 960;
const speechStarted = 'input_audio_buffer.speech_started';

interface Talk {
  readonly ear: Ear;
  /** The ear's time zero on the machine's clock, ms. */
  readonly originMs: number;
}

/**
 * The same conversation under every authority: a question, a murmur over the answer, speech that
 * means it over the next one. Upstreams are stand-ins; their errors tell who fought whom.
 */
describe('authorities do not fight the other side', () => {
  const upstreams = new Map<string, StandIn>();
  let gateway: TestGateway;
  let talks: ReturnType<typeof startTalks>;

  beforeAll(async () => {
    vi.stubEnv('FLOOR_KEY', 'sk-floor');
    for (const name of ['asked', 'told', 'ours']) {
      upstreams.set(name, await startStandIn({ apiKey: 'sk-floor', answers: [{ text: long }] }));
    }
    const backend = (name: string): object => ({
      type: 'openai-realtime',
      model: 'gpt-realtime-2.1',
      apiKeyEnv: 'FLOOR_KEY',
      url: upstreams.get(name)!.url,
    });
    const names = [...upstreams.keys()];
    const authority = (name: string): string => (name === 'ours' ? 'gateway' : 'backend');
    gateway = await startGateway({
      config: JSON.stringify({
        backends: Object.fromEntries(names.map((name) => [name, backend(name)])),
        agents: Object.fromEntries(
          names.map((name) => [name, { backends: [name], turns: { authority: authority(name) } }]),
        ),
      }),
    });
    talks = startTalks(gateway);
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all([...upstreams.values()].map((upstream) => upstream.close()));
    vi.unstubAllEnvs();
  });

  const upstream = (name: string): StandIn['sessions'][number] => upstreams.get(name)!.sessions[0]!;
  const sent = (name: string, type: string): readonly object[] =>
    upstream(name).received.filter((event) => event.type === type);

  it.each([
    ['a client that only stops its player', 'asked'],
    ['a client that truncates by itself', 'told'],
  ] as const)('[T13] the backend judges, with %s', async (_, name) => {
    const { ear, originMs } = await talks[name]();
    const { refused, heardAtMs, state, appendedBytes } = upstream(name);
    // Its own detection is on, and everything that it decided stands: nobody decides it again.
    expect(state.detection).not.toBeNull();
    expect(refused).toEqual([]);
    for (const type of ['response.cancel', 'response.create', 'input_audio_buffer.commit']) {
      expect(sent(name, type), type).toEqual([]);
    }
    const truncated = sent(name, 'conversation.item.truncate').map((event) => ({
      ...(event as { readonly item_id: string; readonly audio_end_ms: number }),
    }));
    expect(truncated.length).toBeGreaterThan(0);
    for (const [i, { item_id: itemId, audio_end_ms: endMs }] of truncated.entries()) {
      // A second word about the same item can only be that less of it was heard.
      const earlier = truncated.slice(0, i).findLast((it) => it.item_id === itemId);
      expect(endMs).toBeLessThan(earlier?.audio_end_ms ?? Infinity);
    }
    // Speech is shown when the backend says so, each time, murmurs too.
    const shown = ear.events.filter(({ event }) => event.type === speechStarted);
    expect(shown).toHaveLength(heardAtMs.length);
    expect(heardAtMs.length).toBeGreaterThanOrEqual(3);
    for (const [i, { atMs }] of shown.entries()) {
      expect(atMs + originMs - heardAtMs[i]!).toBeLessThan(100);
    }
    // Every byte that the microphone gave has arrived.
    expect(appendedBytes).toBe(ear.microphone.counts.chunks * chunkBytes);
    const log = await logOf(gateway, name);
    expectNone(log, ['agent.ducked', 'agent.held', 'speech.interrupted', 'audio.dropped']);
    expect(orderViolations(ear.events.map(({ event }) => event))).toEqual([]);
    expect(ear.types).not.toContain('error');
  });

  it('[T20] [T26] the gateway judges: the murmur is no speech, one cancel for the objection', async () => {
    const { ear } = await talks.ours();
    const { refused, state, appendedBytes } = upstream('ours');
    expect(state.detection).toBeNull();
    expect(refused).toEqual([]);
    expect(sent('ours', 'response.cancel').length).toBeLessThanOrEqual(1);
    const log = await logOf(gateway, 'ours');
    expect(log.filter(({ type }) => type === 'speech.interrupted')).toHaveLength(1);
    expect(log.filter(({ type }) => type === 'speech.dismissed')).toHaveLength(1);
    expect(ear.types.filter((type) => type === speechStarted)).toHaveLength(2);
    // A turn that begins after a murmur is given once more, without it.
    expect(appendedBytes).toBeGreaterThanOrEqual(ear.microphone.counts.chunks * chunkBytes);
    expect(orderViolations(ear.events.map(({ event }) => event))).toEqual([]);
    expect(ear.types).not.toContain('error');
  });

  it('[T12] the model judges: no frame is kept from it, nothing is lowered, held or cut', async () => {
    const { ear } = await talks.parrot();
    const log = await logOf(gateway, 'parrot');
    expectNone(log, ['agent.ducked', 'agent.held', 'speech.interrupted', 'fault']);
    // A machine too slow for the model drops at the model's own door, which `bench load` measures.
    const dropped = log.filter((entry) => entry.type === 'audio.dropped');
    expect(dropped.filter(({ where }) => where !== 'model_input')).toEqual([]);
    const cuts = log.filter((entry) => entry.type === 'agent.cut');
    expect(cuts.map(({ by }) => by)).toEqual(['model']);
    // The murmur is a label in the log and nothing to the client; the objection is shown afterwards.
    const dismissed = log.filter((entry) => entry.type === 'speech.dismissed');
    expect(dismissed.map(({ verdict }) => verdict)).toEqual(['backchannel']);
    const shown = ear.events.filter(({ event }) => event.type === speechStarted);
    expect(shown).toHaveLength(2);
    const cut = cuts[0]!;
    const started = log.filter((entry) => entry.type === 'speech.started').at(-1)!;
    expect(started.seq).toBeGreaterThan(cut.seq);
    // It is shown with the place where it began, which was before the model stopped.
    expect(started.audioStartMs).toBeLessThan(cut.atMs - 100);
    expect(orderViolations(ear.events.map(({ event }) => event))).toEqual([]);
    expect(ear.types).not.toContain('error');
  });
});

function expectNone(log: readonly LogEntry[], types: readonly LogEntry['type'][]): void {
  expect(log.map(({ type }) => type).filter((type) => types.includes(type))).toEqual([]);
}

function startTalks({ wsUrl }: TestGateway) {
  const call = async (agent: string, options: EarOptions): Promise<Talk> => {
    const ear = await Ear.connect(ownWire({ url: `${wsUrl}/v1/realtime`, agent }), {
      playout: { bufferMs: 100 },
      ...options,
    });
    const originMs = systemClock.nowMs() - ear.nowMs;
    await converse(ear, agent === 'parrot');
    return { ear, originMs };
  };
  return together({
    asked: () => call('asked', { onSpeechStarted: 'stop' }),
    told: () => call('told', { onSpeechStarted: 'truncate' }),
    ours: () => call('ours', { onSpeechStarted: 'truncate' }),
    parrot: () => call('parrot', { onSpeechStarted: 'stop' }),
  });
}

/** A question, a murmur over the answer, an objection, and the answer to that. */
async function converse(ear: Ear, echoes: boolean): Promise<void> {
  ear.say(fixture(echoes ? 'museum' : 'thanks').samples);
  await ear.untilPlaying(800);
  ear.say(murmurs[0]!);
  await ear.pause(1000);
  // Whoever took the murmur for speech answers once more.
  await ear.untilPlaying(1000);
  const from = ear.events.length;
  const { left } = ear.say(objection);
  await ear.waitFor('response.done', { from });
  await left;
  await ear.pause(300);
  await ear.untilPlaying(300);
  await ear.untilQuiet(500, 40_000);
  ear.microphone.stop();
  await ear.pause(200);
  await ear.close();
}
