import { readdir, rm } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { Clock, Timer } from '../../src/time/clock.ts';
import type { S3Store } from './s3-store.ts';

export interface UploadsOptions {
  /** Where finished recordings wait. */
  readonly folder: string;
  readonly s3: Pick<S3Store, 'put'>;
  readonly clock: Clock;
}

const types: Readonly<Record<string, string>> = {
  '.flac': 'audio/flac',
  '.json': 'application/json',
  '.jsonl': 'application/jsonl',
  '.txt': 'text/plain; charset=utf-8',
};
/** Waits between attempts, ms; the last one again and again. */
const waitsMs = [1_000, 5_000, 30_000, 120_000, 600_000] as const;

/** Brings finished recordings to their bucket, one after the other, for as long as it takes. */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #waiting: string[] = [];
  readonly #counts = { uploaded: 0, failures: 0 };
  #timer: Timer | null = null;
  #attempts = 0;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  get figures(): Readonly<Record<'uploaded' | 'failures' | 'waiting', number>> {
    return { ...this.#counts, waiting: this.#waiting.length };
  }

  /** Takes up what waited when the process ended. */
  async open(): Promise<void> {
    const { folder } = this.#options;
    const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const places = found
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, entry.parentPath).split(sep).join('/'));
    for (const place of new Set(places)) this.add(place);
  }

  add(place: string): void {
    this.#waiting.push(place);
    this.#start();
  }

  /** Ends after the file that is being sent; the rest waits for the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #start(): void {
    if (this.#running !== null || this.#timer !== null || this.#closed) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      if (this.#waiting.length > 0) this.#later();
    });
  }

  #later(): void {
    if (this.#closed || this.#timer !== null) return;
    const { clock } = this.#options;
    const waitMs = waitsMs[Math.min(this.#attempts, waitsMs.length) - 1] ?? waitsMs[0];
    this.#timer = clock.timerAt(clock.nowMs() + waitMs, () => {
      this.#timer = null;
      this.#start();
    });
  }

  async #run(): Promise<void> {
    for (;;) {
      const place = this.#waiting[0];
      if (place === undefined || this.#closed) return;
      try {
        await this.#upload(place);
      } catch {
        this.#counts.failures += 1;
        this.#attempts += 1;
        return;
      }
      this.#attempts = 0;
      this.#counts.uploaded += 1;
      this.#waiting.shift();
    }
  }

  async #upload(place: string): Promise<void> {
    const folder = join(this.#options.folder, ...place.split('/'));
    for (const name of await readdir(folder)) {
      const type = types[extname(name)] ?? 'application/octet-stream';
      await this.#options.s3.put(`${place}/${name}`, join(folder, name), type);
    }
    await rm(folder, { recursive: true, force: true });
  }
}
