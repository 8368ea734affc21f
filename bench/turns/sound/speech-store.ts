import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { decodePcm16, encodePcm16 } from '../../../src/audio/pcm16.ts';
import type { GeneratorParameters } from '../dialogues/parameters.ts';
import type { Fragment, SyntheticVoice } from '../dialogues/script.ts';
import { speak } from './engines.ts';
import { soundRateHz, trimmed, type Sound } from './fragment.ts';
import { isFragment, type Recording, type Recordings } from './recordings.ts';
import type { SpokenFragment } from './saying.ts';

/** Paces that a voice is asked for where a length is aimed at. */
const stretches = [0.6, 0.75, 0.9, 1, 1.15, 1.35, 1.6] as const;

export interface SpeechStoreOptions {
  /** Where what the engines said is kept between runs. */
  readonly folder: string;
  /** Versions of the engines: a part of every kept sound's name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly recordings: Recordings;
  readonly parameters: GeneratorParameters;
}

/** Everything that is said, rendered once: kept on disk and in memory. */
export class SpeechStore {
  readonly #options: SpeechStoreOptions;
  readonly #sounds = new Map<string, Promise<Sound>>();
  readonly #recorded = new Map<Recording, Promise<Sound | null>>();

  constructor(options: SpeechStoreOptions) {
    this.#options = options;
  }

  /** A fragment in the caller's voice, or in that of the recording it stands for. */
  async fragment(fragment: Fragment, voice: SyntheticVoice): Promise<SpokenFragment> {
    const { gap, text } = fragment;
    const recorded = fragment.recording === null ? null : await this.#recording(fragment.recording);
    if (recorded !== null) return { sound: recorded.sound, text: recorded.text, gap };
    const sound = await this.#said(voice, text, 1);
    if (fragment.targetMs === null) return { sound, text, gap };
    const wanted = (fragment.targetMs * soundRateHz) / 1000 / sound.length;
    const stretch = stretches.reduce((best, one) =>
      Math.abs(Math.log(one / wanted)) < Math.abs(Math.log(best / wanted)) ? one : best,
    );
    return { sound: await this.#said(voice, text, stretch), text, gap };
  }

  /** What the agent says. */
  agent(text: string, voice: SyntheticVoice): Promise<Sound> {
    return this.#said(voice, text, 1);
  }

  #said(voice: SyntheticVoice, text: string, stretch: number): Promise<Sound> {
    const key = [voice.engine, voice.voice, stretch, text].join('\n');
    const known = this.#sounds.get(key);
    if (known !== undefined) return known;
    const { trimDb, fragmentRms } = this.#options.parameters;
    const sound = this.#kept(voice, text, stretch).then((raw) =>
      trimmed(raw, { trimDb, rms: fragmentRms }),
    );
    this.#sounds.set(key, sound);
    return sound;
  }

  async #kept(voice: SyntheticVoice, text: string, stretch: number): Promise<Sound> {
    const { folder, versions } = this.#options;
    const name = [voice.engine, versions[voice.engine], voice.voice, stretch, text].join('\n');
    const file = join(folder, `${createHash('sha256').update(name).digest('hex')}.pcm`);
    try {
      return decodePcm16(await readFile(file));
    } catch {
      const sound = await speak(voice, text, stretch);
      await mkdir(folder, { recursive: true });
      // Another run may be reading: a file is there whole or not at all.
      const draft = `${file}.${process.pid}`;
      await writeFile(draft, encodePcm16(sound));
      await rename(draft, file);
      return decodePcm16(encodePcm16(sound));
    }
  }

  /** The recording with this number, or the next one that can stand for a fragment. */
  async #recording(number: number): Promise<{ sound: Sound; text: string } | null> {
    const { list } = this.#options.recordings;
    for (let step = 0; step < list.length; step += 1) {
      const recording = list[(number + step) % list.length]!;
      const known = this.#recorded.get(recording) ?? this.#usable(recording);
      this.#recorded.set(recording, known);
      const sound = await known;
      if (sound !== null) return { sound, text: recording.text };
    }
    return null;
  }

  async #usable(recording: Recording): Promise<Sound | null> {
    const { recordings, parameters } = this.#options;
    const { trimDb, fragmentRms } = parameters;
    const raw = await recordings.read(recording);
    const sound = trimmed(raw, { trimDb, rms: fragmentRms });
    return isFragment(raw, sound, trimDb) ? sound : null;
  }
}
