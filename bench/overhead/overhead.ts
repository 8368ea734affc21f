import { setTimeout as wait } from 'node:timers/promises';
import { distribution, median, pooled, rounded } from '../lib/distribution.ts';
import { hostedAgent, MeasuredGateway } from '../lib/gateway.ts';
import { Harness, type MeasuredWindow } from '../lib/harness.ts';
import { startNginx, type Nginx } from '../lib/nginx.ts';
import { Remote } from '../lib/remote.ts';
import type { BenchResult } from '../lib/report.ts';
import { detectionOff, detectionOn } from '../lib/session-settings.ts';
import { cumulative } from '../lib/svg.ts';
import type { RelayApi } from '../processes/relay.ts';
import type { CallPlan, OpeningTimes } from '../wire/caller-session.ts';
import { addedDelayMs, cpuPerFrame, delayMs, type VariantName } from './variants.ts';

export interface OverheadOptions {
  readonly calls: number;
  readonly rounds: number;
  readonly windowMs: number;
  /** Openings of each kind. */
  readonly openings: number;
  readonly profileFolder: string | null;
  readonly progress: (line: string) => void;
}

interface Variant {
  readonly name: VariantName;
  readonly plan: CallPlan;
  readonly pids: readonly number[];
}

/** Before a window, ms: calls settle, and what was compiled late is compiled. */
const settleMs = 400;
const warmUpMs = 1_500;
/** An answer lasts longer than a window. */
const lineFrames = 3_000;
const path = `/v1/realtime?model=${hostedAgent}`;

/**
 * What a frame costs on its way through Parley, against the same ends connected directly, through a
 * bare relay and through nginx, one after the other, round by round.
 * @throws Error when a part does not start or a call fails
 */
export async function runOverhead(options: OverheadOptions): Promise<BenchResult> {
  await using parts = new AsyncDisposableStack();
  const own = <Part extends { end(): Promise<void> }>(part: Part): Part => {
    parts.defer(() => part.end());
    return part;
  };
  const harness = own(await Harness.start(lineFrames));
  const { upstreamPort } = harness;
  const relay = own(new Remote<RelayApi>(new URL('../processes/relay.ts', import.meta.url)));
  const relayPort = await relay.ask('listen', `ws://127.0.0.1:${upstreamPort}`);
  const nginx = await startNginx(upstreamPort);
  if (typeof nginx === 'string') options.progress(`without nginx: ${nginx}`);
  else own(nginx);
  const { profileFolder } = options;
  const gateway = own(await MeasuredGateway.start({ upstreamPort, profileFolder }));
  const vadGateway = own(await MeasuredGateway.start({ upstreamPort, profileFolder }));
  const through = (port: number): CallPlan => ({
    url: `ws://127.0.0.1:${port}${path}`,
    session: detectionOff,
    respond: true,
  });
  const direct: Variant = { name: 'direct', plan: through(upstreamPort), pids: [] };
  const parley: Variant = {
    name: 'parley',
    plan: { ...through(0), url: gateway.callUrl(hostedAgent) },
    pids: [gateway.pid],
  };
  const variants: readonly Variant[] = [
    direct,
    { name: 'bareRelay', plan: through(relayPort), pids: [relay.pid] },
    ...(typeof nginx === 'string' ? [] : [nginxVariant(nginx, through(nginx.port))]),
    parley,
    {
      name: 'parleyVad',
      plan: { url: vadGateway.callUrl(hostedAgent), session: detectionOn, respond: true },
      pids: [vadGateway.pid],
    },
  ];

  for (const variant of variants) {
    options.progress(`warming up ${variant.name}`);
    await block(harness, variant, { ...options, windowMs: warmUpMs });
  }
  options.progress(`${options.openings} openings each, one at a time`);
  const openings = await measureOpenings(harness, { direct, parley }, options.openings);
  const rounds: Record<VariantName, MeasuredWindow[]> = {
    direct: [],
    bareRelay: [],
    nginx: [],
    parley: [],
    parleyVad: [],
  };
  for (let round = 0; round < options.rounds; round += 1) {
    options.progress(`round ${round + 1} of ${options.rounds}`);
    // Nobody always comes right after the same one.
    const first = round % variants.length;
    for (const variant of [...variants.slice(first), ...variants.slice(0, first)]) {
      rounds[variant.name].push(await block(harness, variant, options));
    }
  }
  return resultOf({ options, rounds, openings, nginx });
}

function nginxVariant(nginx: Nginx, plan: CallPlan): Variant {
  return { name: 'nginx', plan, pids: nginx.pids };
}

async function block(
  harness: Harness,
  { name, plan, pids }: Variant,
  { calls, windowMs }: Pick<OverheadOptions, 'calls' | 'windowMs'>,
): Promise<MeasuredWindow> {
  const { caller } = harness;
  try {
    await caller.ask('open', { plan, count: calls });
    await wait(settleMs);
    const window = await harness.window({ durationMs: windowMs, pids });
    const [trouble] = Object.keys(window.troubles);
    if (trouble !== undefined) throw new Error(trouble);
    return window;
  } catch (thrown) {
    throw new Error(`${name}: ${thrown instanceof Error ? thrown.message : 'failed'}`, {
      cause: thrown,
    });
  } finally {
    await caller.ask('hangUp', undefined);
  }
}

interface Openings {
  readonly direct: readonly OpeningTimes[];
  readonly parley: readonly OpeningTimes[];
}

async function measureOpenings(
  { caller }: Harness,
  { direct, parley }: { readonly direct: Variant; readonly parley: Variant },
  count: number,
): Promise<Openings> {
  const openings: { direct: OpeningTimes[]; parley: OpeningTimes[] } = { direct: [], parley: [] };
  for (let index = 0; index < count; index += 1) {
    openings.direct.push(await caller.ask('probe', direct.plan));
    openings.parley.push(await caller.ask('probe', parley.plan));
  }
  return openings;
}

function resultOf({
  options,
  rounds,
  openings,
  nginx,
}: {
  readonly options: OverheadOptions;
  readonly rounds: Readonly<Record<VariantName, readonly MeasuredWindow[]>>;
  readonly openings: Openings;
  readonly nginx: Nginx | string;
}): BenchResult {
  const names = (Object.keys(rounds) as VariantName[]).filter((name) => rounds[name].length > 0);
  const costs = names.filter((name) => name !== 'direct');
  const cpu = Object.fromEntries(costs.map((name) => [name, cpuPerFrame(rounds[name])]));
  const added = addedDelayMs(rounds.parley, rounds.direct);
  const upstreamReadyMs = openings.direct.map((times) => times.firstAudioMs ?? 0);
  const ownMs = median(upstreamReadyMs);
  const openMs = openings.parley.map(({ createdMs }) => createdMs);
  const readyMs = openings.parley.map(
    ({ createdMs, firstAudioMs }) => (firstAudioMs ?? 0) - createdMs - ownMs,
  );
  const ratio = (name: VariantName): number =>
    rounded((cpu[name]?.us ?? 0) / (cpu['nginx']?.us ?? 1));
  const windows = names.flatMap((name) => rounds[name]);
  return {
    bench: 'overhead',
    config: {
      calls: options.calls,
      rounds: options.rounds,
      windowMs: options.windowMs,
      openings: options.openings,
      frameMs: 20,
      audio: 'pcm16 24 kHz, 20 ms a message, both ways, real time',
      detection: 'parleyVad: server_vad 0.5 / 300 / 500 ms, no answers made or interrupted by it',
      nginx: typeof nginx === 'string' ? nginx : nginx.version,
      processes: 'caller, upstream and each variant in processes of their own on one machine',
    },
    summary: {
      cpuUsPerFrame: Object.fromEntries(costs.map((name) => [name, cpu[name]?.us])),
      ...(cpu['nginx'] === undefined
        ? {}
        : { ratioToNginx: ratio('parley'), ratioToNginxVad: ratio('parleyVad') }),
      addedDelayMs: distribution(added),
      openMs: distribution(openMs),
      readyMs: distribution(readyMs),
      cpuUsPerFrameRounds: Object.fromEntries(costs.map((name) => [name, cpu[name]?.roundsUs])),
      delayMs: Object.fromEntries(names.map((name) => [name, delayMs(rounds[name])])),
      addedDelayVadMs: distribution(addedDelayMs(rounds.parleyVad, rounds.direct)),
      directOpenMs: distribution(openings.direct.map(({ createdMs }) => createdMs)),
      directReadyMs: distribution(upstreamReadyMs),
      unmarkedFrames: windows.reduce((sum, { unmarked }) => sum + unmarked, 0),
      harness: {
        callerCores: rounded(median(windows.map(({ callerCores }) => callerCores))),
        upstreamCores: rounded(median(windows.map(({ upstreamCores }) => upstreamCores))),
        machineCores: rounded(median(windows.map(({ machineCores }) => machineCores))),
        otherCores: rounded(median(windows.map(({ otherCores }) => otherCores))),
        callerLateMs: distribution(pooled(windows.map(({ callerLateMs }) => callerLateMs))),
        upstreamLateMs: distribution(pooled(windows.map(({ upstreamLateMs }) => upstreamLateMs))),
      },
    },
    samples: { rounds, openings },
    charts: [
      {
        title: 'Frames under way',
        xLabel: 'delay of a frame, ms (both directions)',
        yLabel: 'share of frames',
        logX: true,
        series: names.map((name) => ({
          name,
          points: cumulative(pooled(rounds[name].flatMap(({ upMs, downMs }) => [upMs, downMs]))),
        })),
      },
      {
        title: 'CPU for one frame up and one down',
        xLabel: 'round',
        yLabel: 'µs',
        series: costs.map((name) => ({
          name,
          points: (cpu[name]?.roundsUs ?? []).map((us, round) => [round + 1, us] as const),
        })),
      },
      {
        title: 'Opening a call',
        xLabel: 'ms',
        yLabel: 'share of calls',
        series: [
          { name: 'openMs', points: cumulative(openMs) },
          { name: 'readyMs', points: cumulative(readyMs) },
        ],
      },
    ],
  };
}
