import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { GrowingFile } from '../../src/ports/recording.ts';

/** Names of the files that grow during a call; the two sounds do not outlive it. */
export const growingFiles: Readonly<Record<GrowingFile, string>> = {
  caller: 'caller.raw',
  agent: 'agent.raw',
  events: 'events.jsonl',
  inputs: 'inputs.jsonl',
  sounds: 'sounds.bin',
};

/** Recordings hold what callers say: nobody else on the machine is to read them. */
export const ownerOnly = { folder: 0o700, file: 0o600 } as const;

/** Where the files of a call come from; another one in tests of full disks. */
export type OpenFile = (path: string, flags: 'w+' | 'wx') => Promise<FileHandle>;

export const openOwned: OpenFile = (path, flags) => open(path, flags, ownerOnly.file);

/** A call's files while it goes on. Writes happen one after the other; the first failure is the last. */
export class PendingCall {
  readonly folder: string;
  readonly #openFile: OpenFile;
  readonly #files = new Map<GrowingFile, FileHandle>();
  #work: Promise<void>;
  #failure: Error | null = null;

  constructor(folder: string, openFile: OpenFile = openOwned) {
    this.folder = folder;
    this.#openFile = openFile;
    this.#work = mkdir(folder, { recursive: true, mode: ownerOnly.folder }).then(() => undefined);
    this.#work = this.#guarded(this.#work);
  }

  /** Why it cannot be recorded; `null` while it can. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Resolves when it is written, or was not. Never rejects. */
  write(file: GrowingFile, bytes: Uint8Array): Promise<void> {
    return this.#next(async () => {
      const handle = this.#files.get(file) ?? (await this.#open(file));
      let written = 0;
      while (written < bytes.byteLength) {
        const { bytesWritten } = await handle.write(bytes, written);
        written += bytesWritten;
      }
    });
  }

  /** Runs when everything before it is written. Rejects with what went wrong. */
  async finish(
    work: (files: ReadonlyMap<GrowingFile, FileHandle>) => Promise<void>,
  ): Promise<void> {
    await this.#next(() => work(this.#files));
    await this.#close();
    if (this.#failure !== null) throw this.#failure;
  }

  /** Throws all of it away. Never rejects. */
  async discard(): Promise<void> {
    this.#failure ??= new Error('discarded');
    await this.#work;
    await this.#close();
    await rm(this.folder, { recursive: true, force: true }).catch(() => undefined);
  }

  /** The file for a sound that nobody made: a call in which one side was silent. */
  async opened(file: GrowingFile): Promise<FileHandle> {
    return this.#files.get(file) ?? (await this.#open(file));
  }

  async #open(file: GrowingFile): Promise<FileHandle> {
    const handle = await this.#openFile(join(this.folder, growingFiles[file]), 'w+');
    this.#files.set(file, handle);
    return handle;
  }

  #next(work: () => Promise<void>): Promise<void> {
    const next = this.#work.then(() => (this.#failure === null ? work() : undefined));
    this.#work = this.#guarded(next);
    return this.#work;
  }

  #guarded(work: Promise<void>): Promise<void> {
    return work.catch((thrown: unknown) => {
      this.#failure ??= thrown instanceof Error ? thrown : new Error('unknown failure');
    });
  }

  async #close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map((file) => file.close().catch(() => undefined)));
  }
}
