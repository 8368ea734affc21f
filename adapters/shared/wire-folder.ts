import { access, constants, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../src/ports/log.ts';
import type { Clock } from '../../src/time/clock.ts';
import { WireFile, type WireSink } from './wire-file.ts';
import type { WireOpening, WireRecorder, WireRecording } from './wire-record.ts';

export interface WireFolderOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Longest file, bytes. */
  readonly fileLimitBytes?: number;
  /** Most files of one run (a count). */
  readonly filesLimit?: number;
  /** Where files come from, for tests of full disks. Must not overwrite. */
  readonly create?: (path: string) => Promise<WireSink>;
}

/** Longest recording, bytes: eight minutes of PCM at 24 kHz both ways. */
const usualFileLimitBytes = 64 * 1024 * 1024;
/** Recordings of one run (a count): with the limit of each, 64 GiB at most. */
const usualFilesLimit = 1000;
/** A recording holds what callers and agents said: nobody else on the machine is to read it. */
const ownerOnly = { folder: 0o700, file: 0o600 };

/** A folder that takes recordings of connections to upstreams, one file each. */
export class WireFolder {
  readonly #options: WireFolderOptions;
  readonly #open = new Set<WireFile>();
  #begun = 0;

  private constructor(options: WireFolderOptions) {
    this.#options = options;
  }

  /** Makes the folder where there is none. @throws Error when it cannot be written to */
  static async at(options: WireFolderOptions): Promise<WireFolder> {
    await mkdir(options.folder, { recursive: true, mode: ownerOnly.folder });
    await access(options.folder, constants.W_OK);
    return new WireFolder(options);
  }

  /** The recorder of one backend. */
  recorder(backend: string, type: string): WireRecorder {
    const counters = {
      wiresRecorded: 0,
      wiresRefused: 0,
      wireFramesRecorded: 0,
      wireFramesDropped: 0,
      wireBytesWritten: 0,
      wireWritesFailed: 0,
    };
    const begin = (opening: WireOpening): WireRecording | null => {
      const { clock, folder, filesLimit = usualFilesLimit } = this.#options;
      if (this.#begun >= filesLimit) {
        counters.wiresRefused += 1;
        return null;
      }
      this.#begun += 1;
      counters.wiresRecorded += 1;
      const startedAt = new Date(clock.epochMs()).toISOString();
      const name = fileName(backend, startedAt, this.#begun);
      const { create = createFile, fileLimitBytes = usualFileLimitBytes, log } = this.#options;
      const file: WireFile = new WireFile({
        opening,
        backend,
        type,
        startedAt,
        clock,
        log,
        limitBytes: fileLimitBytes,
        counters,
        create: () => create(join(folder, name)),
        onClosed: () => this.#open.delete(file),
      });
      this.#open.add(file);
      return file;
    };
    return { begin, figures: () => ({ ...counters }) };
  }

  /** Writes what is left and closes every file. Never rejects. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((file) => file.finish()));
  }
}

function fileName(backend: string, startedAt: string, ordinal: number): string {
  const safe = backend.replace(/[^\w.-]+/g, '_').slice(0, 60);
  return `${safe}-${startedAt.replace(/[:.]/g, '')}-${ordinal}.jsonl`;
}

function createFile(path: string): Promise<WireSink> {
  return open(path, 'wx', ownerOnly.file);
}
