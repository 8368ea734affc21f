import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { CallError } from '../../../src/ports/errors.ts';

/** A graph on disk and what it must be. */
export interface TurnWeights {
  readonly path: string;
  /** Expected digest, lower-case hexadecimal. */
  readonly sha256: string;
}

/** @throws CallError `detector_failed` when the file cannot be read or is another one */
export async function readWeights({ path, sha256 }: TurnWeights): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new CallError('detector_failed', 'the end-of-turn weights cannot be read', {
      cause: error,
    });
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) {
    throw new CallError(
      'detector_failed',
      `the end-of-turn weights are not the expected file: SHA-256 ${found}, expected ${sha256}`,
    );
  }
  return bytes;
}
