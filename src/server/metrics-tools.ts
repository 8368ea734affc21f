import { Counter, Histogram, type Registry } from 'prom-client';
import type { LogEntry } from '../ports/events.ts';

const labels = ['agent', 'backend', 'tool', 'outcome'] as const;

/** Tool names that get a label of their own (a count); further ones are `other`. */
const nameLimit = 200;

/** What became of tool calls, and how long they took. */
export class ToolMetrics {
  readonly #calls: Counter<(typeof labels)[number]>;
  readonly #seconds: Histogram<(typeof labels)[number]>;
  readonly #names = new Set<string>();

  constructor(registry: Registry) {
    const registers = [registry];
    this.#calls = new Counter({
      name: 'parley_tool_calls_total',
      help: "Tool calls by what became of them; `tool` is client for the app's own, backend for those a backend runs, unknown for none.",
      labelNames: labels,
      registers,
    });
    this.#seconds = new Histogram({
      name: 'parley_tool_seconds',
      help: 'From the request of the model to what became of it.',
      labelNames: labels,
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120],
      registers,
    });
  }

  answered(
    { agent, backend }: { readonly agent: string; readonly backend: string },
    entry: LogEntry & { readonly type: 'tool.answered' },
  ): void {
    const outcome = entry.sharedWith === null ? entry.state : 'shared';
    const of = { agent, backend, tool: this.#label(entry), outcome };
    this.#calls.inc(of);
    this.#seconds.observe(of, entry.elapsedMs / 1000);
  }

  /** Names that clients and models choose freely would be labels without end. */
  #label({ runner, name }: LogEntry & { readonly type: 'tool.answered' }): string {
    if (runner !== 'gateway') return runner;
    if (name === null) return 'unknown';
    if (this.#names.size < nameLimit) this.#names.add(name);
    return this.#names.has(name) ? name : 'other';
  }
}
