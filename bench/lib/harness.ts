import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { CallerApi } from '../processes/caller.ts';
import type { UpstreamApi } from '../processes/upstream.ts';
import { median } from './distribution.ts';
import { cpuTime, residentKib } from './process-usage.ts';
import { Remote } from './remote.ts';

/** What was seen of one stretch of steady calls, from outside and with both ends on one clock. */
export interface MeasuredWindow {
  readonly wallMs: number;
  /** Caller → upstream, ms a frame. */
  readonly upMs: Float64Array;
  /** Upstream → caller, ms a frame. */
  readonly downMs: Float64Array;
  /** Frames a second that arrived in each direction. */
  readonly upPerSecond: number;
  readonly downPerSecond: number;
  /** Audio that was not frame by frame what had been sent (a count). */
  readonly unmarked: number;
  /** CPU of what is between the ends, ms. */
  readonly cpuAllMs: number;
  readonly cpuMainMs: number;
  /** Cores that the ends themselves used, and how late they sent: is the harness sound? */
  readonly callerCores: number;
  readonly upstreamCores: number;
  readonly callerLateMs: Float64Array;
  readonly upstreamLateMs: Float64Array;
  /** Cores in use on the whole machine, whoever used them. */
  readonly machineCores: number;
  /** Of these, what neither the ends nor the measured processes used. */
  readonly otherCores: number;
  /** Memory of the first measured process, median of the window, KiB; 0 without one. */
  readonly rssKib: number;
  readonly troubles: Readonly<Record<string, number>>;
}

export interface WindowOptions {
  readonly durationMs: number;
  /** Processes between the ends. */
  readonly pids: readonly number[];
  /** Called about every second of the window. */
  readonly everySecond?: () => Promise<void>;
}

/** The two ends of every call: callers and hosted stand-in, each in a process of its own. */
export class Harness {
  readonly caller: Remote<CallerApi>;
  readonly upstream: Remote<UpstreamApi>;
  readonly upstreamPort: number;

  private constructor(
    caller: Remote<CallerApi>,
    upstream: Remote<UpstreamApi>,
    upstreamPort: number,
  ) {
    this.caller = caller;
    this.upstream = upstream;
    this.upstreamPort = upstreamPort;
  }

  /** @param lineFrames length of an answer (a count of 20 ms frames) */
  static async start(lineFrames: number): Promise<Harness> {
    const caller = new Remote<CallerApi>(new URL('../processes/caller.ts', import.meta.url));
    const upstream = new Remote<UpstreamApi>(new URL('../processes/upstream.ts', import.meta.url));
    try {
      const upstreamPort = await upstream.ask('listen', { lineFrames });
      return new Harness(caller, upstream, upstreamPort);
    } catch (thrown) {
      await Promise.all([caller.end(), upstream.end()]);
      throw thrown;
    }
  }

  /** Measures what is running for a while. */
  async window({ durationMs, pids, everySecond }: WindowOptions): Promise<MeasuredWindow> {
    const { caller, upstream } = this;
    await Promise.all([caller.ask('begin', undefined), upstream.ask('begin', undefined)]);
    const before = this.#usage(pids);
    const rss: number[] = [];
    const [first] = pids;
    const endMs = before.atMs + durationMs;
    for (let nextSecondMs = before.atMs + 500; ;) {
      await wait(Math.min(250, Math.max(1, endMs - performance.now())));
      if (first !== undefined) rss.push(residentKib(first));
      const nowMs = performance.now();
      if (nowMs >= endMs) break;
      if (everySecond !== undefined && nowMs >= nextSecondMs) {
        nextSecondMs += 1000;
        await everySecond();
      }
    }
    const after = this.#usage(pids);
    const [heard, seen] = await Promise.all([
      caller.ask('end', undefined),
      upstream.ask('end', undefined),
    ]);
    const wallMs = after.atMs - before.atMs;
    const cpuAllMs = after.measured.allMs - before.measured.allMs;
    const callerCores = (after.caller.allMs - before.caller.allMs) / wallMs;
    const upstreamCores = (after.upstream.allMs - before.upstream.allMs) / wallMs;
    const machineCores = (after.machineMs - before.machineMs) / wallMs;
    return {
      wallMs,
      upMs: seen.delayMs,
      downMs: heard.delayMs,
      upPerSecond: (seen.frames / seen.windowMs) * 1e3,
      downPerSecond: (heard.framesDown / heard.windowMs) * 1e3,
      unmarked: seen.unmarked + heard.unmarked,
      cpuAllMs,
      cpuMainMs: after.measured.mainMs - before.measured.mainMs,
      callerCores,
      upstreamCores,
      callerLateMs: heard.lateMs,
      upstreamLateMs: seen.lateMs,
      machineCores,
      otherCores: machineCores - cpuAllMs / wallMs - callerCores - upstreamCores,
      rssKib: rss.length === 0 ? 0 : median(rss),
      troubles: heard.troubles,
    };
  }

  /** Ends both. */
  async end(): Promise<void> {
    await Promise.all([this.caller.end(), this.upstream.end()]);
  }

  #usage(pids: readonly number[]): {
    readonly atMs: number;
    readonly measured: ReturnType<typeof cpuTime>;
    readonly caller: ReturnType<typeof cpuTime>;
    readonly upstream: ReturnType<typeof cpuTime>;
    readonly machineMs: number;
  } {
    return {
      atMs: performance.now(),
      measured: cpuTime(pids),
      caller: cpuTime([this.caller.pid]),
      upstream: cpuTime([this.upstream.pid]),
      machineMs: machineBusyMs(),
    };
  }
}

/** CPU that was in use on the machine since it began, ms; ticks of 10 ms. */
function machineBusyMs(): number {
  const [line] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
  // user nice system idle iowait irq softirq steal: all but idle and waiting for disks.
  const ticks = (line ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, count) => sum + count, 0);
  return (all - (ticks[3] ?? 0) - (ticks[4] ?? 0)) * 10;
}
