/**
 * Many calls in real time lose their backend at one moment, while others talk to the one that is left:
 *
 *     npx node test/soak/handover-storm.ts [--calls 150] [--untouched 20] [--seconds 20] [--per-second 50]
 *
 * `--calls` of them are with the first of two hosted stand-ins, each a process of its own that is killed,
 * and go over to the second, where `--untouched` others are. Frames of those are timed for `--seconds`
 * before the loss and from it on, and once more afterwards. Prints one JSON object, with all samples in
 * bench/out/handover-storm.json; exit code 1 when a call was not handed over or ended, when more sessions
 * came to the second stand-in within a second than `--per-second` and what a busy machine bunches, or when
 * frames of the untouched calls were later than the budget and than before. No words of the caller are
 * known, so that each call is told again all of her sound that is kept: 15 s.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { frameBudgetMs } from '../../bench/load/verdict.ts';
import { distribution, rounded } from '../../bench/lib/distribution.ts';
import { MeasuredGateway } from '../../bench/lib/gateway.ts';
import { Remote } from '../../bench/lib/remote.ts';
import { outFolder } from '../../bench/lib/report.ts';
import { detectionOff } from '../../bench/lib/session-settings.ts';
import type { CallerApi, CallerWindow } from '../../bench/processes/caller.ts';
import type { UpstreamApi, UpstreamWindow } from '../../bench/processes/upstream.ts';
import { mostWithin } from './most-within.ts';
import { numbersFrom } from './options.ts';

/** Answers of 10 s, one after the other (frames of 20 ms). */
const lineFrames = 500;
/** What is opened has settled after this, ms. */
const settleMs = 5_000;
/** From one look at what waits for its turn to the next, ms. */
const lookEveryMs = 200;
/** So much more is no difference, as a factor: what two equal windows differ by. */
const noise = 1.25;

const backendsSchema = z.object({
  backends: z.array(z.object({ name: z.string(), figures: z.record(z.string(), z.number()) })),
});
const listSchema = z.object({ calls: z.array(z.object({ callId: z.string() })) });
const doneSchema = z.object({
  type: z.literal('handover.done'),
  from: z.string(),
  to: z.string(),
  gapMs: z.number(),
  oursMs: z.number(),
});
const recordSchema = z.object({ events: z.array(z.unknown()) });

const options = numbersFrom({ calls: 150, untouched: 20, seconds: 20, 'per-second': 50 });
const perSecond = options['per-second'];
const windowMs = options.seconds * 1000;

const upstream = (): Remote<UpstreamApi> =>
  new Remote(new URL('../../bench/processes/upstream.ts', import.meta.url));
const callers = (): Remote<CallerApi> =>
  new Remote(new URL('../../bench/processes/caller.ts', import.meta.url));
const dying = upstream();
const left = upstream();
const storm = callers();
const untouched = callers();
const dyingPid = dying.pid;

const backendAt = async (of: Remote<UpstreamApi>): Promise<object> => {
  const port = await of.ask('listen', { lineFrames });
  return { type: 'openai-realtime', model: 'steady', url: `ws://127.0.0.1:${port}/v1/realtime` };
};
const agent = (...backends: string[]): object => ({
  backends,
  turns: { authority: 'gateway' },
  playoutLeadMs: 2_000,
  handover: { holdingPhrases: [] },
});
const gateway = await MeasuredGateway.start({
  upstreamPort: null,
  profileFolder: null,
  config: {
    backends: { dying: await backendAt(dying), left: await backendAt(left) },
    agents: { storm: agent('dying', 'left'), untouched: agent('left') },
    connections: { perSecond },
  },
});

const plan = (name: string) => ({
  url: gateway.callUrl(name),
  session: detectionOff,
  respond: true,
});
/** What the untouched calls and the backend that is left saw in one window, and the others. */
interface Window {
  readonly untouched: CallerWindow;
  readonly storm: CallerWindow;
  readonly left: UpstreamWindow;
}

async function windowOf(during: () => Promise<void>): Promise<Window> {
  await Promise.all([
    untouched.ask('begin', undefined),
    storm.ask('begin', undefined),
    left.ask('begin', options.untouched),
  ]);
  await Promise.all([wait(windowMs), during()]);
  const [quiet, lost, seen] = await Promise.all([
    untouched.ask('end', undefined),
    storm.ask('end', undefined),
    left.ask('end', undefined),
  ]);
  return { untouched: quiet, storm: lost, left: seen };
}

/** Most openings that waited for their turn, seen from now to the end of the window (a count). */
async function mostWaiting(): Promise<number> {
  let most = 0;
  for (const endMs = performance.now() + windowMs; performance.now() < endMs;) {
    most = Math.max(most, (await figures('left'))['openingsWaiting'] ?? 0);
    await wait(lookEveryMs);
  }
  return most;
}

async function figures(name: string): Promise<Readonly<Record<string, number>>> {
  const { backends } = backendsSchema.parse(await gateway.told('/api/backends'));
  return backends.find((backend) => backend.name === name)?.figures ?? {};
}

/** Handovers that came to their end, of all calls. */
async function handovers(): Promise<readonly z.output<typeof doneSchema>[]> {
  const { calls } = listSchema.parse(await gateway.told('/api/calls?limit=1000'));
  const done: z.output<typeof doneSchema>[] = [];
  for (const { callId } of calls) {
    const { events } = recordSchema.parse(await gateway.told(`/api/calls/${callId}`));
    done.push(...events.flatMap((event) => doneSchema.safeParse(event).data ?? []));
  }
  return done;
}

const progress = (line: string): boolean => process.stderr.write(`${line}\n`);
try {
  progress(`${options.untouched} calls, then ${options.calls} more`);
  await untouched.ask('open', { plan: plan('untouched'), count: options.untouched });
  await storm.ask('open', { plan: plan('storm'), count: options.calls });
  await wait(settleMs);
  progress('before the loss');
  const before = await windowOf(() => Promise.resolve());
  progress('the loss');
  let waiting = 0;
  const during = await windowOf(async () => {
    process.kill(dyingPid, 'SIGKILL');
    waiting = await mostWaiting();
  });
  progress('afterwards');
  const after = await windowOf(() => Promise.resolve());
  const all = await handovers();
  const moved = all.filter(({ from, to }) => from === 'dying' && to === 'left');
  const { openingsTaken, openingsWaited, openingsRefused } = await figures('left');
  const delays = ({ untouched: heard, left: seen }: Window) => ({
    down: distribution(heard.delayMs),
    up: distribution(seen.delayMs),
    longestGapMs: rounded(Math.max(...heard.longestGapMs)),
    callersLateMs: distribution(heard.lateMs).p99,
  });
  const windows = { before: delays(before), during: delays(during), after: delays(after) };
  const result = {
    calls: options.calls,
    untouched: options.untouched,
    handedOver: moved.length,
    otherHandovers: all.length - moved.length,
    callsEnded: options.calls + options.untouched - during.storm.open - during.untouched.open,
    troubles: { ...during.storm.troubles, ...during.untouched.troubles },
    gapHeardMs: distribution(during.storm.longestGapMs),
    gapMs: distribution(moved.map(({ gapMs }) => gapMs)),
    oursMs: distribution(moved.map(({ oursMs }) => oursMs)),
    openings: {
      perSecond,
      all: during.left.openedMs.length,
      mostInASecond: mostWithin(during.left.openedMs, 1000),
      mostInATenth: mostWithin(during.left.openedMs, 100),
      lastAfterMs: rounded(Math.max(0, ...during.left.openedMs)),
      afterwards: after.left.openedMs.length,
      mostWaiting: waiting,
      taken: openingsTaken,
      waited: openingsWaited,
      refused: openingsRefused,
    },
    frameDelayMs: windows,
  };
  mkdirSync(outFolder, { recursive: true });
  const samples = { before, during, after, handovers: all };
  const plain = (_: string, value: unknown): unknown =>
    value instanceof Float64Array ? [...value].map(rounded) : value;
  writeFileSync(`${outFolder}handover-storm.json`, JSON.stringify({ ...result, samples }, plain));
  process.stdout.write(`${JSON.stringify(result)}\n`);
  const late = (way: 'down' | 'up'): boolean => {
    const inTime = Math.max(frameBudgetMs, windows.before[way].p99 * noise);
    return Math.max(windows.during[way].p99, windows.after[way].p99) > inTime;
  };
  process.exitCode =
    result.handedOver === options.calls &&
    result.callsEnded === 0 &&
    result.openings.mostInASecond <= perSecond * noise &&
    !late('down') &&
    !late('up')
      ? 0
      : 1;
} finally {
  await Promise.all([storm.end(), untouched.end()]);
  await gateway.end();
  await Promise.all([dying.end(), left.end()]);
}
