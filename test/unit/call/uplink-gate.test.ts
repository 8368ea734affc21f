import { describe, expect, test } from 'vitest';
import { pcm24k, type AudioFormat } from '../../../src/audio/format.ts';
import { UplinkGate } from '../../../src/call/uplink-gate.ts';

const manualLimitBytes = 15 * 1024 * 1024;

/** A gate of an uplink that has nothing uncommitted, unless told otherwise. */
function gateOf(
  differing: {
    readonly format?: AudioFormat;
    readonly manualTurns?: boolean;
    readonly uncommittedBytes?: () => number;
  } = {},
): UplinkGate {
  const { format = pcm24k, manualTurns = false, uncommittedBytes } = differing;
  const uplink = {
    format,
    uncommittedSample: 0,
    get endSample() {
      return (uncommittedBytes?.() ?? 0) / 2;
    },
  };
  return new UplinkGate({ uplink, manualTurns: () => manualTurns });
}

function takes(gate: UplinkGate, bytes: Uint8Array, nowMs: number): boolean {
  return gate.refusal(bytes.byteLength, nowMs) === null;
}

function seconds(count: number): Uint8Array {
  return new Uint8Array(count * 48_000);
}

describe('the gate of the uplink', () => {
  test('30 s may be ahead, and not a piece more', () => {
    const gate = gateOf();
    const second = seconds(1);
    for (let piece = 0; piece < 30; piece += 1) expect(takes(gate, second, 0)).toBe(true);
    expect(takes(gate, second, 0)).toBe(false);
    expect(takes(gate, second, 99)).toBe(false);
    expect(takes(gate, second, 100)).toBe(true);
  });

  test('ten times real time goes on for ever', () => {
    const gate = gateOf();
    const second = seconds(1);
    for (let piece = 0; piece < 10_000; piece += 1) {
      expect(takes(gate, second, piece * 100)).toBe(true);
    }
  });

  test('eleven times real time ends when 30 s are ahead', () => {
    const gate = gateOf();
    const second = seconds(1);
    let piece = 0;
    while (takes(gate, second, (piece * 1000) / 11)) piece += 1;
    // Each piece gains 1/11 of its length.
    expect(piece).toBeGreaterThanOrEqual(29 * 11);
    expect(piece).toBeLessThanOrEqual(31 * 11);
  });

  test('silence saves up nothing beyond the 30 s', () => {
    const gate = gateOf();
    expect(takes(gate, seconds(31), 3_600_000)).toBe(false);
    expect(takes(gate, seconds(30), 3_600_000)).toBe(true);
  });

  test('with manual turns 15 MiB come at any pace; only what is beyond counts', () => {
    let uncommitted = 0;
    const gate = gateOf({ manualTurns: true, uncommittedBytes: () => uncommitted });
    const upload = (bytes: Uint8Array, uncommittedBytes: number): string | null => {
      uncommitted = uncommittedBytes;
      return gate.refusal(bytes.byteLength, 0)?.code ?? null;
    };
    expect(upload(new Uint8Array(manualLimitBytes), 0)).toBeNull();
    expect(upload(seconds(30), manualLimitBytes)).toBeNull();
    expect(upload(seconds(1), manualLimitBytes)).toBe('audio_too_fast');
    // A commit makes room again.
    expect(upload(seconds(1), 0)).toBeNull();
  });

  test('what is asked about beforehand does not count', () => {
    const gate = gateOf();
    const lengthBytes = 30 * 48_000;
    for (let asked = 0; asked < 3; asked += 1) {
      expect(gate.expectedRefusal(lengthBytes, 0)).toBeNull();
    }
    expect(gate.refusal(lengthBytes, 0)).toBeNull();
    expect(gate.expectedRefusal(lengthBytes, 0)?.code).toBe('audio_too_fast');
  });

  test('half a sample is refused, by the width of the format', () => {
    const ask = (format: AudioFormat): string | null =>
      gateOf({ format }).refusal(3, 0)?.code ?? null;
    expect(ask(pcm24k)).toBe('invalid_audio');
    expect(ask({ codec: 'pcmu', rateHz: 8000 })).toBeNull();
  });
});
