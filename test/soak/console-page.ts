/**
 * Pages of the console that are left open while calls run, in Debian's Chromium: a call talked from a page,
 * another one looked at, the list, the board and the health page. What each page holds is asked of the
 * browser after a forced collection:
 *
 *     npx node test/soak/console-page.ts [--minutes 5] [--calls 20]
 *
 * The answers are short, so that what is kept of a call (5,000 log entries) fills up within minutes. Exit
 * code 1 when a page has grown in the last third of the time by more than it may, when a page has reported
 * an error, or when a call was lost.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Page } from 'puppeteer-core';
import { noChromium, openBrowser, type TalkingBrowser } from '../console/browser/chromium.ts';
import { begin, waitMs } from '../console/browser/page-driver.ts';
import { fixture, speechRateHz } from '../ear/speech.ts';
import { startGateway } from '../support/gateway.ts';
import { SoakCaller, toneFrame } from './caller.ts';
import { numbersFrom } from './options.ts';

/** What a page may hold more at the end than a third of the time before, MiB and a count. */
const heapLimitMiB = 3;
const nodeLimit = 1_000;

const config = JSON.stringify({
  server: { maxCalls: 1_000, drainMs: 0, sessionCapMs: null },
  backends: {
    brief: {
      type: 'rehearsal',
      firstAudioMs: { p50: 40, p95: 60 },
      script: { turns: [{ text: 'Yes.' }, { text: 'No.' }] },
    },
  },
  agents: { brief: { backends: ['brief'], turns: { interruptResponse: false } } },
});

interface Held {
  readonly atS: number;
  readonly heapMiB: number;
  readonly nodes: number;
  readonly listeners: number;
}

/** A page that is watched. */
interface Watched {
  readonly name: string;
  readonly page: Page;
  readonly session: CDPSession;
  readonly problems: string[];
  readonly held: Held[];
}

if (noChromium !== null) throw new Error(noChromium);
const given = numbersFrom({ minutes: 5, calls: 20 });
const gateway = await startGateway({ config });
// The clip, then silence: every few seconds the page's caller says something.
const clip = fixture('table').samples;
const speech = new Float32Array(clip.length + 2 * speechRateHz);
speech.set(clip);
const talking = await openBrowser(speech, { over: true });
const callers: SoakCaller[] = [];
try {
  const frame = toneFrame();
  for (let call = 1; call < given.calls; call += 1) {
    callers.push(await SoakCaller.open(`${gateway.wsUrl}/v1/realtime?model=brief`, frame));
  }
  for (const caller of callers) caller.talk();
  const listed = await fetch(`${gateway.url}/api/calls`);
  const { calls } = (await listed.json()) as { calls: readonly { readonly callId: string }[] };
  const watched = [
    await watch(talking, 'talk', ''),
    await watch(talking, 'call', `#/calls/${calls[0]?.callId ?? ''}`),
    await watch(talking, 'calls', '#/calls'),
    await watch(talking, 'board', '#/board'),
    await watch(talking, 'health', '#/health'),
  ];
  await begin(watched[0]!.page, 'brief');
  const startMs = performance.now();
  const endMs = startMs + given.minutes * 60_000;
  while (performance.now() < endMs) {
    await sleep(Math.min(15_000, given.minutes * 6_000));
    for (const page of watched) page.held.push(await heldBy(page, startMs));
    say(watched.map(({ name, held }) => `${name} ${shown(held.at(-1)!)}`).join(' · '));
  }
  process.exitCode = verdict(watched) ? 0 : 1;
} finally {
  for (const caller of callers) caller.hangUp();
  await talking.close();
  await gateway.close();
}

async function watch({ browser }: TalkingBrowser, name: string, path: string): Promise<Watched> {
  // A context of its own: a process of its own, whose memory is the page's alone.
  const context = await browser.createBrowserContext();
  await context.setPermission(gateway.url, {
    permission: { name: 'microphone' },
    state: 'granted',
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.setDefaultTimeout(waitMs);
  await page.setViewport({ width: 900, height: 700 });
  const session = await page.createCDPSession();
  // All of them are looked at: pages that nobody sees do not ask for anything.
  await session.send('Emulation.setFocusEmulationEnabled', { enabled: true });
  await session.send('Performance.enable');
  await page.goto(`${gateway.url}/${path}`);
  await page.waitForSelector(name === 'talk' ? '#begin:not([disabled])' : 'h1');
  return { name, page, session, problems, held: [] };
}

async function heldBy({ session }: Watched, startMs: number): Promise<Held> {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (wanted: string): number =>
    metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
  return {
    atS: (performance.now() - startMs) / 1_000,
    heapMiB: of('JSHeapUsedSize') / 2 ** 20,
    nodes: of('Nodes'),
    listeners: of('JSEventListeners'),
  };
}

/** The last third of the time beside the third before it. */
function verdict(watched: readonly Watched[]): boolean {
  let sound = true;
  for (const { name, held, problems } of watched) {
    const third = Math.floor(held.length / 3);
    const before = held.slice(-2 * third, -third);
    const last = held.slice(-third);
    const grown = (of: (held: Held) => number): number =>
      median(last.map(of)) - median(before.map(of));
    const [heapMiB, nodes] = [grown((one) => one.heapMiB), grown((one) => one.nodes)];
    const ok = heapMiB <= heapLimitMiB && nodes <= nodeLimit && problems.length === 0;
    sound &&= ok;
    say(
      `${ok ? 'ok  ' : 'GROWS'} ${name}: heap ${heapMiB.toFixed(2)} MiB, ${nodes} nodes more; at the end ${shown(held.at(-1)!)}`,
    );
    for (const problem of problems) say(`  ${problem}`);
  }
  const lost = callers.filter(({ closed }) => closed !== null).length;
  for (const why of new Set(callers.flatMap(({ closed }) => closed ?? [])))
    say(`  lost with code ${why}`);
  const silent = callers.filter(({ deltas }) => deltas === 0).length;
  say(`${given.calls} calls, ${lost} lost, ${silent} that heard nothing`);
  return sound && lost === 0 && silent === 0;
}

function shown({ heapMiB, nodes, listeners }: Held): string {
  return `${heapMiB.toFixed(1)} MiB ${nodes} nodes ${listeners} listeners`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
