import { describe, expect, it } from 'vitest';
import { gateOf, gateSchema } from '../../../src/server/config-gate.ts';

const read = (gate: object): ReturnType<typeof gateOf> => gateOf(gateSchema.parse(gate));

describe('what becomes of speech whose text is late', () => {
  it('is held where there are rules, and spoken where there are none', () => {
    expect(read({ rules: [{ pattern: 'card' }] }).onLateText).toBe('hold');
    expect(read({ check: { url: 'http://127.0.0.1:1/' } }).onLateText).toBe('speak');
    expect(read({ disclosure: { text: 'This is recorded.' } }).onLateText).toBe('speak');
  });

  it('is as it was told', () => {
    expect(read({ rules: [{ pattern: 'card' }], onLateText: 'speak' }).onLateText).toBe('speak');
    expect(read({ onLateText: 'hold' }).onLateText).toBe('hold');
  });
});
