import { encodePcm16 } from '../../../src/audio/pcm16.ts';
import { createResampler, prepareResampler } from '../../../src/audio/resampler.ts';
import { readWav } from '../../../src/audio/wav.ts';
import { speechRateHz } from './speech.ts';

/** Most audio that the recordings of one script may hold together, bytes of PCM16. */
const recordingsBytes = 64 * 1024 * 1024;

/** Reads a file's bytes; rejects when it cannot. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/**
 * Reads recordings as PCM16 at `speechRateHz`, mono: channels are averaged, other rates resampled.
 *
 * @throws RangeError naming the file that is not a WAV file, or that is one too many
 */
export async function readRecordings(
  paths: readonly string[],
  readFile: ReadFile,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const recordings = new Map<string, Uint8Array>();
  let total = 0;
  if (paths.length > 0) await prepareResampler();
  for (const path of paths) {
    const pcm16 = toSpeech(path, await readFile(path));
    total += pcm16.byteLength;
    if (total > recordingsBytes) {
      throw new RangeError(`${path}: recordings hold more than ${recordingsBytes} bytes of audio`);
    }
    recordings.set(path, pcm16);
  }
  return recordings;
}

function toSpeech(path: string, file: Uint8Array): Uint8Array {
  try {
    const { rateHz, channels } = readWav(file);
    const mono = average(channels);
    if (rateHz === speechRateHz) return encodePcm16(mono);
    const resampler = createResampler({ fromHz: rateHz, toHz: speechRateHz });
    try {
      const start = resampler.process(mono);
      const end = resampler.flush();
      const all = new Float32Array(start.length + end.length);
      all.set(start);
      all.set(end, start.length);
      return encodePcm16(all);
    } finally {
      resampler.close();
    }
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : 'unreadable';
    throw new RangeError(`${path}: ${why}`, { cause: thrown });
  }
}

function average(channels: readonly Float32Array[]): Float32Array {
  const [first, ...others] = channels;
  if (first === undefined) return new Float32Array();
  const mono = first.slice();
  for (let i = 0; i < mono.length; i += 1) {
    let sum = mono[i]!;
    for (const channel of others) sum += channel[i] ?? 0;
    mono[i] = sum / channels.length;
  }
  return mono;
}
