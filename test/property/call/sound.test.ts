import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formats, numbers, scaled, soundStorm, steps, type SoundAftermath } from './sound-storm.ts';
import { bytesPerSample, msToSamples, samplesToMs } from '../../../src/audio/format.ts';

/** Two times that are the same but for rounding, ms. */
const sameMs = 0.01;

/** Given = generated, in order, nothing lost or repeated; after a cut a beginning of it. */
function expectWhole({ rig, format, lines }: SoundAftermath): void {
  for (const { track, samples, cut } of lines) {
    const given = numbers(rig.bytesOf(track.line.lineId), format);
    expect(given.length).toBe(track.sentSamples);
    expect(track.generatedSamples).toBe(samples.length);
    if (!cut) expect(given.length).toBe(samples.length);
    // The least step of A-law is 8: it knows no zero.
    const louder = given.findIndex((sample, at) => Math.abs(sample) > Math.abs(samples[at]!) + 8);
    expect(louder).toBe(-1);
    const turned = given.findIndex(
      (sample, at) => Math.abs(sample) > 8 && sample * samples[at]! < 0,
    );
    expect(turned).toBe(-1);
  }
  const order = rig.given.flatMap((each) => (each.what === 'audio' ? [each.lineId] : []));
  const runs = order.filter((lineId, at) => lineId !== order[at - 1]);
  expect(runs).toEqual([...new Set(runs)]);
}

/**
 * The gain that each sample given must have, all lines together; `null` where a ramp or a fade of
 * 20 ms may be.
 */
function wantedGains({ rig, format, wishes }: SoundAftermath, count: number): (number | null)[] {
  const ramp = msToSamples(20, format.rateHz);
  const wanted = new Array<number | null>(count).fill(1);
  for (const { atSample, gain, how } of wishes) {
    wanted.fill(gain, atSample);
    if (how === 'at once') continue;
    const fromSample = how === 'after hold' ? Math.max(0, atSample - ramp) : atSample;
    wanted.fill(null, fromSample, atSample + ramp);
  }
  // A wish that comes in the ramp of another one or in a stop leaves that ramp where it was.
  const width = bytesPerSample(format.codec);
  rig.logged.forEach(({ type }, at) => {
    if (type !== 'agent.held') return;
    const before = rig.given.slice(0, rig.loggedAfter[at]);
    const bytes = before.reduce(
      (sum, each) => sum + (each.what === 'audio' ? each.bytes.length : 0),
      0,
    );
    const stop = bytes / width;
    wanted.fill(null, Math.max(0, stop - ramp), stop + ramp);
  });
  return wanted;
}

/** Away from ramps each sample is what the gain in force makes of it, to the bit. */
function expectExactGains(aftermath: SoundAftermath): void {
  const { rig, format, lines } = aftermath;
  const said: number[] = [];
  const given: number[] = [];
  for (const { track, samples } of lines) {
    const mine = numbers(rig.bytesOf(track.line.lineId), format);
    given.push(...mine);
    said.push(...samples.slice(0, mine.length));
  }
  const wrong = wantedGains(aftermath, given.length).findIndex(
    (gain, at) => gain !== null && given[at] !== scaled(said[at]!, gain, format),
  );
  expect(wrong).toBe(-1);
}

/** A player that plays what it gets in real time, and nothing else: held time is nothing to it. */
function expectHeardAsPlayed({ rig, glances, cuts, lines }: SoundAftermath): void {
  const latest = new Map<object, number>();
  for (const { track, heardMs, sentMs } of glances) {
    expect(heardMs).toBeGreaterThanOrEqual(latest.get(track) ?? 0);
    expect(heardMs).toBeLessThanOrEqual(sentMs);
    latest.set(track, heardMs);
  }
  for (const { track, cut, unheard } of lines) {
    if (!cut && !unheard) expect(latest.get(track)).toBe(track.sentMs);
  }
  if (cuts.length > 0) return;
  let playedToMs = 0;
  const pieces = rig.given.flatMap((each) => {
    if (each.what !== 'audio') return [];
    const fromMs = Math.max(playedToMs, each.atMs);
    playedToMs = fromMs + each.ms;
    return [{ lineId: each.lineId, fromMs, ms: each.ms }];
  });
  for (const { track, atMs, heardMs } of glances) {
    const playedMs = pieces
      .filter(({ lineId }) => lineId === track.line.lineId)
      .reduce((sum, { fromMs, ms }) => sum + Math.max(0, Math.min(ms, atMs - 60 - fromMs)), 0);
    // Positions are whole samples.
    expect(Math.abs(heardMs - playedMs)).toBeLessThan(samplesToMs(2, track.format.rateHz));
  }
}

/** From "held" to "resumed" or a cut nothing goes. */
function expectHeld({ rig, cuts }: SoundAftermath): void {
  const packets = rig.given.flatMap((each) => (each.what === 'audio' ? [each] : []));
  rig.logged.forEach((entry, at) => {
    if (entry.type !== 'agent.held') return;
    const next = rig.logged[at + 1];
    const cutAtMs = cuts.find(({ atMs }) => atMs >= entry.atMs)?.atMs ?? Infinity;
    const untilMs = Math.min(next?.atMs ?? Infinity, cutAtMs);
    const loose = packets.filter(({ atMs }) => atMs > entry.atMs && atMs < untilMs);
    expect(loose).toEqual([]);
    expect(untilMs).toBeLessThanOrEqual(entry.atMs + 10_000 + sameMs);
    if (cutAtMs === Infinity || next?.type === 'agent.resumed') {
      expect(next).toMatchObject({ type: 'agent.resumed', lineMs: entry.lineMs });
    }
  });
  for (const delayMs of rig.delaysMs) expect(delayMs).toBeLessThan(sameMs);
  expect(rig.clock.pending).toBe(0);
}

/** A player that drops what it has at a cut never holds more than the lead. */
function expectPaced({ rig, format, cuts }: SoundAftermath, leadMs: number): void {
  let playedToMs = 0;
  rig.given.forEach((each, at) => {
    if (each.what !== 'audio') return;
    const cut = cuts.findLast(({ after }) => after <= at);
    if (cut !== undefined && rig.given.slice(cut.after, at).every(({ what }) => what !== 'audio')) {
      playedToMs = Math.min(playedToMs, cut.atMs);
    }
    playedToMs = Math.max(playedToMs, each.atMs) + each.ms;
    expect(playedToMs - each.atMs).toBeLessThan(leadMs + samplesToMs(2, format.rateHz));
  });
}

describe('the agent, ducked, held, resumed and cut at random', () => {
  it.each(formats)('loses and repeats nothing in $codec at $rateHz Hz', (format) => {
    fc.assert(
      fc.property(steps, fc.constantFrom(40, 200, 2000), (plan, leadMs) => {
        const aftermath = soundStorm(plan, format, { leadMs, roundTripMs: 0 });
        expectWhole(aftermath);
        expectExactGains(aftermath);
        expectHeardAsPlayed(aftermath);
        expectHeld(aftermath);
        expectPaced(aftermath, leadMs);
      }),
      { numRuns: 150, seed: 20_261_121 },
    );
  });
});
