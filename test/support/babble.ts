import { seededNoise } from './echo-scene.ts';

const rateHz = 16_000;
/** Formants of five vowels, Hz. */
const vowels = [
  [730, 1090, 2440],
  [270, 2290, 3010],
  [300, 870, 2240],
  [530, 1840, 2480],
  [570, 840, 2410],
] as const;

/**
 * A voice that says nothing: syllables of random length, loudness, vowel and spacing at 16 kHz,
 * peak 0.5, the same for the same seed. Irregular, as speech is: no two stretches look alike.
 */
export function babble(durationMs: number, pitchHz: number, seed: number): Float32Array {
  const random = seededNoise(seed);
  const between = (low: number, high: number): number => low + ((random() + 1) / 2) * (high - low);
  const samples = Math.round((durationMs * rateHz) / 1000);
  const out = new Float32Array(samples);
  const memory = [0, 0, 0].map(() => [0, 0]);
  let phase = 0;
  for (let at = 0; at < samples;) {
    const length = Math.round((between(70, 260) * rateHz) / 1000);
    const pause = Math.round((between(0, random() > 0.6 ? 220 : 50) * rateHz) / 1000);
    const loudness = 10 ** (between(-14, 0) / 20);
    const vowel = vowels[Math.floor(between(0, vowels.length - 0.001))]!;
    const pitch = pitchHz * between(0.8, 1.25);
    const breath = random() > 0.7;
    for (let i = 0; i < length && at + i < samples; i += 1) {
      phase += pitch / rateHz;
      let value = breath ? 0.1 * random() : phase >= 1 ? 1 : 0;
      if (phase >= 1) phase -= 1;
      for (const [formant, centreHz] of vowel.entries()) {
        const radius = Math.exp((-Math.PI * (70 + 30 * formant)) / rateHz);
        const feedback = 2 * radius * Math.cos((2 * Math.PI * centreHz) / rateHz);
        const [one, two] = memory[formant] as [number, number];
        const gain = 1 - feedback + radius * radius;
        const resonant = gain * value + feedback * one - radius * radius * two;
        memory[formant] = [resonant, one];
        value = 0.3 * value + resonant;
      }
      out[at + i] = value * loudness * Math.sin((Math.PI * i) / length) ** 0.5;
    }
    at += length + pause;
  }
  const peak = out.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-9);
  return out.map((sample) => (sample * 0.5) / peak);
}
