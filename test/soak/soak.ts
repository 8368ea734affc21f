/**
 * Holds a number of calls for a long time, the first 30 to the bundled model and the others to a
 * rehearsal, and watches what should not move:
 *
 *     npx node test/soak/soak.ts [--calls 60] [--minutes 30] [--warm-up 5] [--call-minutes 4]
 *
 * A call lasts between half and one and a half times `--call-minutes`, and another takes its place at
 * once; 0 keeps each call to the end, and then memory grows with what is kept of a call (2,000 items
 * and 5,000 entries at most, which one call fills in hours). Prints a line a minute, then the slope of memory after the warm-up and the deadline misses. Exit
 * code 1 when a call was lost, a deadline missed, or memory grows by more than 1 MiB a minute.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { SoakCaller, toneFrame } from './caller.ts';
import { bucketsOf, quantileBetween, totalOf } from './histogram.ts';
import { HouseChild } from './house-child.ts';
import { numbersFrom } from './options.ts';

/** The bundled model takes 32 at once. */
const modelCalls = 30;
const slopeLimitMiBPerMinute = 1;
const delays = 'parley_frame_delay_seconds';
const misses = 'parley_model_deadline_misses_total';

const given = numbersFrom({ calls: 60, minutes: 30, 'warm-up': 5, 'call-minutes': 4 });
const house = await HouseChild.start();
/** The call that each place holds now. */
const callers: SoakCaller[] = [];
const ended = { calls: 0, lost: 0, silent: 0 };
const over = new AbortController();
try {
  for (let place = 0; place < given.calls; place += 1) {
    await takePlace(place);
    if (given['call-minutes'] > 0) void callAfterCall(place);
    // Callers do not begin in step.
    await sleep(37);
  }
  process.exitCode = (await watch()) ? 0 : 1;
} finally {
  over.abort();
  for (const caller of callers) caller.hangUp();
  await house.end();
}

async function takePlace(place: number): Promise<void> {
  const agent = place < modelCalls ? 'parrot' : 'talkative';
  const caller = await SoakCaller.open(house.callUrl(agent), toneFrame());
  caller.talk();
  callers[place] = caller;
}

/** One call ends, the next begins, until the soak is over. */
async function callAfterCall(place: number): Promise<void> {
  for (;;) {
    const minutes = given['call-minutes'] * (0.5 + Math.random());
    await sleep(minutes * 60_000, null, { signal: over.signal }).catch(() => undefined);
    const caller = callers[place];
    if (over.signal.aborted || caller === undefined) return;
    ended.calls += 1;
    if (caller.closed !== null) ended.lost += 1;
    if (caller.deltas === 0) ended.silent += 1;
    caller.hangUp();
    await takePlace(place);
  }
}

async function watch(): Promise<boolean> {
  const points: { minute: number; rssMiB: number; heapMiB: number }[] = [];
  let page = await house.metrics();
  const missedAtFirst = totalOf(page, misses);
  for (let minute = 1; minute <= given.minutes; minute += 1) {
    await sleep(60_000);
    const next = await house.metrics();
    const { rssMiB, heapMiB } = await house.report();
    const p99S = quantileBetween(bucketsOf(page, delays), bucketsOf(next, delays), 0.99);
    const missed = totalOf(next, misses) - totalOf(page, misses);
    const open = callers.filter(({ closed }) => closed === null).length;
    say(
      `minute ${minute}: ${open} calls, RSS ${rssMiB.toFixed(1)} MiB, heap ${heapMiB.toFixed(1)} MiB, ` +
        `deadline misses ${missed}, frame delay p99 ≤ ${(p99S * 1000).toFixed(1)} ms`,
    );
    page = next;
    if (minute > given['warm-up']) points.push({ minute, rssMiB, heapMiB });
  }
  const rss = slope(points.map(({ minute, rssMiB }) => [minute, rssMiB]));
  const heap = slope(points.map(({ minute, heapMiB }) => [minute, heapMiB]));
  const missed = totalOf(page, misses) - missedAtFirst;
  const lost = ended.lost + callers.filter(({ closed }) => closed !== null).length;
  // Calls that only just began have not been answered yet: those that ended tell.
  const silent =
    given['call-minutes'] > 0 ? ended.silent : callers.filter(({ deltas }) => deltas === 0).length;
  say(`slope: RSS ${rss.toFixed(3)} MiB a minute, heap ${heap.toFixed(3)} MiB a minute`);
  say(
    `calls ended ${ended.calls}, deadline misses ${missed}, calls lost ${lost}, that heard nothing ${silent}`,
  );
  return missed === 0 && lost === 0 && silent === 0 && rss <= slopeLimitMiBPerMinute;
}

/** Least squares; 0 for fewer than two points. */
function slope(points: readonly (readonly [number, number])[]): number {
  const count = points.length;
  if (count < 2) return 0;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return above / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
