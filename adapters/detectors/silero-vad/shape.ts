/** Sample rate the model listens at, Hz. */
export const rateHz = 16_000;
/** New samples a score covers: 32 ms. */
export const frameSamples = 512;
/**
 * Samples from before the frame that the graph wants in front of it. It also runs on rows of 512,
 * but then scores near 0 whatever it hears.
 */
export const contextSamples = 64;
/** Samples of one input row. */
export const rowSamples = contextSamples + frameSamples;
/** Values of one stream's state in each of the graph's two layers. */
export const stateWidth = 128;
/** Layers of state. */
export const stateLayers = 2;
