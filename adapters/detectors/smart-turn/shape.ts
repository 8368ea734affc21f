/** Sample rate the model listens at, Hz. */
export const rateHz = 16_000;
/** Samples the model sees: the last 8 s. */
export const windowSamples = 128_000;
/** Samples from one mel frame to the next: 10 ms. */
export const hopSamples = 160;
/** Samples of a mel frame's transform: 25 ms. */
export const fftSamples = 400;
/** A frame reaches this far to each side of its centre. */
export const halfSamples = fftSamples / 2;
export const melBands = 80;
/** Frames of the window: the transform gives one more, which Whisper's features leave out. */
export const windowFrames = windowSamples / hopSamples;
/** Numbers of one input, `[80, 800]`. */
export const inputLength = melBands * windowFrames;
