import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { blow, gust, storm, weather, type Aftermath, type Weather } from './call-storm.ts';
import { bytesPerSample } from '../../../src/audio/format.ts';
import { CallHarness, durationMs, settle, silence, speech } from '../../support/call-harness.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { Line } from '../../../src/ports/events.ts';

beforeAll(prepareResampler);

const gusts = fc.array(gust, { minLength: 10, maxLength: 70 });
const samplesToleranceMs = 0.1;

function expectOrderedLog({ harness }: Aftermath): void {
  const { entries } = harness.call;
  expect(entries.length).toBeLessThanOrEqual(5000);
  entries.forEach((entry, index) => {
    expect(entry.seq).toBe(index);
    expect(entry.atMs).toBeGreaterThanOrEqual(entries[index - 1]?.atMs ?? 0);
  });
  expect(entries.filter(({ type }) => type === 'call.closed')).toHaveLength(1);
  expect(entries.at(-1)?.type).toBe('call.closed');
  expect(entries.filter(({ type }) => type === 'backend.failed').length).toBeLessThanOrEqual(1);
  const seen = harness.view.seen.flatMap((each) => (each.kind === 'entry' ? [each.entry] : []));
  expect(seen).toEqual(entries);
}

function expectLinesWhole({ harness }: Aftermath): void {
  const open = new Map<string, Line>();
  const sent = new Map<string, number>();
  const ratesHz = new Map<string, number>();
  let epoch = 0;
  for (const each of harness.view.seen) {
    if (each.kind === 'audio') {
      const { lineId, itemId, lineStartSample, bytes } = each.audio;
      const line = open.get(lineId);
      expect(line?.itemId).toBe(itemId);
      // Nothing of an old epoch after a cut.
      if (line?.epoch !== null) expect(line?.epoch).toBe(epoch);
      expect(lineStartSample).toBe(sent.get(lineId) ?? 0);
      expect(bytes.byteLength).toBeGreaterThan(0);
      const width = bytesPerSample(each.format.codec);
      expect(bytes.byteLength % width).toBe(0);
      sent.set(lineId, lineStartSample + bytes.byteLength / width);
      ratesHz.set(lineId, each.format.rateHz);
      continue;
    }
    const { entry } = each;
    if (entry.type === 'line.opened') {
      expect(sent.has(entry.line.lineId)).toBe(false);
      open.set(entry.line.lineId, entry.line);
      sent.set(entry.line.lineId, 0);
    } else if (entry.type === 'line.text') {
      const line = open.get(entry.lineId);
      expect(line).toBeDefined();
      if (line?.epoch !== null) expect(line?.epoch).toBe(epoch);
    } else if (entry.type === 'agent.cut') {
      expect(entry.epoch).toBe(epoch + 1);
      epoch = entry.epoch;
    } else if (entry.type === 'line.closed') {
      const { generatedMs, sentMs, heardMs } = entry.extent;
      expect(open.delete(entry.lineId)).toBe(true);
      const samplesPerMs = (ratesHz.get(entry.lineId) ?? 1000) / 1000;
      expect(sentMs).toBeCloseTo((sent.get(entry.lineId) ?? 0) / samplesPerMs, 6);
      expect(heardMs).toBeGreaterThanOrEqual(0);
      expect(heardMs).toBeLessThanOrEqual(sentMs);
      expect(sentMs).toBeLessThanOrEqual(generatedMs);
    }
  }
  expect(open.size).toBe(0);
}

/** A player that plays what it gets at once never holds more than the lead. */
function expectPaced({ harness }: Aftermath, { playoutLeadMs }: Weather): void {
  const lines = new Map(harness.entries('line.opened').map(({ line }) => [line.lineId, line]));
  let playedOutAtMs = 0;
  for (const each of harness.view.seen) {
    if (each.kind === 'audio') {
      if (lines.get(each.audio.lineId)?.epoch === null) continue;
      playedOutAtMs =
        Math.max(playedOutAtMs, each.atMs) + durationMs(each.audio.bytes, each.format);
      expect(playedOutAtMs - each.atMs).toBeLessThanOrEqual(playoutLeadMs + samplesToleranceMs);
    } else if (each.entry.type === 'agent.cut') playedOutAtMs = each.entry.atMs;
  }
}

function expectExactUplink({ harness, pushedSamples }: Aftermath): void {
  let endSample = 0;
  for (const chunk of harness.session.audio) {
    expect(chunk.startSample).toBe(endSample);
    endSample += chunk.samples;
  }
  if (harness.session.accepts === 'ok') expect(endSample).toBe(pushedSamples);
  let takenTo = 0;
  for (const { fromSample, toSample } of harness.entries('turn.committed')) {
    expect(fromSample).toBeGreaterThanOrEqual(takenTo);
    expect(toSample).toBeGreaterThanOrEqual(fromSample);
    expect(toSample).toBeLessThanOrEqual(pushedSamples);
    takenTo = toSample;
  }
}

function expectHonestBackendSide({ harness }: Aftermath): void {
  const asked = new Set<string>();
  for (const command of harness.session.leftovers) {
    if (command.type === 'respond') asked.add(command.lineId);
    if (command.type === 'cancel') expect(asked).toContain(command.lineId);
    if (command.type === 'truncate') {
      expect(asked).toContain(command.lineId);
      expect(command.heardMs).toBeLessThanOrEqual(harness.view.sentMs(command.lineId) + 1e-6);
    }
  }
}

function expectNothingLeft({ harness, refusals, seeds }: Aftermath): void {
  expect(harness.clock.pending).toBe(0);
  expect(harness.session.closed).toBe(true);
  expect(harness.detector?.figures()['streams']).toBe(0);
  expect(harness.closes).toHaveLength(1);
  expect(harness.view.closes).toEqual(harness.closes);
  expect(refusals).not.toContain('internal_error');
  expect(refusals).not.toContain('taken');
  for (const seed of seeds) expect(JSON.parse(JSON.stringify(seed))).toEqual(seed);
}

function expectSound(aftermath: Aftermath, sky: Weather): void {
  expectOrderedLog(aftermath);
  expectLinesWhole(aftermath);
  // Without turns the end of a line may be hurried out when the next one begins.
  if (sky.turns) expectPaced(aftermath, sky);
  expectExactUplink(aftermath);
  expectHonestBackendSide(aftermath);
  expectNothingLeft(aftermath);
}

describe('a call, whatever happens', () => {
  it.each([20_261_101, 20_261_102])('stays sound (seed %i)', async (seed) => {
    await fc.assert(
      fc.asyncProperty(weather, gusts, async (sky, steps) => {
        expectSound(await storm(sky, steps), sky);
      }),
      { numRuns: 100, seed },
    );
  });

  it('stays sound through the loss of its backend', async () => {
    await fc.assert(
      fc.asyncProperty(weather, gusts, blow, gusts, async (sky, before, last, after) => {
        expectSound(await storm(sky, [...before, last, ...after]), sky);
      }),
      { numRuns: 100, seed: 20_261_103 },
    );
  });
});

const stretches = fc.array(
  fc.record({ loud: fc.boolean(), ms: fc.integer({ min: 20, max: 1500 }) }),
  { minLength: 2, maxLength: 8 },
);
const cuts = fc.array(fc.integer({ min: 1, max: 12_000 }), { minLength: 1, maxLength: 40 });

/** Streams audio in chunks of these lengths, over and over, each as soon as it was spoken. */
async function turnsOf(wave: Uint8Array, chunkSamples: readonly number[]): Promise<unknown> {
  const harness = await CallHarness.open();
  for (let from = 0, index = 0; from < wave.byteLength; index += 1) {
    const chunk = wave.slice(from, from + chunkSamples[index % chunkSamples.length]! * 2);
    harness.clock.advance(durationMs(chunk));
    harness.call.pushAudio(chunk);
    from += chunk.byteLength;
  }
  await settle();
  await harness.end();
  return harness.call.entries.flatMap((entry) => {
    if (entry.type === 'speech.started') return [[entry.itemId, entry.audioStartMs]];
    if (entry.type === 'speech.stopped') return [[entry.itemId, entry.audioEndMs]];
    if (entry.type !== 'turn.committed') return [];
    return [[entry.itemId, entry.fromSample, entry.toSample]];
  });
}

describe('any split of the same audio', () => {
  it('gives the same turns at the same positions', async () => {
    await fc.assert(
      fc.asyncProperty(stretches, cuts, async (parts, chunkSamples) => {
        const wave = Buffer.concat(parts.map(({ loud, ms }) => (loud ? speech(ms) : silence(ms))));
        expect(await turnsOf(wave, chunkSamples)).toEqual(await turnsOf(wave, [480]));
      }),
      { numRuns: 60, seed: 20_261_104 },
    );
  });
});
