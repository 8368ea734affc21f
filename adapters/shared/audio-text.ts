import { CallError } from '../../src/ports/errors.ts';

/**
 * Audio bytes of base64 text, decoded once. They lie in Node's shared pool, which costs the
 * garbage collector less than a piece of memory of its own for every frame.
 *
 * @throws CallError `backend_protocol` when the text is no base64
 */
export function audioBytes(text: string): Uint8Array {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const lengthBytes = (text.length / 4) * 3 - padding;
  const bytes = text.length % 4 === 0 ? Buffer.allocUnsafe(lengthBytes) : null;
  if (bytes?.write(text, 'base64') !== lengthBytes) {
    throw new CallError('backend_protocol', 'the upstream sent audio that is no base64');
  }
  return bytes;
}
