import { describe, expect, it } from 'vitest';
import { SilenceGate } from '../../../../../adapters/detectors/silero-vad/silence-gate.ts';

const frameOf = (value: number): Float32Array => new Float32Array(512).fill(value);
const silence = frameOf(0);
/** −70 and −60 dBFS. */
const [belowFloor, aboveFloor] = [frameOf(10 ** (-70 / 20)), frameOf(10 ** (-60 / 20))];

/** Whether each of so many frames is silent, when the model is calm about all that it hears. */
function calmly(gate: SilenceGate, frame: Float32Array, count: number): boolean[] {
  return Array.from({ length: count }, () => {
    const isSilent = gate.isSilent(frame);
    if (!isSilent) gate.scored(0.02);
    return isSilent;
  });
}

describe('the gate before the model', () => {
  it.each([silence, belowFloor])('closes after half a second of quiet', (quiet) => {
    const silent = calmly(new SilenceGate(), quiet, 30);
    expect(silent.indexOf(true)).toBe(16);
    expect(silent.slice(16)).not.toContain(false);
  });

  it('opens at the first frame above the floor, and takes as long to close again', () => {
    const gate = new SilenceGate();
    calmly(gate, silence, 20);
    expect(gate.isSilent(aboveFloor)).toBe(false);
    expect(calmly(gate, silence, 30).indexOf(true)).toBe(16);
  });

  it('stays open above the floor', () => {
    expect(calmly(new SilenceGate(), aboveFloor, 100)).not.toContain(true);
  });

  it('stays open until the model is calm', () => {
    const gate = new SilenceGate();
    for (let frame = 0; frame < 40; frame += 1) {
      expect(gate.isSilent(silence)).toBe(false);
      gate.scored(0.2);
    }
    gate.scored(0.05);
    expect(gate.isSilent(silence)).toBe(true);
  });

  it('asks a fresh model first', () => {
    const gate = new SilenceGate();
    calmly(gate, silence, 20);
    gate.reset();
    expect(calmly(gate, silence, 30).indexOf(true)).toBe(16);
  });
});
