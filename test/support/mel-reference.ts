const fft = 400;
const hop = 160;
const window = 128_000;
const bins = 201;

/** The Slaney scale, with its inverse. */
const toMel = (hz: number): number =>
  hz < 1000 ? (3 * hz) / 200 : 15 + (27 * Math.log(hz / 1000)) / Math.log(6.4);
const toHz = (mel: number): number =>
  mel < 15 ? (200 * mel) / 3 : 1000 * 6.4 ** ((mel - 15) / 27);

/**
 * The features Smart Turn v3 takes, step by step and without any of the adapter's short cuts:
 * last 8 s, zeros in front, mean 0 and variance 1, mirrored edges, a plain Fourier sum, 80 bands.
 * @param pcm the turn's samples, −1…1
 * @returns `[80, 800]`, row by row
 */
export function referenceFeatures(pcm: Float32Array): Float32Array {
  const padded = new Float64Array(window);
  const last = pcm.subarray(Math.max(0, pcm.length - window));
  padded.set(last, window - last.length);
  const mean = padded.reduce((sum, x) => sum + x, 0) / window;
  const variance = padded.reduce((sum, x) => sum + (x - mean) ** 2, 0) / window;
  const normal = padded.map((x) => (x - mean) / Math.sqrt(variance + 1e-7));
  const at = (i: number): number => normal[i < 0 ? -i : i >= window ? 2 * (window - 1) - i : i]!;

  const cos = Float64Array.from({ length: fft }, (_, i) => Math.cos((2 * Math.PI * i) / fft));
  const sin = Float64Array.from({ length: fft }, (_, i) => Math.sin((2 * Math.PI * i) / fft));
  const edges = Array.from({ length: 82 }, (_, i) => toHz((toMel(8000) * i) / 81));
  const logs: Float64Array[] = [];
  for (let frame = 0; frame < 800; frame += 1) {
    const samples = Float64Array.from(
      { length: fft },
      (_, i) => at(frame * hop - fft / 2 + i) * (0.5 - 0.5 * cos[i]!),
    );
    const power = Float64Array.from({ length: bins }, (_, bin) => {
      let re = 0;
      let im = 0;
      for (let i = 0; i < fft; i += 1) {
        re += samples[i]! * cos[(bin * i) % fft]!;
        im -= samples[i]! * sin[(bin * i) % fft]!;
      }
      return re * re + im * im;
    });
    logs.push(
      Float64Array.from({ length: 80 }, (_, band) => {
        const [low, centre, high] = [edges[band]!, edges[band + 1]!, edges[band + 2]!];
        let sum = 0;
        for (let bin = 0; bin < bins; bin += 1) {
          const hz = bin * 40;
          const height = Math.min((hz - low) / (centre - low), (high - hz) / (high - centre));
          sum += (Math.max(0, height) * 2 * power[bin]!) / (high - low);
        }
        return Math.log10(Math.max(1e-10, sum));
      }),
    );
  }
  const most = logs.reduce((top, frame) => frame.reduce((a, b) => Math.max(a, b), top), -Infinity);
  return Float32Array.from({ length: 64_000 }, (_, i) => {
    const value = logs[i % 800]![Math.floor(i / 800)]!;
    return (Math.max(value, most - 8) + 4) / 4;
  });
}
