import { Counter, Histogram, type Registry } from 'prom-client';
import type { LogEntry } from '../ports/events.ts';

const labels = ['agent', 'backend'] as const;

interface OfCall {
  readonly agent: string;
  readonly backend: string;
}

/** What the gate before the ear stopped, how long it kept what it let pass, and who was asked. */
export class GateMetrics {
  readonly #hits: Counter<(typeof labels)[number] | 'rule' | 'action'>;
  readonly #late: Counter<(typeof labels)[number]>;
  readonly #held: Histogram<(typeof labels)[number]>;
  readonly #checks: Histogram<(typeof labels)[number] | 'outcome'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#hits = new Counter({
      name: 'parley_gate_hits_total',
      help: 'Lines stopped before what may not be said, by rule and what was done about it.',
      labelNames: [...labels, 'rule', 'action'],
      registers,
    });
    this.#late = new Counter({
      name: 'parley_gate_late_total',
      help: 'Hits whose audio had been given to the client in part before its text was known.',
      labelNames: labels,
      registers,
    });
    this.#held = new Histogram({
      name: 'parley_gate_held_seconds',
      help: 'How long the first audio of a line waited for its text.',
      labelNames: labels,
      buckets: [0.001, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1, 2, 5],
      registers,
    });
    this.#checks = new Histogram({
      name: 'parley_gate_check_seconds',
      help: 'Questions to the HTTP check: allowed, refused, or failed.',
      labelNames: [...labels, 'outcome'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5],
      registers,
    });
  }

  entry(
    of: OfCall,
    entry: LogEntry & { readonly type: 'gate.hit' | 'gate.held' | 'gate.checked' },
  ): void {
    switch (entry.type) {
      case 'gate.hit':
        this.#hits.inc({ ...of, rule: entry.rule, action: entry.action });
        if (entry.lateMs > 0) this.#late.inc({ ...of });
        return;
      case 'gate.held':
        this.#held.observe({ ...of }, entry.heldMs / 1000);
        return;
      case 'gate.checked':
        this.#checks.observe({ ...of, outcome: entry.outcome }, entry.tookMs / 1000);
        return;
    }
  }
}
