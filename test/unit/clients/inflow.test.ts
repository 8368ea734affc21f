import { describe, expect, test } from 'vitest';
import { Inflow } from '../../../adapters/shared/inflow.ts';

const mebi = 1024 * 1024;

describe('what a client may send', () => {
  test('250 messages at once; each one more takes a millisecond', () => {
    const inflow = new Inflow();
    for (let message = 0; message < 250; message += 1) expect(inflow.message(1, 0)).toBe(0);
    expect(inflow.message(1, 0)).toBeCloseTo(1);
    expect(inflow.message(1, 0)).toBeCloseTo(2);
    expect(inflow.message(1, 3)).toBe(0);
  });

  test('1,000 messages a second go on for ever', () => {
    const inflow = new Inflow();
    for (let at = 0; at < 20_000; at += 1) {
      if (inflow.message(1, at) !== 0) throw new Error(`held at ${at} ms`);
    }
  });

  test('two appends of 15 MiB of audio at once, then 2 Mi characters a second', () => {
    const inflow = new Inflow();
    expect(inflow.message(24 * mebi, 0)).toBe(0);
    expect(inflow.message(24 * mebi, 0)).toBe(0);
    expect(inflow.message(20 * mebi, 0)).toBe(10_000);
    expect(inflow.message(1, 10_001)).toBe(0);
  });

  test('4 MiB of words at once, then 32 KiB a second', () => {
    const inflow = new Inflow();
    expect(inflow.words(4 * mebi, 0)).toBeNull();
    expect(inflow.words(32 * 1024, 1000)).toBeNull();
    expect(inflow.words(1024, 1001)).toMatchObject({
      code: 'rate_limit_exceeded',
      closeCode: 1008,
    });
  });

  test('what was not used is kept up to the burst only', () => {
    const inflow = new Inflow();
    expect(inflow.words(1, 0)).toBeNull();
    expect(inflow.words(4 * mebi + 1, 1e9)).not.toBeNull();
  });
});
