import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { countWords, hearNumbers } from '../ear/counted-speech.ts';
import { Ear } from '../ear/ear.ts';
import { SaidSound } from '../ear/said-sound.ts';
import { fixture } from '../ear/speech.ts';
import { prepareResampler } from '../../src/audio/resampler.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startGeminiStandIn, type GeminiStandIn } from '../upstream/gemini/server.ts';
import { startStandIn, type StandIn } from '../upstream/openai-realtime-server.ts';
import { agentsWire, type AgentsSide } from './agents-wire.ts';
import { finish } from './live-scenarios.ts';
import { LiveCaller } from './live-wire.ts';
import { plainAgent } from './table-agent.ts';

const rateHz = 24_000;
const words = 12;

/** One pair of upstreams for each caller, so that one call's loss is no other's. */
interface Pair {
  readonly openai: StandIn;
  readonly gemini: GeminiStandIn;
}

const agents = ['agents', 'live', 'last'] as const;
const pairs = new Map<string, Pair>();
let gateway: TestGateway;

beforeAll(async () => {
  await prepareResampler();
  vi.stubEnv('HANDOVER_KEY', 'sk-handover-secret');
  const common = { firstAudioMs: { p50: 100, p95: 150 }, callerText: 'counted' } as const;
  const answers = { answers: [{ count: words }], realTimeFactor: 2 };
  for (const name of agents) {
    const [openai, gemini] = await Promise.all([
      startStandIn({ ...common, ...answers }),
      startGeminiStandIn({ ...common, ...answers }),
    ]);
    pairs.set(name, { openai, gemini });
  }
  const backends = [...pairs].flatMap(([name, { openai, gemini }]) => [
    [
      `${name}-openai`,
      { type: 'openai-realtime', model: 'm', url: openai.url, apiKeyEnv: 'HANDOVER_KEY' },
    ],
    [`${name}-gemini`, { type: 'gemini-live', url: gemini.origin, apiKeyEnv: 'HANDOVER_KEY' }],
  ]);
  gateway = await startGateway({
    config: JSON.stringify({
      backends: Object.fromEntries(backends) as object,
      agents: {
        agents: { backends: ['agents-openai', 'agents-gemini'] },
        live: { backends: ['live-openai', 'live-gemini'] },
        last: { backends: ['last-openai'], handover: { lastWords: 'Goodbye now.' } },
      },
    }),
  });
  expect(gateway.reasons).toEqual([]);
});
afterAll(async () => {
  await gateway.close();
  const all = [...pairs.values()].flatMap(({ openai, gemini }) => [openai, gemini]);
  await Promise.all(all.map((server) => server.close()));
  vi.unstubAllEnvs();
});

function killOpenAi(name: string): void {
  pairs.get(name)?.openai.sessions.at(-1)?.close(1011, 'internal error');
}

/** Everybody counts on from what was heard: no number is missing, none comes twice. */
function expectCounted(sound: Float32Array, least: number): void {
  const heard = hearNumbers(sound, rateHz);
  const numbers = heard.map(({ number }) => number);
  expect(countWords(numbers, heard).repeated).toEqual([]);
  expect(numbers).toEqual(Array.from(numbers, (_, at) => at + 1));
  expect(numbers.length).toBeGreaterThan(least);
}

describe.concurrent('a stock client whose backend is lost in the middle of a word', () => {
  it('@openai/agents-realtime: nothing is dropped, and the session goes on', async () => {
    const sides: AgentsSide[] = [];
    const url = `${gateway.wsUrl}/v1/realtime?model=agents`;
    const wire = agentsWire({ url, agent: plainAgent(), onSession: (side) => sides.push(side) });
    const said = new SaidSound();
    const ear = await Ear.connect(said.through(wire), { line: { noiseDbfs: null } });
    ear.send({ type: 'response.create' });
    await ear.untilPlaying(700);
    killOpenAi('agents');
    await ear.waitFor('response.done');
    await ear.untilQuiet(1500);
    // The SDK's own count of running responses is right again: it may ask for the next one.
    const from = ear.events.length;
    ear.send({ type: 'response.create' });
    await ear.waitFor('response.done', { from });
    await ear.untilQuiet(600);
    expectCounted(said.samples, 2 * words);
    await ear.close();
    const [side] = sides;
    expect(side?.dropped).toEqual([]);
    expect(side?.errors).toEqual([]);
    expect(ear.types).not.toContain('error');
    const ends = side?.session.history.flatMap((item) =>
      item.type === 'message' && item.role === 'assistant' ? [item.status] : [],
    );
    expect(ends).toEqual(['incomplete', 'completed', 'completed']);
  });

  it('openai (live/ws): the track goes on, and the transcript with it', async () => {
    const live = new LiveCaller({ url: gateway.url });
    await live.start({ model: 'live' });
    live.say(fixture('table').samples);
    await live.until(() => live.said('output').includes('3'), 'an answer');
    killOpenAi('live');
    const told = (): number[] => (live.said('output').match(/\d+/g) ?? []).map(Number);
    await live.until(() => told().length > words, 'the rest of the answer');
    await live.quiet();
    await finish(live);
    // Where the machine was late there is silence within a word of the track.
    const heard = hearNumbers(live.track(), rateHz);
    const numbers = heard.map(({ number }) => number);
    expect(countWords(numbers, heard).repeated).toEqual([]);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    // A word that broke off early is told again: its first telling cannot be taken back.
    expect(told()).toEqual(told().toSorted((a, b) => a - b));
    const all = new Set(told());
    expect([...all]).toEqual(Array.from(all, (_, at) => at + 1));
    expect(told().length - all.size).toBeLessThanOrEqual(1);
    expect(live.types()).not.toContain('error');
  });

  it('openai (live/ws): without any backend left it hears one sentence, then the end', async () => {
    const live = new LiveCaller({ url: gateway.url });
    await live.start({ model: 'last' });
    live.say(fixture('table').samples);
    await live.until(() => live.said('output').includes('3'), 'an answer');
    const { openai } = pairs.get('last')!;
    const sessions = openai.sessions.length;
    await openai.close();
    await live.closed;
    expect(sessions).toBeGreaterThan(0);
    expect(live.said('output')).toMatch(/Goodbye now\.$/);
    // Its microphone goes on until it knows.
    const others = live.clientErrors.filter(({ message }) => !message.includes('closed WebSocket'));
    expect(others).toEqual([]);
    live.grouper.close();
  });
});
