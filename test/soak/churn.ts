/**
 * Opens calls, uses each for up to a second, drops them at random points, and counts what is left:
 *
 *     npx node test/soak/churn.ts [--calls 2000] [--at-once 50] [--rounds 8] [--seed 1]
 *
 * Exit code 1 when anything is left behind, or when memory grows from round to round.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { churn } from './churning.ts';
import { HouseChild } from './house-child.ts';
import type { HouseReport } from './house-process.ts';
import { numbersFrom } from './options.ts';

/** How long leftovers may take to go: a closing handshake nobody answers takes 5 s. */
const settleMs = 7_000;
/** Growth per round beyond which memory counts as leaking, MiB; the first half warms up. */
const growthLimitMiB = 8;

const given = numbersFrom({ calls: 2_000, 'at-once': 50, rounds: 8, seed: 1 });
const house = await HouseChild.start();
try {
  const atRest = await house.report();
  show('at rest', atRest);
  const reports: HouseReport[] = [];
  for (let round = 0; round < given.rounds; round += 1) {
    const startMs = performance.now();
    const ends = await churn({
      urlOf: (call) => house.callUrl(call % 2 === 0 ? 'parrot' : 'quick'),
      calls: Math.ceil(given.calls / given.rounds),
      atOnce: given['at-once'],
      useMs: 1_000,
      seed: given.seed + round,
    });
    const tookS = ((performance.now() - startMs) / 1000).toFixed(1);
    await sleep(settleMs);
    const report = await house.report();
    reports.push(report);
    show(`round ${round + 1} (${tookS} s, ${JSON.stringify(ends)})`, report);
  }
  process.exitCode = verdict(atRest, reports) ? 0 : 1;
} finally {
  await house.end();
}

function verdict(atRest: HouseReport, reports: readonly HouseReport[]): boolean {
  let sound = true;
  const last = reports.at(-1)!;
  for (const name of [
    'timers',
    'sockets',
    'calls',
    'detectorStreams',
    'modelRows',
    'rehearsals',
    'waiting',
  ] as const) {
    if (last[name] === atRest[name]) continue;
    sound = false;
    process.stdout.write(`left behind: ${name} ${atRest[name]} → ${last[name]}\n`);
  }
  const half = Math.floor(reports.length / 2);
  const first = reports[half]!;
  const steps = Math.max(1, reports.length - 1 - half);
  const heap = (last.heapMiB - first.heapMiB) / steps;
  const rss = (last.rssMiB - first.rssMiB) / steps;
  process.stdout.write(
    `memory per round in the second half: heap ${heap.toFixed(2)} MiB, RSS ${rss.toFixed(2)} MiB\n`,
  );
  if (heap > growthLimitMiB || rss > growthLimitMiB) sound = false;
  process.stdout.write(sound ? 'nothing is left behind\n' : 'SOMETHING IS LEFT BEHIND\n');
  return sound;
}

function show(name: string, { rssMiB, heapMiB, externalMiB, ...counts }: HouseReport): void {
  process.stdout.write(
    `${name}: RSS ${rssMiB.toFixed(1)} MiB, heap ${heapMiB.toFixed(1)} MiB, external ${externalMiB.toFixed(1)} MiB, ${JSON.stringify(counts)}\n`,
  );
}
