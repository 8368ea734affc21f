import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Ear, type Received } from '../../ear/ear.ts';
import { fixture } from '../../ear/speech.ts';
import { openAiWire } from '../openai-wire.ts';
import { together } from '../together.ts';
import { Lateness } from './lateness.ts';
import { clientTool, scenarios, transcriptOf, type Scenario } from './scenarios.ts';
import {
  backendKinds,
  keyVariable,
  plays,
  speaksMeanwhile,
  standInKey,
  type BackendKind,
} from './stand-ins.ts';
import { openToolStage, type CallShown, type ToolStage } from './tool-stage.ts';

// Talks wait for each other: the first test may wait for several of them.
vi.setConfig({ testTimeout: 240_000 });

/** Longest silence without an explanation, ms. */
const silenceLimitMs = 1_200;

/** A tool that answers within this is never announced, ms. */
const fastMs = 100;

let stage: ToolStage;
let lateness: Lateness;
let talks: Readonly<Record<string, () => Promise<Talk>>>;

interface Talk {
  readonly ear: Ear;
  readonly endedByServer: boolean;
  /** When its connection opened, by `performance.now`. */
  readonly originMs: number;
}

beforeAll(async () => {
  vi.stubEnv(keyVariable, standInKey);
  stage = await openToolStage();
  lateness = new Lateness();
  const names = scenarios.flatMap((scenario) =>
    backendKinds
      .filter((kind) => plays(kind, scenario))
      .map((kind) => [stage.agent(scenario, kind), inTurn(scenario, kind)] as const),
  );
  talks = together(Object.fromEntries(names));
});

afterAll(async () => {
  lateness.close();
  await stage.close();
  vi.unstubAllEnvs();
});

/** So many talk at once: more would hold each other up. */
const atOnce = 9;
const waiting: (() => void)[] = [];
let talking = 0;

function inTurn(scenario: Scenario, kind: BackendKind): () => Promise<Talk> {
  return async () => {
    if (talking >= atOnce) await new Promise<void>((begin) => waiting.push(begin));
    talking += 1;
    try {
      return await talk(scenario, kind);
    } finally {
      talking -= 1;
      waiting.shift()?.();
    }
  };
}

async function talk(scenario: Scenario, kind: BackendKind): Promise<Talk> {
  const model = stage.agent(scenario, kind);
  const connect = openAiWire({ url: stage.gateway.url, model, ca: stage.ca });
  const session = scenario.name === 'twice' ? { tools: [clientTool] } : {};
  const ear = await Ear.connect(connect, {
    playout: { bufferMs: 100 },
    session: { type: 'realtime', ...session },
  });
  const originMs = performance.now() - ear.nowMs;
  ear.say(fixture('table').samples);
  await scenario.talk(ear);
  const endedByServer = ear.closed !== undefined;
  if (!endedByServer) await ear.close();
  return { ear, endedByServer, originMs };
}

function itemsOf(
  { ear }: Pick<Talk, 'ear'>,
  type: string,
): readonly (Received & { item: WireItem })[] {
  return ear.events.flatMap((received) => {
    const item = received.event['item'] as WireItem | undefined;
    const added = received.event.type === 'conversation.item.added';
    return added && item?.type === type ? [{ ...received, item }] : [];
  });
}

interface WireItem {
  readonly type: string;
  readonly output?: string;
}

describe.each(backendKinds)('tools on %s, through the stock client', (kind) => {
  const played = scenarios.filter((scenario) => plays(kind, scenario));
  describe.each(played.map((scenario) => [scenario.title, scenario] as const))(
    '%s',
    (_title, scenario) => {
      const run = (): Promise<Talk> => talks[stage.agent(scenario, kind)]!();

      it('is in the ledger, and the model was told', async () => {
        const held = await run();
        expect(held.ear.failures).toEqual([]);
        const record = await stage.record(stage.agent(scenario, kind));
        expect(
          record.tools.map(({ state }) => state),
          story(record),
        ).toEqual(scenario.ledger);
        const outputs = itemsOf(held, 'function_call_output').map(({ item }) => item.output ?? '');
        expect(outputs).toHaveLength(1);
        expect(outputs[0]).toMatch(scenario.told);
      });

      it('never leaves the ear in silence without an explanation', async () => {
        const { ear, originMs } = await run();
        const { tools, events } = await stage.record(stage.agent(scenario, kind));
        const ledger = tools[0]!;
        if (!scenario.long) {
          // On a busy machine a fast tool may be none.
          const wasFast = ledger.answeredAtMs! - ledger.atMs < fastMs;
          expect(wasFast && events.some(isFiller)).toBe(false);
          return;
        }
        expect(events.some(isFiller)).toBe(!speaksMeanwhile(kind, scenario));
        const asked = itemsOf({ ear }, 'function_call')[0]!.atMs;
        const heardMs = ear.firstAudioMs(asked);
        expect(heardMs).not.toBeNull();
        const stoodStillMs = lateness.stoodStillMs(originMs + asked, originMs + heardMs!);
        expect(heardMs! - asked - stoodStillMs).toBeLessThan(silenceLimitMs);
        expect(ledger.answeredAtMs! - ledger.atMs).toBeGreaterThan(silenceLimitMs);
      });
    },
  );

  it('a slow tool: preamble, filler and answer are heard in this order', async () => {
    const { ear } = await talks[`slow-${kind}`]!();
    const said = ear.events.flatMap(({ event }) => transcriptOf(event) ?? []);
    expect(said).toEqual(['One moment, please.', 'Still looking.', 'That is room twelve.']);
  });

  it.skipIf(kind === 'onnx')('an answer that came twice is counted', async () => {
    const { ear } = await talks[`twice-${kind}`]!();
    const said = ear.events.flatMap(({ event }) => transcriptOf(event) ?? []);
    expect(said).toEqual(['That is room twelve.']);
  });

  it('the call that ends: closed in order, after the goodbye was heard', async () => {
    const { ear, endedByServer } = await talks[`ends-${kind}`]!();
    expect(endedByServer).toBe(true);
    expect(ear.closed).toMatchObject({ code: 1000, reason: 'The agent ended the call.' });
    const { events } = await stage.record(`ends-${kind}`);
    expect(events.at(-1)).toMatchObject({ reason: { kind: 'agent', reason: 'all done' } });
  });
});

it('nothing was sent for arguments that do not fit', async () => {
  for (const kind of backendKinds) await talks[`invalid-${kind}`]!();
  expect(stage.server.requests.filter(({ path }) => path === '/never')).toEqual([]);
});

it('the request of a tool that was stopped is given up', async () => {
  for (const kind of backendKinds) await talks[`interrupted-${kind}`]!();
  expect(stage.server.abandoned).toBeGreaterThanOrEqual(backendKinds.length);
});

it('the rules of every protocol were kept', async () => {
  for (const talk of Object.values(talks)) await talk();
  expect(stage.violations()).toEqual([]);
});

/** What happened, in lines, for whoever has to find out why. */
function story({ events }: CallShown): string {
  return events
    .filter(({ type }) => /^(?:turn|speech|line\.(?:opened|closed)|tool|agent)/.test(type))
    .map((event) => JSON.stringify(event).slice(0, 300))
    .join('\n');
}

function isFiller(event: { readonly type: string; readonly [key: string]: unknown }): boolean {
  return event.type === 'line.opened' && (event['line'] as { cause: string }).cause === 'filler';
}
