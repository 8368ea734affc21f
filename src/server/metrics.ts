import { Registry } from 'prom-client';
import type { ErrorCode } from '../ports/errors.ts';
import type { LogEntry } from '../ports/events.ts';
import type { CallDepths, FrameDirection, ObservedCall, ObserverPort } from '../ports/observer.ts';
import type { Clock } from '../time/clock.ts';
import { CallMetrics } from './metrics-calls.ts';
import { FigureMetrics, type FigureSource } from './metrics-figures.ts';
import { registerConfiguration, type Configuration } from './metrics-config.ts';
import { FrameDelays } from './metrics-frames.ts';
import { registerHouse, type House } from './metrics-house.ts';
import { registerKeeping, type KeepingFigures } from './metrics-keeping.ts';
import { LoopDelay } from './metrics-loop.ts';
import { processRegistry } from './metrics-process.ts';
import { registerToolbox, type ToolboxFigures } from './metrics-toolbox.ts';

export type { FigureSource } from './metrics-figures.ts';

export interface MetricsOptions {
  readonly clock: Clock;
  /** Asked at every scrape. */
  readonly sources: Iterable<FigureSource>;
  /** What the server knows of itself; without it those values are absent. */
  readonly house?: House;
  /** How configurations come and go; without it those values are absent. */
  readonly configuration?: Configuration;
  /** What tools count themselves; without it those values are absent. */
  readonly toolbox?: ToolboxFigures;
  /** What store and recordings count; without it those values are absent. */
  readonly keeping?: KeepingFigures;
}

/** Everything `/metrics` says: calls, frames, models, the house and the process. */
export class Metrics implements ObserverPort {
  readonly #registry = new Registry();
  readonly #calls: CallMetrics;
  readonly #figures: FigureMetrics;
  readonly #frames = new FrameDelays();
  readonly #loop: LoopDelay;

  constructor({ clock, sources, house, configuration, toolbox, keeping }: MetricsOptions) {
    this.#calls = new CallMetrics(this.#registry);
    this.#figures = new FigureMetrics(this.#registry, sources);
    this.#loop = new LoopDelay(this.#registry, clock);
    registerHouse(this.#registry, house ?? null, sources);
    registerConfiguration(this.#registry, configuration ?? null);
    registerToolbox(this.#registry, toolbox ?? null);
    registerKeeping(this.#registry, keeping ?? null);
  }

  /** Content type of `text`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything in Prometheus's text format. */
  async text(): Promise<string> {
    this.#calls.refresh();
    this.#figures.refresh();
    const own = await this.#registry.metrics();
    const ofProcess = await processRegistry().metrics();
    return `${own}${this.#frames.text()}${ofProcess}`;
  }

  /** A request that never became a call. */
  refused(code: ErrorCode): void {
    this.#calls.refused(code);
  }

  entry(call: ObservedCall, entry: LogEntry): void {
    this.#calls.entry(call, entry);
  }

  frameDelay(call: ObservedCall, direction: FrameDirection, delayMs: number): void {
    this.#frames.observe(call, direction, delayMs);
  }

  watch(call: ObservedCall, depths: () => CallDepths): void {
    this.#calls.watch(call, depths);
  }

  /** Nothing more will be heard of a call. Idempotent. */
  forget(callId: string): void {
    this.#calls.forget(callId);
  }

  /** Stops sampling. */
  close(): void {
    this.#loop.close();
  }
}
