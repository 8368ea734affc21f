import { describe, expect, test } from 'vitest';
import { pcm24k, type AudioFormat } from '../../../src/audio/format.ts';
import { UplinkGate } from '../../../src/call/uplink-gate.ts';

const manualLimitBytes = 15 * 1024 * 1024;

/** Asks a gate about audio on an uplink that has nothing uncommitted. */
function takes(gate: UplinkGate, bytes: Uint8Array, nowMs: number): boolean {
  const uplink = { format: pcm24k, endSample: 0, uncommittedSample: 0 };
  return gate.refusal({ bytes, nowMs, manualTurns: false, uplink }) === null;
}

function seconds(count: number): Uint8Array {
  return new Uint8Array(count * 48_000);
}

describe('the gate of the uplink', () => {
  test('30 s may be ahead, and not a piece more', () => {
    const gate = new UplinkGate();
    const second = seconds(1);
    for (let piece = 0; piece < 30; piece += 1) expect(takes(gate, second, 0)).toBe(true);
    expect(takes(gate, second, 0)).toBe(false);
    expect(takes(gate, second, 99)).toBe(false);
    expect(takes(gate, second, 100)).toBe(true);
  });

  test('ten times real time goes on for ever', () => {
    const gate = new UplinkGate();
    const second = seconds(1);
    for (let piece = 0; piece < 10_000; piece += 1) {
      expect(takes(gate, second, piece * 100)).toBe(true);
    }
  });

  test('eleven times real time ends when 30 s are ahead', () => {
    const gate = new UplinkGate();
    const second = seconds(1);
    let piece = 0;
    while (takes(gate, second, (piece * 1000) / 11)) piece += 1;
    // Each piece gains 1/11 of its length.
    expect(piece).toBeGreaterThanOrEqual(29 * 11);
    expect(piece).toBeLessThanOrEqual(31 * 11);
  });

  test('silence saves up nothing beyond the 30 s', () => {
    const gate = new UplinkGate();
    expect(takes(gate, seconds(31), 3_600_000)).toBe(false);
    expect(takes(gate, seconds(30), 3_600_000)).toBe(true);
  });

  test('with manual turns 15 MiB come at any pace; only what is beyond counts', () => {
    const gate = new UplinkGate();
    const upload = (bytes: Uint8Array, uncommittedBytes: number): string | null => {
      const uplink = { format: pcm24k, endSample: uncommittedBytes / 2, uncommittedSample: 0 };
      return gate.refusal({ bytes, nowMs: 0, manualTurns: true, uplink })?.code ?? null;
    };
    expect(upload(new Uint8Array(manualLimitBytes), 0)).toBeNull();
    expect(upload(seconds(30), manualLimitBytes)).toBeNull();
    expect(upload(seconds(1), manualLimitBytes)).toBe('audio_too_fast');
    // A commit makes room again.
    expect(upload(seconds(1), 0)).toBeNull();
  });

  test('half a sample is refused, by the width of the format', () => {
    const ask = (format: AudioFormat): string | null => {
      const uplink = { format, endSample: 0, uncommittedSample: 0 };
      const bytes = new Uint8Array(3);
      const arrived = { bytes, nowMs: 0, manualTurns: false, uplink };
      return new UplinkGate().refusal(arrived)?.code ?? null;
    };
    expect(ask(pcm24k)).toBe('invalid_audio');
    expect(ask({ codec: 'pcmu', rateHz: 8000 })).toBeNull();
  });
});
