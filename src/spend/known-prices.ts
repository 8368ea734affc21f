import type { PriceTable } from './prices.ts';

/**
 * Prices that vendors publish, by model, as far as they were looked up. A model that is not here has
 * no known price; the configuration's `prices` come first.
 */
export const knownPrices: Readonly<Record<string, PriceTable>> = {
  'gpt-live-1': {
    currency: 'USD',
    asOf: '2026-11-01',
    source:
      "OpenAI's documentation of GPT-Live: per session minute, by the second, silence included",
    perMinute: 0.05,
  },
};
