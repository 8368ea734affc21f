import { sameFormat, type AudioFormat } from '../audio/format.ts';
import { decodePcm16, encodePcm16 } from '../audio/pcm16.ts';
import { createResampler } from '../audio/resampler.ts';

/** Turns one side's bytes into the other's; keeps its state across chunks. */
export interface Converter {
  /** @param bytes whole samples; not written to. May return the very same array. */
  convert(bytes: Uint8Array): Uint8Array;
  close(): void;
}

/** Nothing is touched where both sides agree. @throws TypeError before `prepareResampler`. */
export function createConverter(from: AudioFormat, to: AudioFormat): Converter {
  if (sameFormat(from, to)) return { convert: (bytes) => bytes, close: () => undefined };
  const resampler = createResampler({ fromHz: from.rateHz, toHz: to.rateHz });
  return {
    convert: (bytes) => encodePcm16(resampler.process(decodePcm16(bytes))),
    close: () => resampler.close(),
  };
}
