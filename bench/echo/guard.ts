import { BatchScorer } from '../../adapters/detectors/silero-vad/batch-scorer.ts';
import { openCancellation } from '../../adapters/echo/aec3/cancellation.ts';
import { EchoGuard } from '../../src/echo/echo-guard.ts';
import { encodePcm16 } from '../../src/audio/pcm16.ts';
import { loadGraph } from '../../adapters/detectors/silero-vad/graph.ts';
import { locateWeights, readWeights } from '../../adapters/detectors/silero-vad/weights.ts';
import { seededNoise } from '../../test/support/echo-scene.ts';
import { sceneMaker, type Scene, type SceneOptions } from './scenes.ts';

/**
 * What the rungs of the ladder against echo do to Silero's decisions, on synthetic rooms with
 * voices made by flite: `npx node bench/echo/guard.ts [--scenes]`. Per condition and rung: the share
 * of echo-only frames still taken for the caller, how many runs of 128 ms of them there are (what
 * would duck the agent), the share of double-talk frames in which the caller is heard, how many
 * interruptions are heard at all and when (128 ms of frames in a row), and the share of frames of
 * a caller who speaks alone.
 */
const rungs = ['none', 'guard', 'aec3', 'aec3+guard'] as const;
type Rung = (typeof rungs)[number];

const frameMs = 32;
const runFrames = 4;
/** Frames before the guard can know the delay are counted apart, until this time, ms. */
const settledAfterMs = 2600;

interface Tally {
  echoFrames: number;
  echoPassed: number;
  echoRuns: number;
  firstPassed: number;
  doubleFrames: number;
  doubleHeard: number;
  aloneFrames: number;
  aloneHeard: number;
  latenciesMs: number[];
}

const graph = await loadGraph(await readWeights(locateWeights()));

async function scores(pcm: Float32Array): Promise<Float32Array> {
  const frames = Math.floor(pcm.length / 512);
  const scorer = new BatchScorer(graph.run);
  const request = { streamIds: new Int32Array(frames), pcm: pcm.slice(0, frames * 512) };
  return (await scorer.score(request)).probabilities;
}

/** CPU since then, µs: other programs on the machine do not count. */
function cpuUs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

let guardUs = 0;
let guardFrames = 0;

/** The guard's score for each frame, fed as a call feeds it. */
function guardScores(scene: Scene): { echo: Float32Array; lockedAtMs: number } {
  const guard = new EchoGuard({
    uplinkRateHz: 16_000,
    downlink: { codec: 'pcm16', rateHz: 16_000 },
  });
  const sent = encodePcm16(scene.agent);
  const random = seededNoise(scene.options.seed + 100);
  const echo = new Float32Array(Math.floor(scene.durationMs / frameMs));
  const leadMs = 200;
  let arrivedMs = 0;
  let lockedAtMs = Infinity;
  const before = process.cpuUsage();
  for (let ms = 0, frame = 0; ms < scene.durationMs; ms += 20) {
    const ahead = (ms + leadMs) * 16;
    const silent = scene.agent.subarray(ahead, ahead + 320).every((sample) => sample === 0);
    if (!silent) guard.sent(sent.subarray(ahead * 2, (ahead + 320) * 2), ms + leadMs);
    arrivedMs = Math.max(arrivedMs + 20, ms + 20 + (random() + 1) * 0.5 * scene.options.jitterMs);
    guard.heard(scene.microphone.subarray(ms * 16, (ms + 20) * 16), ms, arrivedMs - 20);
    if (lockedAtMs === Infinity && guard.delayMs !== null) lockedAtMs = ms;
    for (; (frame + 1) * frameMs <= ms + 20; frame += 1) {
      echo[frame] = guard.score((frame + 1) * frameMs, frameMs).echo;
    }
  }
  guardUs += cpuUs(before);
  guardFrames += scene.durationMs / 10;
  return { echo, lockedAtMs };
}

let aecUs = 0;
async function cancelled(scene: Scene): Promise<Float32Array> {
  const cancellation = await openCancellation();
  const clean = new Float32Array(scene.microphone.length);
  let written = 0;
  const before = process.cpuUsage();
  for (let at = 0; at < clean.length; at += 320) {
    cancellation.reference(scene.agent.subarray(at, at + 320), at / 16);
    const out = cancellation.capture(scene.microphone.subarray(at, at + 320), at / 16);
    clean.set(out, written);
    written += out.length;
  }
  aecUs += cpuUs(before);
  cancellation.close();
  return clean;
}

const emptyTally = (): Tally => ({
  echoFrames: 0,
  echoPassed: 0,
  echoRuns: 0,
  firstPassed: 0,
  doubleFrames: 0,
  doubleHeard: 0,
  aloneFrames: 0,
  aloneHeard: 0,
  latenciesMs: [],
});

/** Adds one scene's frames. `heard` says for each frame whether it counts as the caller's. */
function count(
  tally: Tally,
  scene: Scene,
  heard: readonly boolean[],
  truth: { raw: Float32Array; caller: Float32Array; echo: Float32Array },
): void {
  const { raw, caller, echo } = truth;
  let run = 0;
  for (const [i, passed] of heard.entries()) {
    let near = false;
    for (let j = i - 12; j <= i + 8; j += 1) near ||= (caller[j] ?? 0) >= 0.2;
    if (!near && raw[i]! >= 0.5 && !scene.options.headset) {
      if (i * frameMs < settledAfterMs) {
        if (passed) tally.firstPassed += 1;
        continue;
      }
      tally.echoFrames += 1;
      run = passed ? run + 1 : 0;
      if (passed) tally.echoPassed += 1;
      if (run === runFrames) tally.echoRuns += 1;
    } else run = 0;
    if (caller[i]! < 0.5) continue;
    const over = agentSounds(scene, i);
    if (over && (echo[i]! >= 0.5 || scene.options.headset)) {
      tally.doubleFrames += 1;
      if (passed) tally.doubleHeard += 1;
    } else if (!over) {
      tally.aloneFrames += 1;
      if (passed) tally.aloneHeard += 1;
    }
  }
  for (const fromMs of scene.interruptionsMs) {
    tally.latenciesMs.push(heardAfterMs(heard, caller, fromMs));
  }
}

function agentSounds(scene: Scene, frame: number): boolean {
  const from = Math.max(0, frame * 512 - scene.options.delayMs * 16 - 1600);
  return scene.agent.subarray(from, (frame + 1) * 512).some((sample) => Math.abs(sample) > 1e-3);
}

/** ms from where the caller's utterance begins to be speech to the end of the first run. */
function heardAfterMs(heard: readonly boolean[], caller: Float32Array, fromMs: number): number {
  const first = Math.floor(fromMs / frameMs);
  let onset = first;
  while (onset < first + 60 && caller[onset]! < 0.5) onset += 1;
  let run = 0;
  for (let i = onset; i < onset + 60; i += 1) {
    run = heard[i]! && caller[i]! >= 0.3 ? run + 1 : 0;
    if (run === runFrames) return (i + 1 - onset) * frameMs;
  }
  return Infinity;
}

const base: Omit<SceneOptions, 'seed'> = {
  delayMs: 150,
  lossDb: 12,
  roomMs: 120,
  driftPpm: 0,
  noiseDbfs: -60,
  callerDb: -6,
  band: 'wide',
  headset: false,
  jitterMs: 0,
  lineStepMs: 0,
};
const conditions: readonly (readonly [string, Partial<SceneOptions>])[] = [
  ...[60, 150, 250, 400].flatMap((delayMs) =>
    [6, 12, 20].map(
      (lossDb, index) => [`${delayMs} ms`, { delayMs, lossDb, driftPpm: index * 100 }] as const,
    ),
  ),
  ...[6, 12, 20].map((lossDb) => ['700 ms', { delayMs: 700, lossDb }] as const),
  ...[60, 150, 250].map((delayMs) => ['noise −50 dBFS', { delayMs, noiseDbfs: -50 }] as const),
  ...[60, 150, 400].map(
    (delayMs) => ['telephone', { delayMs, band: 'telephone' as const }] as const,
  ),
  ...[60, 150, 400].map((delayMs) => ['room 300 ms', { delayMs, roomMs: 300 }] as const),
  ...[60, 150, 250].map((delayMs) => ['jitter 0–30 ms', { delayMs, jitterMs: 30 }] as const),
  ...[60, 150, 250].map((delayMs) => ['line steps 0–60 ms', { delayMs, lineStepMs: 60 }] as const),
  ...[60, 150, 250].map((delayMs) => ['caller as loud', { delayMs, callerDb: 0 }] as const),
  ...[60, 150, 250].map((delayMs) => ['headset', { delayMs, headset: true }] as const),
];

const make = sceneMaker();
const perScene = process.argv.includes('--scenes');
const tallies = new Map<string, Map<Rung, Tally>>();
const locks: number[] = [];
const only = process.argv[process.argv.indexOf('--only') + 1] ?? '';
for (const [index, [name, changed]] of conditions.entries()) {
  if (process.argv.includes('--only') && !name.includes(only)) continue;
  const scene = make(name, { ...base, ...changed, seed: index + 1 });
  const raw = await scores(scene.microphone);
  const truth = { raw, caller: await scores(scene.caller), echo: await scores(scene.echo) };
  const clean = await scores(await cancelled(scene));
  const { echo, lockedAtMs } = guardScores(scene);
  if (!scene.options.headset) locks.push(lockedAtMs - 1000 - scene.options.delayMs);
  const heard: Record<Rung, readonly boolean[]> = {
    none: [...raw].map((score) => score >= 0.5),
    guard: [...raw].map((score, i) => score >= 0.5 && !(echo[i]! >= 0.5)),
    aec3: [...clean].map((score) => score >= 0.5),
    'aec3+guard': [...clean].map((score, i) => score >= 0.5 && !(echo[i]! >= 0.5)),
  };
  const row = tallies.get(name) ?? new Map<Rung, Tally>();
  tallies.set(name, row);
  for (const rung of rungs) {
    const tally = row.get(rung) ?? emptyTally();
    row.set(rung, tally);
    count(tally, scene, heard[rung], truth);
  }
  if (perScene) console.error(index, name, JSON.stringify(changed), `locked ${lockedAtMs}`);
}

const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : ((100 * part) / whole).toFixed(1);
console.log(
  'condition | rung | echo taken for caller % | runs ≥ 128 ms | in first line |' +
    ' double talk heard % | interruptions heard | p50 ms | p95 ms | alone heard %',
);
for (const [name, row] of tallies) {
  for (const [rung, tally] of row) {
    const heardMs = tally.latenciesMs.filter(Number.isFinite).sort((a, b) => a - b);
    const at = (share: number): number =>
      heardMs[Math.min(heardMs.length - 1, Math.floor(share * heardMs.length))] ?? NaN;
    const cells = [
      name,
      rung,
      percent(tally.echoPassed, tally.echoFrames),
      tally.echoRuns,
      tally.firstPassed,
      percent(tally.doubleHeard, tally.doubleFrames),
      `${heardMs.length}/${tally.latenciesMs.length}`,
      at(0.5),
      at(0.95),
      percent(tally.aloneHeard, tally.aloneFrames),
    ];
    console.log(cells.join(' | '));
  }
}
locks.sort((a, b) => a - b);
if (locks.length > 0) {
  console.log(
    `delay known: p50 ${locks[locks.length >> 1]} ms after the echo begins, most ${locks.at(-1)} ms`,
  );
}
const guardCost = (guardUs / guardFrames).toFixed(1);
const aecCost = (aecUs / guardFrames).toFixed(0);
console.log(`CPU for 10 ms of both directions: guard ${guardCost} µs, AEC3 ${aecCost} µs`);
await graph.release();
