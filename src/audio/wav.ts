import { encodePcm16 } from './pcm16.ts';

/** Sound in memory: numbers in [−1, 1), one array for each channel, all of one length. */
export interface WavAudio {
  readonly rateHz: number;
  /** At least one. */
  readonly channels: readonly Float32Array[];
}

/** How one sample lies in a file. */
type Encoding = 'uint8' | 'int16' | 'int24' | 'int32' | 'float32';

interface Layout {
  readonly encoding: Encoding;
  readonly channelCount: number;
  readonly rateHz: number;
}

const pcmTag = 1;
const floatTag = 3;
const extensibleTag = 0xfffe;
/** Written by programs that stream a file without knowing its length. */
const unknownLength = 0xffff_ffff;

const sampleBytes: Readonly<Record<Encoding, number>> = {
  uint8: 1,
  int16: 2,
  int24: 3,
  int32: 4,
  float32: 4,
};

/**
 * Reads a RIFF/WAVE file: PCM of 8, 16, 24 or 32 bits or 32-bit float, any number of channels,
 * also in the extensible form. Other chunks are skipped, and so is what follows the data. The
 * result is new memory. (Microsoft/IBM, "Multimedia Programming Interface and Data
 * Specifications 1.0", 1991: chunks are padded to an even length.)
 *
 * @throws RangeError naming what is wrong when the file is broken or its encoding is another one
 */
export function readWav(file: Uint8Array): WavAudio {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.byteLength < 12 || fourLetters(view, 0) !== 'RIFF' || fourLetters(view, 8) !== 'WAVE') {
    throw new RangeError('not a WAV file: no RIFF/WAVE header');
  }
  let layout: Layout | null = null;
  for (let offset = 12; offset + 8 <= file.byteLength;) {
    const name = fourLetters(view, offset);
    const statedBytes = view.getUint32(offset + 4, true);
    const start = offset + 8;
    const leftBytes = file.byteLength - start;
    const streamed = name === 'data' && statedBytes === unknownLength;
    if (!streamed && statedBytes > leftBytes) {
      throw new RangeError(
        `WAV chunk "${name}" states ${statedBytes} bytes but ${leftBytes} are left in the file`,
      );
    }
    if (name === 'fmt ') layout = readLayout(view, start, statedBytes);
    if (name === 'data') {
      if (layout === null) throw new RangeError('WAV data comes before its "fmt " chunk');
      return readData(new DataView(view.buffer, view.byteOffset + start), layout, {
        lengthBytes: streamed ? leftBytes : statedBytes,
        mayEndInsideFrame: streamed,
      });
    }
    offset = start + statedBytes + (statedBytes % 2);
  }
  throw new RangeError(`WAV file without a "${layout === null ? 'fmt ' : 'data'}" chunk`);
}

/**
 * A WAV file of 16-bit PCM with the given channels. The result is new memory.
 *
 * @throws RangeError when there is no channel, their lengths differ, the rate is not a positive
 * integer, or the file would not fit into its 32-bit lengths
 */
export function writeWav(audio: WavAudio): Uint8Array<ArrayBuffer> {
  const { channels, rateHz } = audio;
  const samples = channels[0]?.length;
  if (samples === undefined || channels.length > 0xffff) {
    throw new RangeError(`a WAV file holds 1 to 65535 channels, got ${channels.length}`);
  }
  if (channels.some((channel) => channel.length !== samples)) {
    const lengths = channels.map((channel) => channel.length).join(', ');
    throw new RangeError(`WAV channels must be of one length, got ${lengths} samples`);
  }
  if (!Number.isInteger(rateHz) || rateHz < 1 || rateHz > 0xffff_ffff) {
    throw new RangeError(`WAV rateHz must be a positive 32-bit integer, got ${rateHz}`);
  }
  const frameBytes = channels.length * 2;
  const dataBytes = samples * frameBytes;
  if (dataBytes + 36 > 0xffff_ffff) {
    throw new RangeError(`${dataBytes} bytes of samples do not fit into a WAV file`);
  }

  const file = new Uint8Array(44 + dataBytes);
  const view = new DataView(file.buffer);
  putLetters(file, 0, 'RIFF');
  view.setUint32(4, 36 + dataBytes, true);
  putLetters(file, 8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, pcmTag, true);
  view.setUint16(22, channels.length, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, rateHz * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, 16, true);
  putLetters(file, 36, 'data');
  view.setUint32(40, dataBytes, true);
  file.set(encodePcm16(interleave(channels, samples)), 44);
  return file;
}

function readLayout(view: DataView, start: number, lengthBytes: number): Layout {
  if (lengthBytes < 16) throw new RangeError(`WAV "fmt " chunk of ${lengthBytes} bytes, needs 16`);
  let tag = view.getUint16(start, true);
  const channelCount = view.getUint16(start + 2, true);
  const rateHz = view.getUint32(start + 4, true);
  const frameBytes = view.getUint16(start + 12, true);
  const bits = view.getUint16(start + 14, true);
  if (tag === extensibleTag) {
    if (lengthBytes < 40) {
      throw new RangeError(`extensible WAV "fmt " chunk of ${lengthBytes} bytes, needs 40`);
    }
    // The first two bytes of the sub-format's GUID are the plain tag.
    tag = view.getUint16(start + 24, true);
  }
  const encoding = encodingOf(tag, bits);
  if (encoding === null) {
    throw new RangeError(`WAV encoding with tag ${tag} and ${bits} bits is not supported`);
  }
  if (channelCount < 1) throw new RangeError('WAV file with no channels');
  if (rateHz < 1) throw new RangeError('WAV file with a rate of 0 Hz');
  if (frameBytes !== channelCount * sampleBytes[encoding]) {
    throw new RangeError(
      `WAV frame of ${frameBytes} bytes does not hold ${channelCount} channels of ${bits} bits`,
    );
  }
  return { encoding, channelCount, rateHz };
}

function encodingOf(tag: number, bits: number): Encoding | null {
  if (tag === floatTag) return bits === 32 ? 'float32' : null;
  if (tag !== pcmTag) return null;
  switch (bits) {
    case 8:
      return 'uint8';
    case 16:
      return 'int16';
    case 24:
      return 'int24';
    case 32:
      return 'int32';
    default:
      return null;
  }
}

function readData(
  view: DataView,
  { encoding, channelCount, rateHz }: Layout,
  { lengthBytes, mayEndInsideFrame }: { lengthBytes: number; mayEndInsideFrame: boolean },
): WavAudio {
  const width = sampleBytes[encoding];
  const frameBytes = width * channelCount;
  const samples = Math.floor(lengthBytes / frameBytes);
  if (!mayEndInsideFrame && samples * frameBytes !== lengthBytes) {
    throw new RangeError(`WAV data of ${lengthBytes} bytes is not whole ${frameBytes}-byte frames`);
  }
  const channels = Array.from({ length: channelCount }, () => new Float32Array(samples));
  channels.forEach((channel, index) => {
    for (let i = 0; i < samples; i += 1) {
      channel[i] = readSample(view, i * frameBytes + index * width, encoding);
    }
  });
  return { rateHz, channels };
}

function readSample(view: DataView, offset: number, encoding: Encoding): number {
  switch (encoding) {
    case 'uint8':
      return (view.getUint8(offset) - 128) / 128;
    case 'int16':
      return view.getInt16(offset, true) / 32_768;
    case 'int24':
      return ((view.getInt8(offset + 2) << 16) | view.getUint16(offset, true)) / 8_388_608;
    case 'int32':
      return view.getInt32(offset, true) / 2_147_483_648;
    case 'float32':
      return view.getFloat32(offset, true);
  }
}

function interleave(channels: readonly Float32Array[], samples: number): Float32Array {
  const only = channels[0];
  if (channels.length === 1 && only !== undefined) return only;
  const mixed = new Float32Array(samples * channels.length);
  channels.forEach((channel, index) => {
    for (let i = 0; i < samples; i += 1) mixed[i * channels.length + index] = channel[i]!;
  });
  return mixed;
}

function fourLetters(view: DataView, offset: number): string {
  const codes = [0, 1, 2, 3].map((i) => view.getUint8(offset + i));
  return String.fromCharCode(...codes);
}

function putLetters(file: Uint8Array, offset: number, letters: string): void {
  for (let i = 0; i < letters.length; i += 1) file[offset + i] = letters.charCodeAt(i);
}
