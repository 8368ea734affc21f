import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { longestPauseMs, soundRateHz, type Sound } from './fragment.ts';

const run = promisify(execFile);

/** Where recordings of people are looked for unless told otherwise: beside the repository. */
const usualFolder = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));

/** A spoken order. The words are not known; those of its slots stand for them. */
export interface Recording {
  readonly name: string;
  readonly text: string;
}

/** Recordings of people, or why there are none. */
export interface Recordings {
  readonly list: readonly Recording[];
  readonly missing: string | null;
  /** @throws Error when the file cannot be decoded */
  read(recording: Recording): Promise<Sound>;
}

/** Longest recording and longest pause in one that is used as a fragment, ms. */
const longestMs = 4_500;
const longestInnerPauseMs = 150;

/**
 * Spoken orders in `barista/train` under the folder: one line of JSON for each, with its slots.
 * FLAC is decoded by sox. Without the folder or sox there are none, and callers that would be
 * recordings are voices of an engine.
 */
export async function openRecordings(folder: string | null): Promise<Recordings> {
  const base = join(folder ?? usualFolder, 'barista');
  const index = join(base, 'train.jsonl');
  const none = (missing: string): Recordings => ({
    list: [],
    missing,
    read: () => Promise.reject(new Error(missing)),
  });
  if (!existsSync(index)) {
    return none(
      folder === null ? 'no ../shared/data/barista' : `no barista/train.jsonl in ${folder}`,
    );
  }
  try {
    await run('sox', ['--version']);
  } catch {
    return none('sox is not installed, so that FLAC cannot be read');
  }
  const present = new Set(await readdir(join(base, 'train')));
  const list = (await readFile(index, 'utf8'))
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => recordingOf(JSON.parse(line)))
    .filter(({ name }) => present.has(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { list, missing: null, read: ({ name }) => decode(join(base, 'train', name)) };
}

/** Whether a recording, trimmed or not, is a stretch of speech without a pause worth labelling. */
export function isFragment(raw: Sound, cut: Sound, trimDb: number): boolean {
  const lengthMs = (cut.length * 1000) / soundRateHz;
  return lengthMs <= longestMs && longestPauseMs(raw, trimDb) <= longestInnerPauseMs;
}

function recordingOf(entry: unknown): Recording {
  const { audio, slots } = entry as { audio: string; slots: Readonly<Record<string, string>> };
  const text = ['I would like', ...Object.values(slots)].join(' ');
  return { name: audio.replace(/^.*\//, ''), text };
}

async function decode(file: string): Promise<Sound> {
  const args = [file, '-D', '-r', String(soundRateHz), '-c', '1', '-b', '32', '-e', 'float'];
  const { stdout } = await run('sox', [...args, '-t', 'raw', '-'], {
    encoding: 'buffer',
    maxBuffer: 64 * 2 ** 20,
  });
  const bytes = new Uint8Array(stdout);
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
}
