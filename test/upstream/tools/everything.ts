import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';

/** The reference server of the Model Context Protocol, from npm. */
export const everythingPath = fileURLToPath(
  import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'),
);

/** Its HTTP form in a process of its own. */
export class EverythingOverHttp {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(port: number, process: ChildProcess) {
    this.port = port;
    this.#process = process;
  }

  /** @param port a free one where none is given */
  static async open(port?: number): Promise<EverythingOverHttp> {
    const chosen = port ?? (await freePort());
    const child = spawn(execPath, [everythingPath, 'streamableHttp'], {
      env: { PATH: process.env['PATH'], PORT: String(chosen) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await new Promise<void>((done, fail) => {
      child.stderr.on('data', (text: Buffer) => {
        if (text.toString().includes('listening')) done();
      });
      child.once('exit', () => fail(new Error('the server ended')));
    });
    return new EverythingOverHttp(chosen, child);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.kill('SIGKILL');
    await ended;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
