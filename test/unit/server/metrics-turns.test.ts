import { beforeAll, describe, expect, it } from 'vitest';
import { Registry } from 'prom-client';
import {
  answer,
  audio,
  CallHarness,
  done,
  settle,
  silence,
  speech,
} from '../../support/call-harness.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import { TurnMetrics, type TurnEntry } from '../../../src/server/metrics-turns.ts';

beforeAll(prepareResampler);

const counted: readonly string[] = [
  'agent.ducked',
  'speech.interrupted',
  'speech.dismissed',
  'turn.committed',
  'turn.retracted',
  'speculation.ended',
  'agent.slow',
] satisfies TurnEntry['type'][];

/** The figures that a call's log leads to: by name and the labels that are not the call's. */
async function figuresOf(harness: CallHarness): Promise<ReadonlyMap<string, number>> {
  const registry = new Registry();
  const metrics = new TurnMetrics(registry);
  for (const entry of harness.call.entries) {
    if (counted.includes(entry.type))
      metrics.entry({ agent: 'desk', backend: 'b' }, entry as TurnEntry);
  }
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('parley'));
  return new Map(
    lines.map((line) => {
      const [name = '', value = ''] = line
        .replace('agent="desk",backend="b"', '')
        .split(/ (?=\S+$)/);
      return [name.replace('{,', '{').replace('{}', '').replace(',}', '}'), Number(value)];
    }),
  );
}

const capabilities = {
  ...turnCapabilities,
  speculation: true,
  transcripts: { ...turnCapabilities.transcripts, partials: true },
};

async function spoken() {
  const harness = await CallHarness.open({
    manner: { echo: 'none' },
    backends: [new ScriptedBackend({ capabilities })],
  });
  const { session } = harness;
  await harness.hear(speech(800));
  session.emit({ type: 'caller.partial', text: 'a table please', final: true });
  await harness.hear(silence(600));
  const respond = session.takeAll().find((command) => command.type === 'respond');
  const lineId = respond?.lineId ?? '';
  session.emit(audio(lineId, answer(8000)));
  await harness.hear(silence(1000));
  return { harness, session, lineId };
}

describe('the figures of a call’s turns', () => {
  it('count a cough, an “mhm” and an interruption as what they were, with their times', async () => {
    const { harness, session } = await spoken();
    await harness.hear(speech(110));
    await harness.hear(silence(900));
    await harness.hear(speech(400));
    session.emit({ type: 'caller.partial', text: 'mhm', final: true });
    await harness.hear(silence(900));
    await harness.hear(speech(300));
    session.emit({ type: 'caller.partial', text: 'no stop', final: false });
    await settle();
    await harness.hear(silence(600));
    const figures = await figuresOf(harness);
    expect(figures.get('parley_overlaps_total{verdict="noise"}')).toBe(1);
    expect(figures.get('parley_overlaps_total{verdict="backchannel"}')).toBe(1);
    expect(figures.get('parley_overlaps_total{verdict="interruption"}')).toBe(1);
    expect(figures.get('parley_turns_total{cause="silence"}')).toBe(2);
    expect(figures.get('parley_duck_seconds_count')).toBe(3);
    // From the onset in the wave: 64 ms of frames of 32, and chunks of 20.
    expect(figures.get('parley_duck_seconds_sum')! / 3).toBeGreaterThan(0.06);
    expect(figures.get('parley_duck_seconds_sum')! / 3).toBeLessThan(0.15);
    expect(figures.get('parley_yield_seconds_count')).toBe(1);
    expect(figures.get('parley_yield_seconds_sum')).toBeGreaterThan(0.15);
    expect(figures.get('parley_yield_seconds_sum')).toBeLessThan(0.3);
    expect(figures.get('parley_speculations_total{outcome="adopted"}')).toBeGreaterThan(0);
    expect(figures.get('parley_speculated_seconds_total{outcome="adopted"}')).toBeGreaterThan(0.1);
    await harness.end();
  });

  it('count a turn taken back, and an answer without a sound', async () => {
    const harness = await CallHarness.open({ manner: { echo: 'none' } });
    await harness.hear(speech(800));
    await harness.hear(silence(640));
    await harness.hear(speech(500));
    await harness.hear(silence(600));
    await harness.pass(4000);
    const figures = await figuresOf(harness);
    expect(figures.get('parley_turns_retracted_total')).toBe(1);
    expect(figures.get('parley_agent_slow_total')).toBe(1);
    expect(figures.get('parley_turns_total{cause="silence"}')).toBe(2);
    await harness.end();
  });

  it('do not take a key for a judgement of 0 ms', async () => {
    const { harness, session, lineId } = await spoken();
    harness.ok({ type: 'ptt', pressed: true });
    expect(harness.last('speech.interrupted').by).toBe('key');
    session.emit(done(lineId));
    const figures = await figuresOf(harness);
    expect(figures.has('parley_yield_seconds_count')).toBe(false);
    expect(figures.has('parley_overlaps_total{verdict="interruption"}')).toBe(false);
    await harness.end();
  });
});
