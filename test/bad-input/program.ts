import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../bin/parley.mjs', import.meta.url));

/** The real command line in a process of its own. */
export class Program {
  readonly #child;
  readonly #folder: string;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  #out = '';
  #err = '';
  #heard = (): void => undefined;

  /** @param config text of the parley.yaml it serves with */
  constructor(config: string, ...args: readonly string[]) {
    this.#folder = mkdtempSync(join(tmpdir(), 'parley-bad-input-'));
    writeFileSync(join(this.#folder, 'parley.yaml'), config);
    const child = spawn(process.execPath, [entry, ...args], { cwd: this.#folder });
    this.#child = child;
    child.stdout.on('data', (part: Buffer) => {
      this.#out += part.toString('utf8');
      this.#heard();
    });
    child.stderr.on('data', (part: Buffer) => (this.#err += part.toString('utf8')));
    this.ended = new Promise((resolve) =>
      child.on('close', (code, signal) => {
        this.#heard();
        rmSync(this.#folder, { recursive: true, force: true });
        resolve({ code, signal });
      }),
    );
  }

  /** What it wrote to standard error. */
  get errorText(): string {
    return this.#err;
  }

  get outText(): string {
    return this.#out;
  }

  /** Waits until it says where it listens. @throws Error when it ends first */
  async listening(): Promise<string> {
    const ended = this.ended.then(() => {
      throw new Error(`it ended early: ${this.#err}`);
    });
    const said = new Promise<string>((resolve) => {
      this.#heard = () => {
        const url = /^Parley listens on (\S+)/m.exec(this.#out)?.[1];
        if (url !== undefined) resolve(url);
      };
      this.#heard();
    });
    return await Promise.race([said, ended]);
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(name);
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
