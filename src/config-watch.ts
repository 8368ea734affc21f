import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Timer } from './time/clock.ts';

export interface FileWatchOptions {
  /** The file, which need not be there. Its folder is. */
  readonly path: string;
  readonly clock: Clock;
  /** The file is another one than before, or gone, and has stayed so for `settleMs`. */
  readonly onChange: () => void;
  /** How long a file stays as it is before it is taken for written to its end, ms. */
  readonly settleMs?: number;
  /** How often the file is looked at where nobody tells of changes (network file systems), ms. */
  readonly pollMs?: number;
}

/**
 * Tells when a file changes. The folder is watched and not the file, because editors and deployments
 * put another file in its place; what counts is always what the file itself looks like then.
 */
export class FileWatch {
  readonly #options: FileWatchOptions;
  readonly #settleMs: number;
  readonly #pollMs: number;
  readonly #watcher: FSWatcher | null;
  #look: Timer | null = null;
  #poll: Timer | null = null;
  /** What was told last; `undefined` before the first look, which tells nothing. */
  #told: string | null | undefined = undefined;
  /** What was seen once and may not be finished. */
  #seen: string | null | undefined = undefined;
  #looking = false;
  #closed = false;

  constructor(options: FileWatchOptions) {
    this.#options = options;
    this.#settleMs = options.settleMs ?? 200;
    this.#pollMs = options.pollMs ?? 2_000;
    this.#watcher = folderWatch(dirname(options.path), () => this.#soon());
    void this.#check();
    this.#again();
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    this.#look?.cancel();
    this.#poll?.cancel();
  }

  /** Looks after a while, however many events come until then. */
  #soon(): void {
    if (this.#closed || this.#look !== null) return;
    const { clock } = this.#options;
    this.#look = clock.timerAt(clock.nowMs() + this.#settleMs, () => {
      this.#look = null;
      void this.#check();
    });
  }

  #again(): void {
    const { clock } = this.#options;
    this.#poll = clock.timerAt(clock.nowMs() + this.#pollMs, () => {
      void this.#check();
      this.#again();
    });
  }

  async #check(): Promise<void> {
    if (this.#looking) {
      this.#soon();
      return;
    }
    this.#looking = true;
    const now = await appearance(this.#options.path);
    this.#looking = false;
    if (this.#closed) return;
    if (this.#told === undefined || now === this.#told) {
      this.#told = now;
      this.#seen = undefined;
    } else if (now === this.#seen) {
      this.#told = now;
      this.#seen = undefined;
      this.#options.onChange();
    } else {
      this.#seen = now;
      this.#soon();
    }
  }
}

/** `null` where the system has no more watches to give: looking now and then has to do. */
function folderWatch(folder: string, onEvent: () => void): FSWatcher | null {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}

/** What tells one state of a file from another; `null` where there is none. */
async function appearance(path: string): Promise<string | null> {
  try {
    const { mtimeNs, size, ino, dev } = await stat(path, { bigint: true });
    return `${mtimeNs} ${size} ${ino} ${dev}`;
  } catch {
    return null;
  }
}
