import { countedSpeech, hearNumbers } from '../ear/counted-speech.ts';
import { encodeAlaw, encodeMulaw, decodeAlaw, decodeMulaw } from './g711.ts';

/** Format names of the wire. */
export type WireFormat = 'audio/pcm' | 'audio/pcmu' | 'audio/pcma';

/** Samples a second of a format. */
export function rateOf(format: WireFormat): number {
  return format === 'audio/pcm' ? 24_000 : 8000;
}

/** Bytes a millisecond of a format. */
export function bytesPerMs(format: WireFormat): number {
  return format === 'audio/pcm' ? 48 : 8;
}

/** How long a word sounds, ms; the last tenth of it is silent. */
export const wordMs = 300;

/** About −20 dBFS. */
const amplitude = 4600;

/** A tone a word, its pitch made from the word: nothing lost, repeated or swapped goes unnoticed. */
export function answerSound(text: string, format: WireFormat): Buffer {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const rateHz = rateOf(format);
  const wordSamples = (rateHz * wordMs) / 1000;
  const samples = new Int16Array(wordSamples * words.length);
  for (const [place, word] of words.entries()) {
    let pitchHz = 180;
    for (const letter of word)
      pitchHz = 180 + ((pitchHz * 31 + (letter.codePointAt(0) ?? 0)) % 700);
    for (let i = 0; i < wordSamples * 0.9; i += 1) {
      samples[place * wordSamples + i] = amplitude * Math.cos((2 * Math.PI * pitchHz * i) / rateHz);
    }
  }
  return encode(samples, format);
}

/** Numbers as counted speech. */
export function countedSound(numbers: readonly number[], format: WireFormat): Buffer {
  const rateHz = rateOf(format);
  const words = numbers.map((firstNumber) => {
    const { samples } = countedSpeech({ firstNumber, words: 1, rateHz });
    return encode(
      Int16Array.from(samples, (sample) => Math.round(sample * 32_767)),
      format,
    );
  });
  return Buffer.concat(words);
}

/** The numbers of counted speech in bytes of the format. */
export function numbersIn(bytes: Uint8Array, format: WireFormat): number[] {
  const samples = Float32Array.from(decode(bytes, format), (sample) => sample / 32_768);
  return hearNumbers(samples, rateOf(format)).map(({ number }) => number);
}

/** Samples as bytes of the format. */
export function encode(samples: Int16Array, format: WireFormat): Buffer {
  switch (format) {
    case 'audio/pcm':
      return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    case 'audio/pcmu':
      return Buffer.from(samples.map(encodeMulaw));
    case 'audio/pcma':
      return Buffer.from(samples.map(encodeAlaw));
  }
}

/** Bytes of the format as samples. */
export function decode(bytes: Uint8Array, format: WireFormat): Int16Array {
  switch (format) {
    case 'audio/pcm': {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return Int16Array.from({ length: bytes.byteLength >> 1 }, (_, i) =>
        view.getInt16(i * 2, true),
      );
    }
    case 'audio/pcmu':
      return Int16Array.from(bytes, decodeMulaw);
    case 'audio/pcma':
      return Int16Array.from(bytes, decodeAlaw);
  }
}
