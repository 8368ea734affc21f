import { describe, expect, test } from 'vitest';

import { EchoGuard } from '../../../src/echo/echo-guard.ts';
import { activeRms, echoOf, place, scaled, seededNoise } from '../../support/echo-scene.ts';
import { babble } from '../../support/babble.ts';
import { callersShare, loudFrames, runGuard } from '../../support/echo-rig.ts';
import type { EchoPath } from '../../support/echo-scene.ts';

const sceneMs = 16_000;
/** Two lines of the agent, one after a pause. */
const agent = new Float32Array(sceneMs * 16);
place(agent, scaled(babble(6000, 190, 11), 0.6), 500);
place(agent, scaled(babble(7000, 190, 12), 0.6), 8500);

const path = (changed: Partial<EchoPath>): EchoPath => ({
  delayMs: 150,
  lossDb: 12,
  roomMs: 120,
  driftPpm: 0,
  ...changed,
});

function noisy(sound: Float32Array, dbfs: number, seed = 3): Float32Array {
  const random = seededNoise(seed);
  const peak = Math.sqrt(3) * 10 ** (dbfs / 20);
  return sound.map((sample) => sample + peak * random());
}

const paths: readonly (readonly [string, EchoPath])[] = [
  ['60 ms, 6 dB', path({ delayMs: 60, lossDb: 6 })],
  ['150 ms, 12 dB', path({})],
  ['250 ms, 20 dB, 200 ppm of drift', path({ delayMs: 250, lossDb: 20, driftPpm: 200 })],
  ['400 ms, 12 dB', path({ delayMs: 400 })],
  ['700 ms: a round trip of 300 ms on top', path({ delayMs: 700, lossDb: 6 })],
];

describe('echo alone', () => {
  test.each(paths)('is told from the caller: %s', (_name, it) => {
    const echo = echoOf(agent, it);
    const run = runGuard({ agent, microphone: noisy(echo, -65) });
    // The delay is known soon after the echo begins, and to within a frame or two.
    expect(run.knownAtMs).toBeLessThan(500 + it.delayMs + 1000);
    expect(Math.abs(run.guard.delayMs! - it.delayMs)).toBeLessThanOrEqual(20);
    const rms = activeRms(echo);
    const frames = loudFrames(echo, { fromMs: 2000, toMs: sceneMs, aboveRms: rms / 3 });
    expect(frames.length).toBeGreaterThan(80);
    expect(callersShare(run, frames)).toBeLessThan(0.04);
  });

  test('is found in µ-law as well, with the uplink 30 ms late at times', () => {
    const echo = echoOf(agent, path({ delayMs: 250 }));
    const random = seededNoise(9);
    const run = runGuard({
      agent,
      microphone: noisy(echo, -65),
      downlink: { codec: 'pcmu', rateHz: 16_000 },
      lateMs: () => 15 * (random() + 1),
    });
    const frames = loudFrames(echo, { fromMs: 2000, toMs: sceneMs, aboveRms: activeRms(echo) / 3 });
    expect(callersShare(run, frames)).toBeLessThan(0.05);
  });

  test('is found again when the player takes longer from one line to the next', () => {
    const first = agent.slice();
    first.fill(0, 8000 * 16);
    const second = agent.map((sample, i) => (i < 8000 * 16 ? 0 : sample));
    const echo = echoOf(first, path({}));
    place(echo, echoOf(second, path({ delayMs: 230 })), 0);
    const run = runGuard({ agent, microphone: noisy(echo, -65) });
    expect(Math.abs(run.guard.delayMs! - 230)).toBeLessThanOrEqual(20);
  });
});

describe('the caller', () => {
  const talk = babble(1500, 115, 21);

  test.each(paths.slice(0, 4))('is heard over the echo at −6 dB: %s', (_name, it) => {
    const echo = echoOf(agent, it);
    const voice = new Float32Array(agent.length);
    const gain = (activeRms(echo) / activeRms(talk)) * 10 ** (-6 / 20);
    place(voice, scaled(talk, gain), 10_500);
    const run = runGuard({
      agent,
      microphone: noisy(
        echo.map((sample, i) => sample + voice[i]!),
        -70,
      ),
    });
    const aboveRms = activeRms(voice) / 3;
    const frames = loudFrames(voice, { fromMs: 10_500, toMs: 12_000, aboveRms });
    expect(callersShare(run, frames)).toBeGreaterThan(0.4);
    // Heard within half a second, where 128 ms in a row are needed to duck.
    const early = loudFrames(voice, { fromMs: 10_500, toMs: 11_300, aboveRms });
    expect(early.filter((frame) => run.echo[frame]! < 0.5).length).toBeGreaterThanOrEqual(4);
  });

  test('is heard at once over an agent that was ducked by 18 dB', () => {
    const ducked = agent.slice();
    for (let i = 10_600 * 16; i < 12_000 * 16; i += 1) ducked[i] = ducked[i]! * 10 ** (-18 / 20);
    const echo = echoOf(ducked, path({}));
    const voice = new Float32Array(agent.length);
    const loud = (activeRms(echoOf(agent, path({}))) / activeRms(talk)) * 10 ** (-6 / 20);
    place(voice, scaled(talk, loud), 10_500);
    const run = runGuard({
      agent: ducked,
      microphone: noisy(
        echo.map((sample, i) => sample + voice[i]!),
        -70,
      ),
    });
    const aboveRms = activeRms(voice) / 3;
    const frames = loudFrames(voice, { fromMs: 10_900, toMs: 12_000, aboveRms });
    expect(callersShare(run, frames)).toBeGreaterThan(0.85);
  });

  test('is never taken for an echo where nothing comes back', () => {
    const voice = new Float32Array(agent.length);
    for (const atMs of [600, 3000, 9000, 12_000]) place(voice, talk, atMs);
    const run = runGuard({ agent, microphone: noisy(voice, -60) });
    const frames = loudFrames(voice, { fromMs: 0, toMs: sceneMs, aboveRms: 0.02 });
    expect(callersShare(run, frames)).toBeGreaterThan(0.95);
  });

  test('is never taken for an echo while the agent is silent', () => {
    // The path is known from the first line; the caller speaks after it.
    const echo = echoOf(agent, path({}));
    const voice = new Float32Array(agent.length);
    place(voice, scaled(talk, 0.3), 7000);
    const run = runGuard({
      agent,
      microphone: noisy(
        echo.map((sample, i) => sample + voice[i]!),
        -65,
      ),
    });
    for (let frame = Math.ceil(7100 / 32); frame < 8400 / 32; frame += 1) {
      expect(run.echo[frame]).toBe(0);
    }
  });

  test('alone in a call without an agent scores 0 always', () => {
    const run = runGuard({ agent: new Float32Array(talk.length), microphone: talk });
    expect(run.echo.every((score) => score === 0)).toBe(true);
    expect(run.guard.delayMs).toBeNull();
  });
});

describe('what is fed', () => {
  const echo = echoOf(agent, path({}));

  test('a line that was cut is not expected back', () => {
    const guard = new EchoGuard({
      uplinkRateHz: 16_000,
      downlink: { codec: 'pcm16', rateHz: 16_000 },
    });
    const known = runGuard({
      agent: agent.slice(0, 6000 * 16),
      microphone: echo.slice(0, 96_000),
      guard,
    });
    expect(known.guard.delayMs).not.toBeNull();
    // 2 s are sent ahead, and cut before they sound.
    for (let ms = 6000; ms < 8000; ms += 20) {
      guard.sent(
        new Uint8Array(new Int16Array(320).fill(9000).map((v, i) => (i % 8 < 4 ? v : -v)).buffer),
        ms,
      );
    }
    guard.cut(6000);
    const talk = scaled(babble(1000, 115, 4), 0.05);
    guard.heard(talk, 6000, 6000);
    for (let ms = 6500; ms < 6980; ms += 32) expect(guard.score(ms, 32).echo).toBe(0);
  });

  test('scores that are asked for too late, or too early, are 0 and counted', () => {
    const { guard } = runGuard({ agent, microphone: echo });
    expect(guard.figures()['lateScores']).toBe(0);
    expect(guard.score(sceneMs - 3000, 32).echo).toBe(0);
    expect(guard.score(sceneMs + 500, 32).echo).toBe(0);
    expect(guard.figures()['lateScores']).toBe(2);
  });

  test('listening anew on another place of the uplink clock goes on with what is known', () => {
    const { guard } = runGuard({ agent, microphone: echo });
    const delayMs = guard.delayMs;
    guard.heard(new Float32Array(320), 40_000, 50_000);
    expect(guard.score(40_020, 20).echo).toBe(0);
    expect(guard.delayMs).toBe(delayMs);
  });

  test('figures are finite and count', () => {
    const { guard } = runGuard({ agent, microphone: echo });
    const figures = guard.figures();
    for (const value of Object.values(figures)) expect(Number.isFinite(value)).toBe(true);
    expect(figures['frames']).toBe(sceneMs / 10);
    expect(figures['echoFrames']).toBeGreaterThan(300);
    expect(figures['correlation']).toBeGreaterThan(0.6);
  });
});
