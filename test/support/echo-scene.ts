/** What a room and a line do to the agent's voice before it is heard again. */
export interface EchoPath {
  /** From playing to coming back, ms. */
  readonly delayMs: number;
  /** How much quieter it comes back, dB. */
  readonly lossDb: number;
  /** Length of the room's response, ms; 0 = a single reflection. */
  readonly roomMs: number;
  /** How much faster the caller's sound card counts than ours, parts per million. */
  readonly driftPpm: number;
}

const rateHz = 16_000;

/** Repeatable numbers in [−1, 1). */
export function seededNoise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/**
 * A room of exponentially decaying reflections (−60 dB at its end), unit energy, its first
 * reflection the strongest.
 */
function roomResponse(roomMs: number, seed: number): Float32Array {
  const random = seededNoise(seed);
  const taps = Math.max(1, Math.round((roomMs * rateHz) / 1000));
  const response = new Float32Array(taps);
  response[0] = 1;
  for (let i = 1; i < taps; i += 1) response[i] = 0.25 * random() * 10 ** ((-3 * i) / taps);
  const energy = response.reduce((sum, tap) => sum + tap * tap, 0);
  return response.map((tap) => tap / Math.sqrt(energy));
}

/** The agent's voice (16 kHz) as it comes back through the caller's microphone. */
export function echoOf(agent: Float32Array, path: EchoPath, seed = 1): Float32Array {
  const room = roomResponse(path.roomMs, seed);
  const gain = 10 ** (-path.lossDb / 20);
  const echo = new Float32Array(agent.length);
  const delay = (path.delayMs * rateHz) / 1000;
  const stretch = 1 + path.driftPpm / 1e6;
  const wet = new Float32Array(agent.length);
  // Reflections beyond the first are thinned to every eighth tap: a quarter of a percent in level.
  for (let tap = 0; tap < room.length; tap += tap === 0 ? 1 : 8) {
    const weight = room[tap]! * (tap === 0 ? 1 : Math.sqrt(8)) * gain;
    for (let i = tap; i < wet.length; i += 1) wet[i] = wet[i]! + weight * agent[i - tap]!;
  }
  for (let i = 0; i < echo.length; i += 1) {
    const at = i * stretch - delay;
    const below = Math.floor(at);
    if (below < 0 || below + 1 >= wet.length) continue;
    const part = at - below;
    echo[i] = wet[below]! * (1 - part) + wet[below + 1]! * part;
  }
  return echo;
}

/** Root-mean-square of the samples that are louder than −50 dB below their peak. */
export function activeRms(samples: Float32Array): number {
  const window = 160;
  let peak = 0;
  const powers: number[] = [];
  for (let from = 0; from + window <= samples.length; from += window) {
    let sum = 0;
    for (let i = from; i < from + window; i += 1) sum += samples[i]! ** 2;
    powers.push(sum / window);
    peak = Math.max(peak, sum / window);
  }
  const active = powers.filter((power) => power > peak * 1e-4);
  return Math.sqrt(active.reduce((sum, power) => sum + power, 0) / Math.max(1, active.length));
}

/** Samples at another level. */
export function scaled(samples: Float32Array, gain: number): Float32Array {
  return samples.map((sample) => sample * gain);
}

/** Adds `clip` to `whole` from a moment on; what does not fit is left out. */
export function place(whole: Float32Array, clip: Float32Array, atMs: number): void {
  const from = Math.round((atMs * rateHz) / 1000);
  for (let i = 0; i < clip.length && from + i < whole.length; i += 1) {
    whole[from + i] = whole[from + i]! + clip[i]!;
  }
}
