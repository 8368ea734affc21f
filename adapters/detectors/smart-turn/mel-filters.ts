import { fftSamples, melBands, rateHz } from './shape.ts';

const bins = fftSamples / 2 + 1;

/** A triangle over neighbouring bins. */
interface MelFilter {
  readonly firstBin: number;
  readonly weights: Float64Array;
}

/** Slaney's mel scale: linear below 1 kHz (15 mel), logarithmic above. */
function hzOfMel(mel: number): number {
  return mel < 15 ? (mel * 200) / 3 : 1000 * Math.exp((mel - 15) * (Math.log(6.4) / 27));
}

function melOfHz(hz: number): number {
  return hz < 1000 ? (hz * 3) / 200 : 15 + Math.log(hz / 1000) * (27 / Math.log(6.4));
}

/**
 * The 80 triangles of Whisper's features: 0–8 kHz, evenly spaced on Slaney's scale, each of the
 * area one (Slaney 1998, Auditory Toolbox 2; as in librosa's `norm='slaney'`).
 */
export function melFilters(): readonly MelFilter[] {
  const topMel = melOfHz(rateHz / 2);
  const edgeHz = (index: number): number => hzOfMel((topMel * index) / (melBands + 1));
  const binHz = rateHz / fftSamples;
  return Array.from({ length: melBands }, (_, band) => {
    const [low, centre, high] = [edgeHz(band), edgeHz(band + 1), edgeHz(band + 2)] as const;
    const all = Array.from({ length: bins }, (_bin, bin) => {
      const rising = (bin * binHz - low) / (centre - low);
      const falling = (high - bin * binHz) / (high - centre);
      return (Math.max(0, Math.min(rising, falling)) * 2) / (high - low);
    });
    const firstBin = all.findIndex((weight) => weight > 0);
    const lastBin = all.findLastIndex((weight) => weight > 0);
    return { firstBin, weights: Float64Array.from(all.slice(firstBin, lastBin + 1)) };
  });
}
