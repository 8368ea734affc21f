import { describe, expect, it } from 'vitest';
import { costOf, type PriceTable } from '../../../src/spend/prices.ts';
import { quantitiesOf } from '../../../src/spend/quantities.ts';

const realtime: PriceTable = {
  currency: 'USD',
  asOf: '2026-11-01',
  source: 'made up',
  inputTextPerMillion: 4,
  inputAudioPerMillion: 32,
  inputCachedTextPerMillion: 1,
  inputCachedAudioPerMillion: 2,
  outputTextPerMillion: 16,
  outputAudioPerMillion: 64,
};

const none = {
  inputTextTokens: null,
  inputAudioTokens: null,
  inputCachedTokens: null,
  outputTextTokens: null,
  outputAudioTokens: null,
};

describe('what a report says was used', () => {
  it('takes cached tokens by modality where they are told so', () => {
    const used = quantitiesOf({
      inputTextTokens: 32,
      inputAudioTokens: 100,
      inputCachedTokens: 46,
      inputCachedTextTokens: 16,
      inputCachedAudioTokens: 30,
      outputTextTokens: 5,
      outputAudioTokens: 40,
    });
    expect(used).toMatchObject({ inputTextTokens: 32, inputAudioTokens: 100 });
    expect(used).toMatchObject({ inputCachedTextTokens: 16, inputCachedAudioTokens: 30 });
    expect(costOf(used!, realtime).amount).toBeCloseTo(
      (16 * 4 + 70 * 32 + 16 * 1 + 30 * 2 + 5 * 16 + 40 * 64) / 1e6,
      12,
    );
  });

  it('gives cached tokens to the only modality there was', () => {
    const used = quantitiesOf({ ...none, inputTextTokens: 50, inputCachedTokens: 20 });
    expect(used).toMatchObject({ inputCachedTextTokens: 20, inputCachedAudioTokens: 0 });
  });

  it('never takes more for cached than there was', () => {
    const used = quantitiesOf({ ...none, inputTextTokens: 5, inputCachedTokens: 90 });
    expect(used).toMatchObject({ inputCachedTokens: 5, inputCachedTextTokens: 5 });
    expect(costOf(used!, realtime).amount).toBeCloseTo(5 / 1e6, 12);
  });

  it('is nothing where tokens are not told', () => {
    expect(quantitiesOf({ ...none, inputCachedTokens: 4 })).toBeNull();
  });
});

describe('what a usage costs', () => {
  it('is unknown without prices', () => {
    expect(costOf({ outputTextTokens: 3 }, null)).toEqual({
      currency: null,
      amount: null,
      known: 0,
      missing: ['prices'],
    });
  });

  it('names what has no price and still tells the rest', () => {
    const table = { ...realtime, inputAudioPerMillion: null };
    const cost = costOf({ inputAudioTokens: 10, outputTextTokens: 1_000_000 }, table);
    expect(cost).toEqual({
      currency: 'USD',
      amount: null,
      known: 16,
      missing: ['inputAudioTokens'],
    });
  });

  it('takes null for unknown and 0 for a price', () => {
    const free = costOf({ outputTextTokens: 9 }, { ...realtime, outputTextPerMillion: 0 });
    expect(free.amount).toBe(0);
    const unknown = costOf({ outputTextTokens: 9 }, { ...realtime, outputTextPerMillion: null });
    expect(unknown.amount).toBeNull();
  });

  it('does not know what cached tokens of two modalities save together', () => {
    const used = quantitiesOf({
      ...none,
      inputTextTokens: 10,
      inputAudioTokens: 10,
      inputCachedTokens: 5,
    });
    expect(costOf(used!, realtime)).toMatchObject({ amount: null, missing: ['inputCachedTokens'] });
  });

  it('asks for no price of tokens where minutes are paid', () => {
    const table = { currency: 'USD', asOf: null, source: null, perMinute: 0.05 };
    const used = { connectedMs: 90_000, outputAudioTokens: 7, unreportedAnswers: 1 };
    expect(costOf(used, table).amount).toBeCloseTo(0.075, 12);
  });

  it('asks for no price of time where tokens are paid', () => {
    expect(costOf({ connectedMs: 90_000 }, realtime).amount).toBe(0);
  });

  it('is unknown where an answer was not reported', () => {
    const cost = costOf({ outputTextTokens: 1_000_000, unreportedAnswers: 1 }, realtime);
    expect(cost).toMatchObject({ amount: null, known: 16, missing: ['unreportedAnswers'] });
  });

  it('has prices for recognisers and voices', () => {
    const table = { ...realtime, perRecognisedMinute: 0.006, perMillionCharacters: 30 };
    const cost = costOf({ recognisedAudioMs: 30_000, spokenCharacters: 1000 }, table);
    expect(cost.amount).toBeCloseTo(0.003 + 0.03, 12);
    expect(costOf({ spokenCharacters: 1 }, realtime).missing).toEqual(['spokenCharacters']);
  });
});
