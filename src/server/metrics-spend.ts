import { Counter, type Registry } from 'prom-client';
import type { LogEntry } from '../ports/events.ts';
import type { UsageKind } from '../ports/usage.ts';

/** What calls use and what that costs. */
export class SpendMetrics {
  readonly #usage: Counter<'agent' | 'backend' | 'kind'>;
  readonly #spend: Counter<'agent' | 'backend' | 'currency'>;
  readonly #unpriced: Counter<'agent' | 'backend' | 'what'>;
  readonly #limits: Counter<'agent' | 'scope' | 'of' | 'stage'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#usage = new Counter({
      name: 'parley_usage_total',
      help: 'What backends used, by kind: tokens, ms, characters, tool calls. Cached is part of input.',
      labelNames: ['agent', 'backend', 'kind'],
      registers,
    });
    this.#spend = new Counter({
      name: 'parley_spend_total',
      help: 'What that costs, as far as it has prices.',
      labelNames: ['agent', 'backend', 'currency'],
      registers,
    });
    this.#unpriced = new Counter({
      name: 'parley_unpriced_total',
      help: 'How often something was used that has no known price.',
      labelNames: ['agent', 'backend', 'what'],
      registers,
    });
    this.#limits = new Counter({
      name: 'parley_spend_limits_total',
      help: 'Limits that calls were near to or have reached.',
      labelNames: ['agent', 'scope', 'of', 'stage'],
      registers,
    });
  }

  counted(agent: string, entry: LogEntry & { readonly type: 'usage.counted' }): void {
    const { backend, used, cost } = entry;
    for (const [kind, quantity] of Object.entries(used) as [UsageKind, number][]) {
      if (quantity > 0) this.#usage.inc({ agent, backend, kind }, quantity);
    }
    const { currency, known, missing } = cost;
    if (currency !== null && known > 0) this.#spend.inc({ agent, backend, currency }, known);
    for (const what of missing) this.#unpriced.inc({ agent, backend, what });
  }

  limit(agent: string, entry: LogEntry & { readonly type: 'spend.limit' }): void {
    const { scope, of, stage } = entry;
    this.#limits.inc({ agent, scope, of, stage });
  }
}
