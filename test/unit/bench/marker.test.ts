import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  ageOfBase64,
  ageOfPcm,
  markedBytes,
  stampBase64,
  stampPcm,
} from '../../../bench/wire/marker.ts';

const frame = fc.uint8Array({ minLength: markedBytes, maxLength: 960 });
const sentAtUs = fc.integer({ min: 0, max: 2 ** 44 - 1 });
const underWayUs = fc.integer({ min: 0, max: 60e6 });

describe('a time in audio', () => {
  property.prop([frame, sentAtUs, underWayUs])(
    'is read back wherever the frame is 60 s later at most, also when the count has wrapped',
    (pcm, sent, age) => {
      stampPcm(pcm, sent);
      expect(ageOfPcm(pcm, (sent + age) % 2 ** 44)).toBe(age);
    },
  );

  property.prop([frame, sentAtUs])('moves no sample by more than 15 of 32,768', (pcm, sent) => {
    const before = pcm.slice();
    stampPcm(pcm, sent);
    for (const [index, byte] of pcm.entries()) {
      expect(byte & 0xf0).toBe(before[index]! & 0xf0);
      if (index % 2 === 1 || index >= markedBytes) expect(byte).toBe(before[index]);
    }
  });

  test('fractions of a microsecond are cut off', () => {
    const pcm = new Uint8Array(markedBytes);
    stampPcm(pcm, 1_000.9);
    expect(ageOfPcm(pcm, 1_500)).toBe(500);
  });

  test('a reader whose clock was read a moment earlier sees no time at all', () => {
    const pcm = new Uint8Array(markedBytes);
    stampPcm(pcm, 1_000);
    expect(ageOfPcm(pcm, 998)).toBe(0);
  });

  test.each([
    ['silence', new Uint8Array(960)],
    ['too little audio', new Uint8Array(markedBytes - 2).fill(0xaa)],
  ])('%s carries none', (_what, pcm) => {
    expect(ageOfPcm(pcm, 5_000)).toBeNull();
  });

  test('a damaged one, or one from over a minute ago, is none', () => {
    const pcm = new Uint8Array(markedBytes);
    stampPcm(pcm, 7_000_000);
    expect(ageOfPcm(pcm, 7_000_000 + 60_000_001)).toBeNull();
    pcm[8] = pcm[8]! ^ 1;
    expect(ageOfPcm(pcm, 7_000_100)).toBeNull();
  });
});

describe('a time in base64', () => {
  property.prop([frame, sentAtUs])('is the same as in the audio it stands for', (pcm, sent) => {
    const stamped = pcm.slice();
    stampPcm(stamped, sent);
    const message = Buffer.from(`{"audio":"${Buffer.from(pcm).toString('base64')}"}`);
    stampBase64(message, 10, { head: pcm, sentAtUs: sent, mask: null });
    expect(message.toString()).toBe(`{"audio":"${Buffer.from(stamped).toString('base64')}"}`);
    expect(ageOfBase64(message, 10, sent)).toBe(0);
  });

  test('is masked where the message is', () => {
    const pcm = new Uint8Array(markedBytes).fill(0x40);
    const key = new Uint8Array([1, 2, 3, 4]);
    const plain = Buffer.from(`xx${Buffer.from(pcm).toString('base64')}`);
    const masked = Buffer.from(plain.map((byte, index) => byte ^ key[index & 3]!));
    stampBase64(masked, 2, { head: pcm, sentAtUs: 77, mask: { key, payloadStart: 0 } });
    const unmasked = Buffer.from(masked.map((byte, index) => byte ^ key[index & 3]!));
    expect(ageOfBase64(unmasked, 2, 100)).toBe(23);
  });

  test('what is no base64, or ends too soon, carries none', () => {
    expect(ageOfBase64(Buffer.from('"'.repeat(60)), 0, 5)).toBeNull();
    expect(ageOfBase64(Buffer.from('AAAA'), 0, 5)).toBeNull();
  });
});
