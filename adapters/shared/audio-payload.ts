import { Base64Bytes, decodedLengthBytes } from '../../src/audio/base64-bytes.ts';
import { bytesPerSample, type AudioFormat } from '../../src/audio/format.ts';
import { CallError } from '../../src/ports/errors.ts';

/** Most audio that one append may carry, bytes. */
const appendLimitBytes = 15 * 1024 * 1024;

const equals = 0x3d;

/**
 * Length of the audio in the base64 text between two places of a message, bytes.
 *
 * @throws CallError `message_too_large`
 */
export function audioLengthBytes(message: Uint8Array, from: number, to: number): number {
  const padding = message[to - 1] !== equals ? 0 : message[to - 2] !== equals ? 1 : 2;
  return checkedLength(((to - from) / 4) * 3 - padding);
}

/**
 * Reads the audio of an append.
 *
 * @returns whole samples, the caller's, but not the memory around them
 * @throws CallError `invalid_audio` or `message_too_large`
 */
export function decodeAudio(text: string, format: AudioFormat): Uint8Array {
  checkedLength(decodedLengthBytes(text));
  const bytes = Base64Bytes.decode(text);
  if (bytes === null) {
    throw new CallError('invalid_audio', 'The audio is not valid base64.', { param: 'audio' });
  }
  if (bytes.byteLength % bytesPerSample(format.codec) !== 0) {
    throw new CallError(
      'invalid_audio',
      `The audio has ${bytes.byteLength} bytes, which are not whole samples of the input format.`,
      { param: 'audio' },
    );
  }
  return bytes;
}

function checkedLength(lengthBytes: number): number {
  if (lengthBytes <= appendLimitBytes) return lengthBytes;
  throw new CallError(
    'message_too_large',
    `One append may carry at most ${appendLimitBytes} bytes of audio.`,
    { param: 'audio' },
  );
}
