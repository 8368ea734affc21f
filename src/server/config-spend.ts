import { z } from 'zod';
import type { SpendOptions } from '../call/spend-options.ts';
import type { AgentDefinition } from '../ports/agent.ts';
import type { SpendLimits } from '../ports/usage.ts';
import { knownPrices } from '../spend/known-prices.ts';
import type { PriceTable } from '../spend/prices.ts';
import { entryName as name } from './config-names.ts';
import type { ConfigProblem, PositionedYaml } from './problems.ts';
import type { SpendDay } from './spend-day.ts';
import { suggestion } from './suggestion.ts';

/** Longest last words of an agent, characters. */
const wordsLimit = 500;
const defaultWords = 'I am sorry, but our time is up, so I have to end the call here. Goodbye.';

const price = z.number().min(0).max(1_000_000).nullable().optional();
const currency = z.string().regex(/^[A-Z]{3}$/, { error: 'must be a currency such as USD' });

/** Prices of one backend, or of one model. `null` = not known; 0 is a price. */
const priceTable = z.strictObject({
  currency: currency.optional(),
  asOf: z.iso.date().optional(),
  source: z.string().max(500).optional(),
  inputTextPerMillion: price,
  inputAudioPerMillion: price,
  inputCachedPerMillion: price,
  inputCachedTextPerMillion: price,
  inputCachedAudioPerMillion: price,
  outputTextPerMillion: price,
  outputAudioPerMillion: price,
  perMinute: price,
  perRecognisedMinute: price,
  perMillionCharacters: price,
});

export const pricesSchema = z.record(z.string().min(1).max(128), priceTable).default({});

const amounts = {
  spend: z.number().gt(0).max(1_000_000_000).nullable().optional(),
  minutes: z.number().gt(0).max(1_000_000_000).nullable().optional(),
  tokens: z.int().min(1).nullable().optional(),
};
const limitAmounts = z.strictObject(amounts).prefault({});
const warnAt = z.number().gt(0).max(1);
const words = z.string().min(1).max(wordsLimit);

/** Limits of every call, of every key for a day, and of the process for a day. */
export const limitsSchema = z
  .strictObject({
    currency: currency.default('USD'),
    call: limitAmounts,
    key: limitAmounts,
    day: limitAmounts,
    warnAt: warnAt.default(0.8),
    words: words.default(defaultWords),
  })
  .prefault({});

/** What an agent says of its calls' limits; the rest is as `limits` has it. */
export const agentLimitsSchema = z.strictObject({
  ...amounts,
  warnAt: warnAt.optional(),
  words: words.optional(),
  cheaper: name.optional(),
});

/** Prices and limits as configured. */
export interface SpendConfig {
  /** By backend or model. */
  readonly prices: Readonly<Record<string, PriceTable>>;
  /** Models of backends, by name, for prices of models. */
  readonly models: Readonly<Record<string, string>>;
  /** ISO 4217. */
  readonly currency: string;
  readonly limits: Readonly<Record<'call' | 'key' | 'day', SpendLimits>>;
  readonly warnAt: number;
  readonly words: string;
}

interface BackendLike {
  readonly name: string;
  readonly options: unknown;
}

/** Reads `prices` and `limits`; prices of nothing that there is are a problem. */
export function readSpend(
  yaml: PositionedYaml,
  file: {
    readonly prices: z.output<typeof pricesSchema>;
    readonly limits: z.output<typeof limitsSchema>;
  },
  backends: readonly BackendLike[],
  problems: ConfigProblem[],
): SpendConfig {
  const models = Object.fromEntries(
    backends.flatMap(({ name: backend, options }) => {
      const model = modelIn(options);
      return model === null ? [] : [[backend, model]];
    }),
  );
  const priced = [...backends.map((backend) => backend.name), ...Object.values(models)];
  for (const key of Object.keys(file.prices)) {
    if (priced.includes(key)) continue;
    const near = suggestion(key, priced);
    const message = `No backend or model is called ${JSON.stringify(key)}.${near}`;
    problems.push(yaml.problem(['prices', key], message));
  }
  const { limits } = file;
  const prices = Object.fromEntries(
    Object.entries(file.prices).map(([key, table]) => [key, tableOf(table, limits.currency)]),
  );
  return {
    prices,
    models,
    currency: limits.currency,
    limits: {
      call: limitsOf(limits.call),
      key: limitsOf(limits.key),
      day: limitsOf(limits.day),
    },
    warnAt: limits.warnAt,
    words: limits.words,
  };
}

/** A backend's prices: its own, its model's, or those that are published; `null`: not known. */
export function pricesOf({ prices, models }: SpendConfig, backend: string): PriceTable | null {
  const model = models[backend] ?? '';
  return prices[backend] ?? prices[model] ?? knownPrices[model] ?? null;
}

/** What a call of this agent costs and may cost. */
export function spendOf(
  config: SpendConfig,
  { limits: own }: AgentDefinition,
  keyId: string | null,
  day: SpendDay,
): SpendOptions {
  const { limits } = config;
  const shared = [
    { scope: 'day', limits: limits.day, used: () => day.used(null) } as const,
    ...(keyId === null
      ? []
      : [{ scope: 'key', limits: limits.key, used: () => day.used(keyId) } as const]),
  ];
  return {
    prices: (backend) => pricesOf(config, backend),
    currency: config.currency,
    limits: { ...limits.call, ...own?.amounts },
    shared,
    warnAt: own?.warnAt ?? config.warnAt,
    words: own?.words ?? config.words,
    cheaper: own?.cheaper ?? null,
  };
}

/** An agent's own limits, as its entry says them. */
export function agentLimitsOf(
  entry: z.output<typeof agentLimitsSchema>,
): NonNullable<AgentDefinition['limits']> {
  const { spend, minutes, tokens, ...rest } = entry;
  return {
    amounts: {
      ...(spend === undefined ? {} : { spend }),
      ...(minutes === undefined ? {} : { minutes }),
      ...(tokens === undefined ? {} : { tokens }),
    },
    warnAt: rest.warnAt ?? null,
    words: rest.words ?? null,
    cheaper: rest.cheaper ?? null,
  };
}

function tableOf(entry: z.output<typeof priceTable>, fallback: string): PriceTable {
  const { currency: own = fallback, asOf = null, source = null, ...prices } = entry;
  const given = Object.entries(prices).filter(([, value]) => value !== undefined);
  return { currency: own, asOf, source, ...Object.fromEntries(given) };
}

function limitsOf({ spend, minutes, tokens }: z.output<typeof limitAmounts>): SpendLimits {
  return { spend: spend ?? null, minutes: minutes ?? null, tokens: tokens ?? null };
}

function modelIn(options: unknown): string | null {
  if (typeof options !== 'object' || options === null || !('model' in options)) return null;
  return typeof options.model === 'string' ? options.model : null;
}
