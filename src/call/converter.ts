import { sameFormat, type AudioFormat } from '../audio/format.ts';
import { decodeSamples, encodeSamples } from '../audio/samples.ts';
import { createResampler } from '../audio/resampler.ts';

/** Turns one side's bytes into the other's; keeps its state across chunks. */
export interface Converter {
  /** @param bytes whole samples; not written to. May return the very same array. */
  convert(bytes: Uint8Array): Uint8Array;
  /** What a change of rate still holds back, as if silence followed; new audio may come after. */
  flush(): Uint8Array;
  close(): void;
}

/** Nothing is touched where both sides agree. @throws TypeError before `prepareResampler`. */
export function createConverter(from: AudioFormat, to: AudioFormat): Converter {
  if (sameFormat(from, to)) return untouched;
  const resampler = createResampler({ fromHz: from.rateHz, toHz: to.rateHz });
  return {
    convert: (bytes) =>
      encodeSamples(resampler.process(decodeSamples(bytes, from.codec)), to.codec),
    flush: () => encodeSamples(resampler.flush(), to.codec),
    close: () => resampler.close(),
  };
}

const untouched: Converter = {
  convert: (bytes) => bytes,
  flush: () => new Uint8Array(0),
  close: () => undefined,
};
