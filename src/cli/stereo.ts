import { writeFile } from 'node:fs/promises';
import { writeWav } from '../audio/wav.ts';
import { TalkError } from './talk-error.ts';

/** Both sides of a call on one time axis. */
export interface StereoCall {
  readonly rateHz: number;
  /** What the caller said: the left channel. */
  readonly said: Float32Array;
  /** What the caller heard: the right channel. */
  readonly heard: Float32Array;
}

/**
 * Writes a call as a 16-bit stereo WAV file, the shorter side filled up with silence.
 *
 * @throws TalkError when the file cannot be written
 */
export async function writeStereo(
  file: string,
  { rateHz, said, heard }: StereoCall,
): Promise<void> {
  const length = Math.max(said.length, heard.length);
  const channels = [filledUp(said, length), filledUp(heard, length)];
  try {
    await writeFile(file, writeWav({ rateHz, channels }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TalkError(`cannot write ${file}: ${reason}`, { cause: error });
  }
}

function filledUp(samples: Float32Array, length: number): Float32Array {
  if (samples.length === length) return samples;
  const longer = new Float32Array(length);
  longer.set(samples);
  return longer;
}
