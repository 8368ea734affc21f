import { describe, expect, it } from 'vitest';
import { readCallerWave, speechEndBefore } from '../../src/cli/caller-wave.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWav } from '../../src/audio/wav.ts';
import { lastAudible } from './audible.ts';
import { seededRandom } from './seeded-random.ts';
import { fixture, fixturePath } from './speech.ts';

async function waveOf(samples: Float32Array) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-wave-'));
  try {
    const file = join(folder, 'wave.wav');
    writeFileSync(file, writeWav({ rateHz: 24_000, channels: [samples] }));
    return await readCallerWave(file, 24_000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the end of the caller's speech", () => {
  const clip = fixture('wait').samples;

  it('is the last 10 ms above −50 dBFS in a quiet room', async () => {
    const wave = await readCallerWave(fixturePath('wait'), 24_000);
    expect(wave.speechAboveDbfs).toBe(-50);
    expect(speechEndBefore(wave, wave.samples.length)).toBe(lastAudible(clip, 24_000));
  });

  it('is looked for before the given position', async () => {
    const wave = await readCallerWave(fixturePath('wait'), 24_000);
    // "Wait," ends at 584 ms and the next run begins at 680 ms.
    const end = speechEndBefore(wave, 24 * 660)! / 24;
    expect(end).toBeGreaterThan(540);
    expect(end).toBeLessThan(640);
    expect(speechEndBefore(wave, 24 * 50)).toBeNull();
  });

  it('is found over a room of −45 dBFS, which is not speech', async () => {
    const random = seededRandom(2);
    const noisy = new Float32Array(clip.length + 24_000).map(
      (_, i) => (clip[i] ?? 0) + (random() - 0.5) * 10 ** (-45 / 20) * Math.sqrt(12),
    );
    const wave = await waveOf(noisy);
    const quietEnd = lastAudible(clip, 24_000)!;
    const end = speechEndBefore(wave, wave.samples.length)!;
    expect(wave.speechAboveDbfs).toBeGreaterThan(-42);
    expect(Math.abs(end - quietEnd) / 24).toBeLessThan(80);
  });

  it('does not take steady speech for a room', async () => {
    const loud = new Float32Array(48_000).map((_, i) => 0.3 * Math.sin(i / 9));
    const wave = await waveOf(loud);
    expect(speechEndBefore(wave, wave.samples.length)).toBe(48_000);
  });
});
