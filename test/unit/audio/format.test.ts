import { describe, expect, it } from 'vitest';
import {
  bytesPerSample,
  msToSamples,
  pcm16k,
  pcm24k,
  sameFormat,
  samplesToMs,
} from '../../../src/audio/format.ts';

describe('audio format', () => {
  it('knows the width of each codec', () => {
    expect(bytesPerSample('pcm16')).toBe(2);
    expect(bytesPerSample('pcmu')).toBe(1);
    expect(bytesPerSample('pcma')).toBe(1);
  });

  it('is the same only when codec and rate are', () => {
    expect(sameFormat(pcm24k, { codec: 'pcm16', rateHz: 24_000 })).toBe(true);
    expect(sameFormat(pcm24k, pcm16k)).toBe(false);
    expect(sameFormat({ codec: 'pcmu', rateHz: 8_000 }, { codec: 'pcma', rateHz: 8_000 })).toBe(
      false,
    );
  });

  it('converts between samples and milliseconds, to the nearest sample', () => {
    expect(samplesToMs(480, 24_000)).toBe(20);
    expect(msToSamples(20, 24_000)).toBe(480);
    expect(msToSamples(0.03, 24_000)).toBe(1);
    expect(msToSamples(0.02, 24_000)).toBe(0);
  });
});
