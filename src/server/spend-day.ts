import { exceeded } from '../spend/limits.ts';
import { addQuantities, tokensOf } from '../spend/quantities.ts';
import { CallError } from '../ports/errors.ts';
import type { LogEntry } from '../ports/events.ts';
import type { ObservedCall, ObserverPort } from '../ports/observer.ts';
import type { LimitedAmounts, Quantities, SpendLimits } from '../ports/usage.ts';
import type { Clock } from '../time/clock.ts';
import type { SpendConfig } from './config-spend.ts';

/** Keys of a day that are told apart (a count); the usage of others counts for the day alone. */
const keyLimit = 10_000;
const dayMs = 86_400_000;

interface Total {
  used: Quantities;
  /** Known costs by currency. */
  readonly spend: Map<string, number>;
}

/**
 * What was used today, by key and in all. Days are UTC; the totals are this process's own and begin
 * with it. What is used in a call counts for the day on which it was counted.
 */
export class SpendDay implements ObserverPort {
  /** Of the configuration in force. */
  config: SpendConfig;
  readonly #clock: Clock;
  readonly #keys = new Map<string, Total>();
  /** Keys of running calls. */
  readonly #calls = new Map<string, string | null>();
  #all = nothing();
  #day = 0;

  constructor({ clock, config }: { readonly clock: Clock; readonly config: SpendConfig }) {
    this.#clock = clock;
    this.config = config;
  }

  open(callId: string, keyId: string | null): void {
    this.#calls.set(callId, keyId);
  }

  close(callId: string): void {
    this.#calls.delete(callId);
  }

  entry({ callId }: ObservedCall, entry: LogEntry): void {
    if (entry.type !== 'usage.counted') return;
    this.#turnDay();
    const keyId = this.#calls.get(callId) ?? null;
    for (const total of [this.#all, keyId === null ? null : this.#ofKey(keyId)]) {
      if (total === null) continue;
      total.used = addQuantities(total.used, entry.used);
      const { currency, known } = entry.cost;
      if (currency !== null) total.spend.set(currency, (total.spend.get(currency) ?? 0) + known);
    }
  }

  /** What a key has used today; `null`: everybody. */
  used(keyId: string | null): LimitedAmounts {
    this.#turnDay();
    const total = keyId === null ? this.#all : this.#keys.get(keyId);
    if (total === undefined) return { spend: 0, minutes: 0, tokens: 0 };
    return {
      spend: total.spend.get(this.config.currency) ?? 0,
      minutes: (total.used.connectedMs ?? 0) / 60_000,
      tokens: tokensOf(total.used),
    };
  }

  /** @throws CallError `spend_limit` where nothing is left for a new call today */
  admit(keyId: string | null): void {
    const { day, key } = this.config.limits;
    this.#refuse(day, null, 'the day');
    if (keyId !== null) this.#refuse(key, keyId, 'this key');
  }

  #refuse(limits: SpendLimits, keyId: string | null, whose: string): void {
    const of = exceeded(limits, this.used(keyId));
    if (of === null) return;
    const leftMs = dayMs - (this.#clock.epochMs() % dayMs);
    throw new CallError(
      'spend_limit',
      `The daily limit of ${whose} (${of}) is used up; it begins anew at midnight UTC.`,
      { retryAfterS: Math.ceil(leftMs / 1000) },
    );
  }

  #turnDay(): void {
    const day = Math.floor(this.#clock.epochMs() / dayMs);
    if (day === this.#day) return;
    this.#day = day;
    this.#keys.clear();
    this.#all = nothing();
  }

  #ofKey(keyId: string): Total | null {
    const known = this.#keys.get(keyId);
    if (known !== undefined) return known;
    if (this.#keys.size >= keyLimit) return null;
    const made = nothing();
    this.#keys.set(keyId, made);
    return made;
  }
}

function nothing(): Total {
  return { used: {}, spend: new Map() };
}
