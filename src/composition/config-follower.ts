import { FileWatch } from '../config-watch.ts';
import { usualConfigName, type LoadedConfig } from '../config-file.ts';
import { asCallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';
import type { Gateway } from '../server/gateway.ts';
import { problemText } from '../server/problems.ts';
import type { Clock } from '../time/clock.ts';
import type { ConfigRequest } from './config-request.ts';

export interface ConfigFollowerOptions {
  readonly gateway: Pick<Gateway, 'reload' | 'refuse'>;
  /** Absolute path of the file, which need not be there. */
  readonly file: string;
  readonly request: ConfigRequest;
  readonly read: (request: ConfigRequest) => Promise<LoadedConfig>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps a gateway at what its file says: reads it when it changes, and when told to. */
export class ConfigFollower {
  readonly #options: ConfigFollowerOptions;
  readonly #watch: FileWatch;
  #reading: Promise<void> | null = null;
  /** It changed while it was read. */
  #again = false;
  #closed = false;

  constructor(options: ConfigFollowerOptions) {
    const { file, clock } = options;
    this.#options = options;
    this.#watch = new FileWatch({ path: file, clock, onChange: () => this.reread('changed') });
  }

  /** Reads the file again, once more if it is being read. What comes of it is in the log. */
  reread(cause: 'changed' | 'asked'): void {
    if (this.#closed) return;
    this.#options.log.info('config.reading', { cause });
    if (this.#reading !== null) {
      this.#again = true;
      return;
    }
    this.#reading = this.#read().finally(() => {
      this.#reading = null;
      if (!this.#again) return;
      this.#again = false;
      this.reread('changed');
    });
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#watch.close();
  }

  async #read(): Promise<void> {
    const { gateway, request, read, log } = this.#options;
    const loaded = await read({ ...request, whileRunning: true }).catch((thrown: unknown) => ({
      fileName: request.path ?? usualConfigName,
      result: { ok: false as const, problems: [unreadable(asCallError(thrown).message)] },
    }));
    if (this.#closed) return;
    const { result } = loaded;
    if (!result.ok) {
      const name = loaded.fileName ?? usualConfigName;
      gateway.refuse(result.problems.map((problem) => problemText(name, problem)));
      return;
    }
    // New backends may take a while to prepare; the file may change again meanwhile.
    void gateway.reload(result.config).then((outcome) => {
      if (outcome !== 'applied') log.info(`config.${outcome}`);
    });
  }
}

function unreadable(message: string): {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
} {
  return { line: 1, column: 1, path: '', message: `The file cannot be read: ${message}` };
}
