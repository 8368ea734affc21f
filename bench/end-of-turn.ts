// What end-of-turn detection costs: `npx node bench/end-of-turn.ts [STREAMS]`. With the pulled
// weights of Smart Turn where there are any, else with the stand-in, which costs next to nothing.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { fileURLToPath } from 'node:url';

import { MelAnalyser } from '../adapters/detectors/smart-turn/mel-frame.ts';
import { SmartTurnDetector } from '../adapters/detectors/smart-turn/smart-turn-detector.ts';
import { TurnMemory } from '../adapters/detectors/smart-turn/turn-memory.ts';
import { pulledFile, pulledModelsFolder, readDownloads } from '../src/cli/model-download.ts';
import { systemClock } from '../src/time/clock.ts';

const models = fileURLToPath(new URL('../models', import.meta.url));
const pulled = pulledFile(readDownloads(models), 'smart-turn', pulledModelsFolder(env));
const standIn = join(models, 'smart-turn', 'stand-in', 'stand-in.onnx');
const real = existsSync(pulled.path);
const weights = real
  ? pulled
  : { path: standIn, sha256: createHash('sha256').update(readFileSync(standIn)).digest('hex') };
console.log(real ? 'Smart Turn as pulled' : 'the stand-in (Smart Turn was not pulled)');

const now = (): number => systemClock.nowMs();
/** A buzz with a syllable's rhythm: what it is does not matter to the time. */
const sound = (samples: number): Float32Array =>
  Float32Array.from({ length: samples }, (_, i) => 0.1 * Math.sin(i / 9) * Math.sin(i / 900));

/** Features in the thread: as audio comes, and when somebody asks. */
{
  const memory = new TurnMemory(new MelAnalyser());
  const into = new Float32Array(64_000);
  const frame = sound(512);
  for (let i = 0; i < 2_000; i += 1) memory.append(frame);
  let startMs = now();
  for (let i = 0; i < 10_000; i += 1) memory.append(frame);
  console.log(`features, µs per 32 ms of audio: ${((now() - startMs) / 10).toFixed(1)}`);
  startMs = now();
  for (let i = 0; i < 200; i += 1) memory.features(0, into);
  console.log(`features put together, ms per ask: ${((now() - startMs) / 200).toFixed(2)}`);
}

/** The main thread's share, and how long an ask takes, with many calls at once in real time. */
const streams = Number(argv[2] ?? 100);
const detector = new SmartTurnDetector({ clock: systemClock, weights });
await detector.prepare(new AbortController().signal);
const opened = Array.from({ length: streams }, () =>
  detector.open(
    () => undefined,
    (error) => console.error(error.message),
  ),
);
const ticks = 500;
const chunks = Array.from({ length: streams * ticks }, () => sound(320));
let pushMs = 0;
const usageBefore = process.threadCpuUsage();
for (let tick = 0; tick < ticks; tick += 1) {
  const dueMs = now() + 20;
  const startMs = now();
  for (const [index, stream] of opened.entries()) {
    stream.push(chunks[tick * streams + index]!);
    // Each call asks once in two seconds.
    if ((tick + index) % 100 === 0) stream.ask(0);
  }
  pushMs += now() - startMs;
  await new Promise<void>((resolve) => systemClock.timerAt(dueMs, resolve));
}
const used = process.threadCpuUsage(usageBefore);
const perChunk = (us: number): string => (us / (streams * ticks)).toFixed(2);
console.log(`${streams} streams, 20 ms a chunk, ${streams / 2} asks a second`);
console.log(`main thread in push and ask, µs a chunk: ${perChunk(pushMs * 1000)}`);
console.log(`main thread in all, µs of CPU a chunk: ${perChunk(used.user + used.system)}`);
const figures = detector.figures();
const mean = (name: string, count: string): string =>
  (figures[name]! / Math.max(1, figures[count]!)).toFixed(1);
console.log(
  `ask to score, ms: mean ${mean('delayMsTotal', 'answers')}, most ${figures['delayMsMax']!.toFixed(1)}`,
);
console.log(`features and graph, ms: mean ${mean('scoreMsTotal', 'answers')}`);
console.log(JSON.stringify(figures));
await detector.close();
