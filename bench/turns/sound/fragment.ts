/** Rate of all sound in the dialogues, Hz. */
export const soundRateHz = 16_000;

const windowSamples = soundRateHz / 100;
/** Longest pause that is left inside a fragment, in windows of 10 ms. */
const longestInnerWindows = 12;

/** Mono sound at {@link soundRateHz}. */
export type Sound = Float32Array;

/**
 * Cuts a fragment where its 10 ms windows lie `trimDb` below the loudest one, shortens pauses inside
 * it to 120 ms (engines make some before stops), and brings what is left to the given RMS. In a recording whose room is louder than that, the border lies 10 dB above the
 * room (the level that a tenth of the windows do not exceed). Boundaries are then known to the
 * sample. The result is new memory.
 *
 * @throws RangeError when nothing is heard in it
 */
export function trimmed(
  samples: Sound,
  { trimDb, rms }: { readonly trimDb: number; readonly rms: number },
): Sound {
  const energies = windowEnergies(samples);
  const border = soundBorder(energies, trimDb);
  const first = energies.findIndex((energy) => energy > border);
  const last = energies.findLastIndex((energy) => energy > border);
  if (first === -1) throw new RangeError('a fragment without a sound');
  const kept = keptWindows(energies.slice(first, last + 1), border);
  const cut = new Float32Array(kept.length * windowSamples);
  for (const [place, window] of kept.entries()) {
    const from = (first + window) * windowSamples;
    cut.set(samples.subarray(from, from + windowSamples), place * windowSamples);
  }
  const gain = rms / Math.sqrt(meanEnergy(cut));
  for (let i = 0; i < cut.length; i += 1) {
    cut[i] = Math.max(-1, Math.min(1, cut[i]! * gain));
  }
  return cut;
}

/** Longest pause between the first and the last sound by the border of {@link trimmed}, ms. */
export function longestPauseMs(samples: Sound, trimDb: number): number {
  const energies = windowEnergies(samples);
  const border = soundBorder(energies, trimDb);
  let [longest, run] = [0, 0];
  for (const energy of energies.slice(energies.findIndex((one) => one > border))) {
    if (energy > border) {
      longest = Math.max(longest, run);
      run = 0;
    } else {
      run += 1;
    }
  }
  return longest * 10;
}

/** Which windows stay: all sound, and the first of each run of silence. */
function keptWindows(energies: readonly number[], border: number): readonly number[] {
  let run = 0;
  return energies.flatMap((energy, window) => {
    run = energy > border ? 0 : run + 1;
    return run <= longestInnerWindows ? [window] : [];
  });
}

function soundBorder(energies: readonly number[], trimDb: number): number {
  const sorted = energies.toSorted((a, b) => a - b);
  const peak = sorted.at(-1) ?? 0;
  const room = sorted[Math.floor(sorted.length / 10)] ?? 0;
  const belowPeak = peak / 10 ** (trimDb / 10);
  // Without a pause the quietest tenth is speech, not room.
  return room * 10 > belowPeak && room * 300 < peak ? room * 10 : belowPeak;
}

function windowEnergies(samples: Sound): readonly number[] {
  const count = Math.floor(samples.length / windowSamples);
  return Array.from({ length: count }, (_, index) =>
    meanEnergy(samples.subarray(index * windowSamples, (index + 1) * windowSamples)),
  );
}

function meanEnergy(samples: Sound): number {
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  return samples.length === 0 ? 0 : energy / samples.length;
}
