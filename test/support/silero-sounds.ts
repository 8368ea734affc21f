/** Uniform white noise of an RMS level, the same for the same seed. */
export function whiteNoise(samples: number, levelDbfs: number, seed: number): Float32Array {
  const peak = Math.sqrt(3) * 10 ** (levelDbfs / 20);
  let state = seed >>> 0;
  return Float32Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 31 - 1) * peak;
  });
}

/** Formants of four vowels: centre and bandwidth, Hz. */
const vowels = [
  [
    [730, 90],
    [1090, 110],
    [2440, 170],
  ],
  [
    [270, 60],
    [2290, 200],
    [3010, 300],
  ],
  [
    [300, 60],
    [870, 90],
    [2240, 170],
  ],
  [
    [530, 80],
    [1840, 120],
    [2480, 170],
  ],
] as const;

/**
 * Four voiced syllables a second at 16 kHz, peak 0.5: pulses at a gliding pitch through three
 * resonances. Crude, yet what a voice detector takes for speech.
 */
export function voicedSyllables(samples: number, pitchHz: number): Float32Array {
  const rateHz = 16_000;
  const delays = [
    [0, 0],
    [0, 0],
    [0, 0],
  ];
  let phase = 0;
  const raw = Float32Array.from({ length: samples }, (_, index) => {
    const second = index / rateHz;
    const glide =
      0.2 * Math.sin(2 * Math.PI * 0.7 * second) + 0.07 * Math.sin(2 * Math.PI * 2.3 * second);
    phase += (pitchHz * (1 + glide)) / rateHz;
    let value = phase >= 1 ? 1 : 0;
    if (phase >= 1) phase -= 1;
    for (const [formant, [centreHz, bandwidthHz]] of vowels[
      Math.floor(second * 4) % vowels.length
    ]!.entries()) {
      const delay = delays[formant]!;
      const radius = Math.exp((-Math.PI * bandwidthHz) / rateHz);
      const feedback = 2 * radius * Math.cos((2 * Math.PI * centreHz) / rateHz);
      const gain = 1 - feedback + radius * radius;
      value = gain * value + feedback * delay[0]! - radius * radius * delay[1]!;
      delay[1] = delay[0]!;
      delay[0] = value;
    }
    return value * Math.sqrt(Math.sin(Math.PI * ((second * 4) % 1)));
  });
  const peak = raw.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return raw.map((sample) => (sample * 0.5) / peak);
}
