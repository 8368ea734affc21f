/** Rate at which audio comes and goes, Hz: that of the detectors. */
export const rateHz = 16_000;
/** The canceller works on frames of 10 ms. */
const frameMs = 10;
export const frameSamples = (rateHz * frameMs) / 1000;
