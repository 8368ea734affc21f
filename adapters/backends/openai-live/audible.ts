import { AudibleOnset } from '../../../src/audio/level.ts';

/** Rate both ways, Hz. */
export const rateHz = 24_000;

/** Whether 10 ms of it lie above −50 dBFS. */
export function isAudible(bytes: Uint8Array): boolean {
  const onset = new AudibleOnset(rateHz, 0, 'pcm16');
  return onset.push(bytes) !== null || onset.finish() !== null;
}
