import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { ByteStore } from '../../../src/audio/byte-store.ts';

describe('byte store', () => {
  it.prop([fc.array(fc.uint8Array({ maxLength: 50_000 }), { maxLength: 6 }), fc.nat(120_000)], {
    seed: 20261120,
    numRuns: 60,
  })('keeps the first bytes of any pieces, up to its limit', (pieces, limitBytes) => {
    const store = new ByteStore(limitBytes);
    for (const piece of pieces) store.append(piece);
    const kept = Buffer.concat(pieces).subarray(0, limitBytes);
    expect(store.lengthBytes).toBe(kept.byteLength);
    expect(kept.equals(store.bytes())).toBe(true);
    const half = Math.floor(kept.byteLength / 2);
    expect(kept.subarray(0, half).equals(store.bytes(half))).toBe(true);
  });

  it('copies: what was appended may change afterwards', () => {
    const store = new ByteStore(10);
    const piece = Uint8Array.of(1, 2, 3);
    store.append(piece);
    piece.fill(9);
    expect([...store.bytes()]).toEqual([1, 2, 3]);
  });

  it('begins anew when cleared', () => {
    const store = new ByteStore(4);
    store.append(Uint8Array.of(1, 2, 3, 4, 5));
    store.clear();
    expect(store.lengthBytes).toBe(0);
    store.append(Uint8Array.of(6));
    expect([...store.bytes()]).toEqual([6]);
  });
});
