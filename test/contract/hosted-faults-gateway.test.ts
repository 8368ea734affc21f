import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Logger } from '../../src/ports/log.ts';
import { Ear } from '../ear/ear.ts';
import { ownWire } from '../ear/own-wire.ts';
import type { ServerEvent } from '../ear/wire.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import type { StandInFault as GeminiFault } from '../upstream/gemini/options.ts';
import { startGeminiStandIn } from '../upstream/gemini/server.ts';
import { startStandIn } from '../upstream/openai-realtime-server.ts';
import type { StandInFault as OpenAiFault } from '../upstream/options.ts';

/** Its beginning is what keys look like; each vendor repeats it in what it says at the end. */
const key = 'sk-matrix-secret-0123456789';
const reason = `Enough of ${key}.`;
const nonsense = `{"key":"${key}`;
const tool = { name: 'count_tables', description: 'Counts.', parameters: { type: 'object' } };

/** What the caller sees of it: one error that ends the call, or a call held to its end. */
interface Cell {
  readonly sees: 'error' | 'nothing';
  readonly url: string;
  readonly type: 'openai-realtime' | 'gemini-live';
  readonly open: () => number;
  readonly end: () => Promise<void>;
}

async function openAiCell(fault: OpenAiFault): Promise<Cell> {
  const answers = [{ text: 'Two tables.' }, { tool: { name: tool.name, arguments: '{}' } }];
  const upstream = await startStandIn({
    apiKey: key,
    answers: [...answers, { text: 'Three.' }],
    firstAudioMs: { p50: 20, p95: 30 },
    realTimeFactor: 20,
    fault,
  });
  const { url } = upstream;
  const end = (): Promise<void> => upstream.close();
  return { sees: 'error', url, type: 'openai-realtime', open: () => upstream.open, end };
}

async function geminiCell(fault: GeminiFault, sees: Cell['sees']): Promise<Cell> {
  const upstream = await startGeminiStandIn({
    apiKey: key,
    answers: [{ count: 2 }, { tools: [{ name: tool.name, args: {} }] }, { count: 2 }],
    realTimeFactor: 20,
    faults: [fault],
  });
  const url = upstream.origin;
  const end = (): Promise<void> => upstream.close();
  return { sees, url, type: 'gemini-live', open: () => upstream.open, end };
}

const openAiPlaces = [
  { at: 'open' },
  { at: 'configure' },
  { at: 'idle' },
  { at: 'speech' },
  { at: 'create' },
  { at: 'audio', afterMs: 200 },
  { at: 'tool' },
] as const;
const geminiPlaces = [
  { at: 'ready' },
  { at: 'speech' },
  { at: 'turn' },
  { at: 'audio', afterMs: 200 },
  { at: 'tool' },
] as const;

const cells: Readonly<Record<string, () => Promise<Cell>>> = {
  'openai, refused': () => openAiCell({ kind: 'refuse', status: 401, body: reason }),
  'gemini, refused': () => geminiCell({ kind: 'refuse', status: 401, body: reason }, 'error'),
  ...Object.fromEntries(
    openAiPlaces.flatMap((place) => [
      [
        `openai, closed at ${place.at}`,
        () => openAiCell({ kind: 'close', code: 1011, reason, ...place }),
      ],
      [`openai, dropped at ${place.at}`, () => openAiCell({ kind: 'drop', ...place })],
    ]),
  ),
  'openai, nonsense': () => openAiCell({ kind: 'send', text: nonsense, at: 'create' }),
  'gemini, nonsense': () => geminiCell({ kind: 'send', text: nonsense, at: 'turn' }, 'error'),
  'gemini, closed at setup': () =>
    geminiCell({ kind: 'close', code: 1007, reason, at: 'setup' }, 'error'),
  ...Object.fromEntries(
    geminiPlaces.flatMap((place) => [
      [
        `gemini, closed at ${place.at}`,
        () => geminiCell({ kind: 'close', code: 1008, reason, ...place, connection: 1 }, 'error'),
      ],
      [
        `gemini, dropped at ${place.at}`,
        () => geminiCell({ kind: 'drop', ...place, connection: 1 }, 'nothing'),
      ],
    ]),
  ),
};

/** Each fault at each phase of a call, through the whole gateway. Hydra's are in its conformance test. */
describe('a call whose upstream goes wrong', () => {
  const names = Object.keys(cells);
  const made = new Map<string, Cell>();
  const logged: string[] = [];
  let gateway: TestGateway;

  beforeAll(async () => {
    vi.stubEnv('HOSTED_TEST_KEY', key);
    for (const name of names) made.set(name, await cells[name]!());
    const all = [...made.values()];
    const config = {
      backends: Object.fromEntries(
        all.map(({ type, url }, n) => [
          `backend${n}`,
          {
            type,
            url,
            apiKeyEnv: 'HOSTED_TEST_KEY',
            ...(type === 'openai-realtime' ? { model: 'm' } : {}),
          },
        ]),
      ),
      agents: Object.fromEntries(all.map((_, n) => [`agent${n}`, { backends: [`backend${n}`] }])),
    };
    const note = (event: string, fields?: object): void => {
      logged.push(JSON.stringify({ event, ...fields }));
    };
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    gateway = await startGateway({ config: JSON.stringify(config), log });
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all([...made.values()].map((cell) => cell.end()));
    vi.unstubAllEnvs();
  });

  /** Three answers, the second of them a tool call; as far as it comes. */
  async function wholeCall(agent: string): Promise<Ear> {
    const ear = await Ear.connect(ownWire({ url: `${gateway.wsUrl}/v1/realtime`, agent }));
    const audio = { input: { turn_detection: null } };
    ear.send({ type: 'session.update', session: { type: 'realtime', tools: [toolOfWire], audio } });
    for (let turn = 0; turn < 2 && ear.closed === undefined; turn += 1) {
      const sound = Buffer.alloc(24_000).fill(`turn ${turn}`).toString('base64');
      ear.send({ type: 'input_audio_buffer.append', audio: sound });
      ear.send({ type: 'input_audio_buffer.commit' });
      await answered(ear, turn);
    }
    const called = ear.events.find(({ event }) => isCall(event))?.event;
    if (called !== undefined && ear.closed === undefined) {
      const { call_id } = called['item'] as { call_id: string };
      const item = { type: 'function_call_output', call_id, output: '3' };
      ear.send({ type: 'conversation.item.create', item });
      await answered(ear, 2);
    }
    return ear;
  }

  async function answered(ear: Ear, count: number): Promise<void> {
    ear.send({ type: 'response.create' });
    await vi.waitFor(
      () => {
        const done = ear.types.filter((type) => type === 'response.done').length;
        expect(done > count || ear.closed !== undefined).toBe(true);
      },
      { timeout: 20_000, interval: 20 },
    );
    // What went wrong with the answer may end the call.
    await new Promise((resolve) => setTimeout(resolve, 150));
  }

  describe.concurrent('sees nothing, or one clear error', () => {
    it.each(names)(
      '%s',
      async (name) => {
        const { sees } = made.get(name)!;
        const ear = await wholeCall(`agent${names.indexOf(name)}`);
        const errors = ear.events.flatMap(({ event }) => (event.type === 'error' ? [event] : []));
        const wrong = ear.types.filter((type) => type === 'response.created').length;
        expect(ear.types.filter((type) => type === 'response.done')).toHaveLength(wrong);
        if (sees === 'nothing') {
          expect(errors).toEqual([]);
          const outcomes = ear.events.flatMap(({ event }) => statusOf(event));
          // The answer that broke off may say so.
          expect(outcomes.filter((status) => status !== 'completed').length).toBeLessThan(2);
          await ear.close();
        } else {
          await vi.waitFor(() => expect(ear.closed?.code).toBe(1011), { timeout: 10_000 });
          expect(errors.map(({ error }) => (error as { code: string }).code)).toEqual([
            expect.stringMatching(/^backend_(refused|closed|protocol)$/),
          ]);
        }
        expect(JSON.stringify([ear.events, ear.closed])).not.toContain(key);
      },
      60_000,
    );
  });

  it('leaves no socket, no slot and no key behind', async () => {
    const open = (): number[] => [...made.values()].map((cell) => cell.open());
    await vi.waitFor(() => expect(open()).toEqual(open().map(() => 0)), { timeout: 5000 });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    const values = (name: string): number[] =>
      [...metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].map(([, it]) =>
        Number(it),
      );
    expect(values('parley_calls_total').reduce((sum, it) => sum + it, 0)).toBe(names.length);
    expect(values('parley_calls_active').filter((it) => it !== 0)).toEqual([]);
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.join('\n')).not.toContain(key);
  });
});

const toolOfWire = { type: 'function', ...tool };

function isCall(event: ServerEvent): boolean {
  if (event.type !== 'response.output_item.done') return false;
  return (event['item'] as { readonly type: string }).type === 'function_call';
}

function statusOf(event: ServerEvent): string[] {
  if (event.type !== 'response.done') return [];
  return [(event['response'] as { readonly status: string }).status];
}
