import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createResampler, prepareResampler } from '../../../src/audio/resampler.ts';
import { readWav } from '../../../src/audio/wav.ts';
import type { SyntheticVoice } from '../dialogues/script.ts';
import { soundRateHz, type Sound } from './fragment.ts';

const run = promisify(execFile);

/** What to do where an engine is missing. */
const howToInstall =
  'The speech of the dialogues is made by flite and espeak-ng. On Debian or Ubuntu: apt-get install flite espeak-ng';

/**
 * Versions of the engines, as they state them: another version says the same with other sounds.
 *
 * @throws Error saying how to install what is missing
 */
export async function engineVersions(): Promise<Readonly<Record<string, string>>> {
  const flite = await stated('flite', ['--version']);
  const espeak = await stated('espeak-ng', ['--version']);
  return {
    flite: /flite-\S+/.exec(flite)?.[0] ?? 'unknown',
    'espeak-ng': /speech: (\S+)/.exec(espeak)?.[1] ?? 'unknown',
  };
}

/** Words an engine pronounces as letters, written as it says them. */
const spelling: Readonly<Record<string, string>> = { mhm: 'mm hmm' };
const wordsPerMinute = 165;

/** Speaks a text. @param stretch length relative to the voice's own pace */
export async function speak(
  { engine, voice }: SyntheticVoice,
  text: string,
  stretch: number,
): Promise<Sound> {
  await prepareResampler();
  const folder = await mkdtemp(join(tmpdir(), 'parley-voice-'));
  const file = join(folder, 'said.wav');
  const spoken = spelling[text] ?? text;
  try {
    const args =
      engine === 'flite'
        ? ['-voice', voice, '--setf', `duration_stretch=${stretch}`, '-t', spoken, '-o', file]
        : ['-v', voice, '-s', String(Math.round(wordsPerMinute / stretch)), '-w', file, spoken];
    await run(engine, args);
    const wav = readWav(await readFile(file));
    return atSoundRate(wav.channels[0]!, wav.rateHz);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The sound at the dialogues' rate. The resampler must be prepared. */
function atSoundRate(samples: Float32Array, fromHz: number): Sound {
  const resampler = createResampler({ fromHz, toHz: soundRateHz });
  try {
    const head = resampler.process(samples);
    const tail = resampler.flush();
    const whole = new Float32Array(head.length + tail.length);
    whole.set(head);
    whole.set(tail, head.length);
    return whole;
  } finally {
    resampler.close();
  }
}

async function stated(command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(command, args);
    return stdout + stderr;
  } catch (thrown) {
    // flite exits with an error code after stating its version.
    if (thrown instanceof Error && 'stdout' in thrown && 'code' in thrown) {
      if (thrown.code !== 'ENOENT') return String(thrown.stdout);
    }
    throw new Error(`${command} is not installed. ${howToInstall}`, { cause: thrown });
  }
}
