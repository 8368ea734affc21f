import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import process from 'node:process';
import type { Readable } from 'node:stream';

/** Lines of a program's own words that are kept for when it fails. */
const keptLines = 20;

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly endTimeoutMs?: number;
}

/** A program that is being measured. Started and ended by its id; owned by who started it. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #gone = Promise.withResolvers<null>();
  readonly #endTimeoutMs: number;
  readonly #watchers = new Set<(line: string | null) => void>();

  constructor({ command, args, env, endTimeoutMs = 10_000 }: ProgramOptions) {
    this.#endTimeoutMs = endTimeoutMs;
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#child = child;
    this.#read(child.stdout);
    this.#read(child.stderr);
    child.on('error', (error) => {
      this.#line(error.message);
      this.#end();
    });
    child.on('exit', () => this.#end());
    // Whatever ends the benchmark ends what it started.
    process.on('exit', this.#letGo);
  }

  /** @throws Error when it did not start */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(this.#lines.join('\n'));
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The first line that the pattern matches. @throws Error with its last words when it ends first */
  lineLike(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const watch = (line: string | null): void => {
      const found = line === null ? null : pattern.exec(line);
      if (line !== null && found === null) return;
      this.#watchers.delete(watch);
      if (found !== null) resolve(found);
      else reject(new Error(`it ended early:\n${this.#lines.join('\n')}`));
    };
    this.#watchers.add(watch);
    for (const line of this.#lines) watch(line);
    if (!this.running) watch(null);
    return promise;
  }

  /** Asks it to end, makes it end, waits until it has. Idempotent. */
  async end(): Promise<void> {
    if (!this.running || this.#child.pid === undefined) return;
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), this.#endTimeoutMs);
    await this.#gone.promise;
    clearTimeout(kill);
  }

  readonly #letGo = (): void => {
    this.#child.kill('SIGTERM');
  };

  #read(stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => this.#line(line));
  }

  #line(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
    for (const watch of [...this.#watchers]) watch(line);
  }

  #end(): void {
    process.off('exit', this.#letGo);
    for (const watch of [...this.#watchers]) watch(null);
    this.#gone.resolve(null);
  }
}
