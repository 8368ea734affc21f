import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWav } from '../../src/audio/wav.ts';

/** A clip and what is said in it. */
export interface Speech {
  readonly name: string;
  readonly text: string;
  readonly rateHz: number;
  readonly samples: Float32Array;
}

/** Clips that scripts/make-speech.sh makes. */
export type FixtureName =
  'table' | 'train' | 'cake' | 'booking' | 'museum' | 'wait' | 'thanks' | 'uh-huh';

/** Rate of every clip here, Hz. */
export const speechRateHz = 24_000;

const folder = fileURLToPath(new URL('../fixtures/speech/', import.meta.url));
const shared = fileURLToPath(new URL('../../../shared/data/speech/', import.meta.url));

/** Path of a made clip, for what takes a file. */
export function fixturePath(name: FixtureName): string {
  return join(folder, `${name}.wav`);
}

/** A made clip, 24 kHz. */
export function fixture(name: FixtureName): Speech {
  const audio = readWav(readFileSync(fixturePath(name)));
  const entries = JSON.parse(readFileSync(join(folder, 'speech.json'), 'utf8')) as readonly {
    readonly name: string;
    readonly text: string;
  }[];
  const text = entries.find((entry) => entry.name === name)?.text ?? '';
  return { name, text, rateHz: audio.rateHz, samples: audio.channels[0]! };
}

/** A recording of real speech, or the reason why there is none here. */
export type RealSpeech = { readonly speech: Speech } | { readonly missing: string };

/**
 * Eleven seconds of a real speaker, 24 kHz, from the data folder beside the repository. The file
 * is FLAC at 44.1 kHz, which sox turns into ours: without either it says what is missing.
 */
export function realSpeech(): RealSpeech {
  const source = join(shared, 'jfk.flac');
  if (!existsSync(source)) return { missing: 'no ../shared/data/speech/jfk.flac' };
  const work = mkdtempSync(join(tmpdir(), 'parley-speech-'));
  try {
    const wav = join(work, 'jfk.wav');
    // The recording is quiet in its first half second and loud at its end: one gain for all of it.
    const effects = ['remix', '-', 'rate', '-v', '24000', 'norm', '-3'];
    execFileSync('sox', [source, '-R', '-D', '-b', '16', wav, ...effects]);
    const audio = readWav(readFileSync(wav));
    const text =
      'And so, my fellow Americans, ask not what your country can do for you, ' +
      'ask what you can do for your country.';
    return { speech: { name: 'jfk', text, rateHz: audio.rateHz, samples: audio.channels[0]! } };
  } catch (error) {
    return { missing: `sox could not read jfk.flac: ${String(error)}` };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Clips one after the other, with `pauseMs` of silence between them. */
export function joined(clips: readonly Float32Array[], pauseMs: number): Float32Array {
  const pause = Math.round((pauseMs * speechRateHz) / 1000);
  const length = clips.reduce((sum, clip) => sum + clip.length + pause, -pause);
  const whole = new Float32Array(Math.max(0, length));
  let at = 0;
  for (const clip of clips) {
    whole.set(clip, at);
    at += clip.length + pause;
  }
  return whole;
}
