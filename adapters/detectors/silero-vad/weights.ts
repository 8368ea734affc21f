import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { CallError } from '../../../src/ports/errors.ts';

/**
 * The weights Parley runs: Silero VAD 6.2 (the same file serves 6.2 and 6.2.1), MIT licence,
 * distributed inside the npm package `@ricky0123/vad-web` (ISC).
 */
export const sileroWeights = {
  version: '6.2',
  specifier: '@ricky0123/vad-web/dist/silero_vad_v6.onnx',
  sha256: '1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3',
} as const;

/**
 * Path of the weights, wherever the package is installed.
 * @throws CallError `detector_failed` when the package or the file is missing
 */
export function locateWeights(): string {
  try {
    return createRequire(import.meta.url).resolve(sileroWeights.specifier);
  } catch (error) {
    throw new CallError('detector_failed', `${sileroWeights.specifier} is not installed`, {
      cause: error,
    });
  }
}

/**
 * Reads weights and checks that they are the expected ones.
 * @param sha256 expected digest, lower-case hexadecimal
 * @throws CallError `detector_failed` when the file cannot be read or is another one
 */
export async function readWeights(
  path: string,
  sha256: string = sileroWeights.sha256,
): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new CallError('detector_failed', 'the Silero VAD weights cannot be read', {
      cause: error,
    });
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) {
    throw new CallError(
      'detector_failed',
      `the Silero VAD weights are not the expected file: SHA-256 ${found}, expected ${sha256}`,
    );
  }
  return bytes;
}
