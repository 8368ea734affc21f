import { bytesPerSample, type AudioFormat } from '../../../src/audio/format.ts';
import { CallError } from '../../../src/ports/errors.ts';

/** Most audio that one append may carry, bytes. */
const appendLimitBytes = 15 * 1024 * 1024;

/**
 * Reads the audio of an append. Node's own decoder passes over characters that do not belong in
 * base64, so the length is checked against what a proper text of that size holds.
 *
 * @returns whole samples; the caller owns them, but not the memory around them
 * @throws CallError `invalid_audio` or `message_too_large`
 */
export function decodeAudio(text: string, format: AudioFormat): Uint8Array {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const lengthBytes = (text.length / 4) * 3 - padding;
  if (lengthBytes > appendLimitBytes) {
    throw new CallError(
      'message_too_large',
      `One append may carry at most ${appendLimitBytes} bytes of audio.`,
      { param: 'audio' },
    );
  }
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) throw notBase64();
  // From Node's shared pool: memory of its own for every frame keeps the garbage collector busy.
  // Whoever moves audio to another thread copies it there in another form anyway.
  const bytes = Buffer.allocUnsafe(lengthBytes);
  if (bytes.write(text, 'base64') !== lengthBytes) throw notBase64();
  if (lengthBytes % bytesPerSample(format.codec) !== 0) {
    throw new CallError(
      'invalid_audio',
      `The audio has ${lengthBytes} bytes, which are not whole samples of the input format.`,
      { param: 'audio' },
    );
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Base64 of audio bytes; the bytes are only read. */
export function encodeAudio(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function notBase64(): CallError {
  return new CallError('invalid_audio', 'The audio is not valid base64.', { param: 'audio' });
}
