import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { checkShape } from '../../../adapters/shared/message-shape.ts';

describe('the shape of a message', () => {
  test('64 levels pass, 65 do not, whatever they are made of', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      expect(() => checkShape(open.repeat(64) + close.repeat(64))).not.toThrow();
      expect(() => checkShape(open.repeat(65))).toThrow(/nested/);
    }
  });

  test('brackets inside strings do not count, escaped quotes do not end them', () => {
    expect(() => checkShape(`{"a":"${'['.repeat(1000)}"}`)).not.toThrow();
    expect(() => checkShape(String.raw`["\"[[[\\", "${'['.repeat(100)}\\\""]`)).not.toThrow();
    expect(() => checkShape(String.raw`["\\"${'['.repeat(100)}`)).toThrow(/nested/);
  });

  test('a string of any length is one step, many numbers or strings are too many', () => {
    expect(() => checkShape(`{"audio":"${'A'.repeat(20_000_000)}"}`)).not.toThrow();
    expect(() => checkShape(`[${'0,'.repeat(140_000)}0]`)).toThrow(/too many parts/);
    expect(() => checkShape(`[${'"",'.repeat(66_000)}""]`)).toThrow(/too many parts/);
  });

  test('a string that never ends is looked at once', () => {
    expect(() => checkShape(`{"a":"${'x'.repeat(100_000)}`)).not.toThrow();
  });

  property.prop([fc.jsonValue({ maxDepth: 20 })])('every usual JSON passes', (value) => {
    expect(() => checkShape(JSON.stringify(value))).not.toThrow();
  });
});
