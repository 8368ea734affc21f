import { readFile } from 'node:fs/promises';
import { levelDbfs } from '../audio/level.ts';
import { createResampler, prepareResampler } from '../audio/resampler.ts';
import { readWav, type WavAudio } from '../audio/wav.ts';
import { TalkError } from './talk-error.ts';

/** What the caller says: one channel at the wire's rate. */
export interface CallerWave {
  readonly rateHz: number;
  readonly samples: Float32Array;
  /** Level of a 10 ms window from which on it is speech and not the room, dBFS. */
  readonly speechAboveDbfs: number;
}

const windowMs = 10;
/** The level that counts as audible everywhere in Parley, dBFS. */
const audibleDbfs = -50;
/** Speech must stand this far above the room, dB. */
const aboveRoomDb = 6;
/** A room is never taken for louder than this, dBFS: a file of nothing but speech has none. */
const loudestRoomDbfs = -41;

/**
 * Reads a WAV file of any rate and any number of channels (they are averaged) and brings it to
 * `rateHz`.
 *
 * @throws TalkError when the file is missing, no WAV file, or empty
 */
export async function readCallerWave(file: string, rateHz: number): Promise<CallerWave> {
  const audio = await readAudio(file);
  const mono = average(audio.channels);
  if (mono.length === 0) throw new TalkError(`${file} holds no sound`);
  await prepareResampler();
  const resampler = createResampler({ fromHz: audio.rateHz, toHz: rateHz });
  try {
    const head = resampler.process(mono);
    const tail = resampler.flush();
    const samples = new Float32Array(head.length + tail.length);
    samples.set(head);
    samples.set(tail, head.length);
    return { rateHz, samples, speechAboveDbfs: speechLevel(samples, rateHz) };
  } finally {
    resampler.close();
  }
}

/**
 * Where the caller's speech really ended: one past the last 10 ms window before `beforeSample`
 * that is speech, looked for in steps of 1 ms; `null` when there is none.
 */
export function speechEndBefore(wave: CallerWave, beforeSample: number): number | null {
  const window = Math.round((wave.rateHz * windowMs) / 1000);
  const step = Math.max(1, Math.round(wave.rateHz / 1000));
  const last = Math.min(beforeSample, wave.samples.length);
  for (let end = last; end >= window; end -= step) {
    const level = levelDbfs(wave.samples.subarray(end - window, end));
    if (level > wave.speechAboveDbfs) return end;
  }
  return null;
}

/** −50 dBFS, or 6 dB above the room where the recording's room is louder than that. */
function speechLevel(samples: Float32Array, rateHz: number): number {
  const window = Math.round((rateHz * windowMs) / 1000);
  const levels: number[] = [];
  for (let start = 0; start + window <= samples.length; start += window) {
    levels.push(levelDbfs(samples.subarray(start, start + window)));
  }
  levels.sort((a, b) => a - b);
  const room = levels[Math.floor(levels.length / 10)] ?? -Infinity;
  return Math.max(audibleDbfs, Math.min(room, loudestRoomDbfs) + aboveRoomDb);
}

async function readAudio(file: string): Promise<WavAudio> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const reason = error instanceof Error ? error.message : String(error);
    throw new TalkError(missing ? `there is no file ${file}` : `cannot read ${file}: ${reason}`, {
      cause: error,
    });
  }
  try {
    return readWav(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TalkError(`${file}: ${error.message}`, { cause: error });
  }
}

function average(channels: readonly Float32Array[]): Float32Array {
  const [first] = channels;
  if (first === undefined) return new Float32Array(0);
  if (channels.length === 1) return first;
  const mono = new Float32Array(first.length);
  for (const channel of channels) {
    for (let i = 0; i < mono.length; i += 1) mono[i] = mono[i]! + channel[i]! / channels.length;
  }
  return mono;
}
