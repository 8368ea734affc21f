import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { HouseMessage, HouseReport } from './house-process.ts';

const entry = fileURLToPath(new URL('house-process.ts', import.meta.url));

/** A house in a process of its own, so that its memory is its own. Owned by who started it. */
export class HouseChild {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** @throws Error when it ends before it is ready */
  static async start(): Promise<HouseChild> {
    const child = fork(entry, { execArgv: ['--expose-gc'] });
    const message = await nextMessage(child);
    if (message.kind !== 'ready') throw new Error('the house did not say where it listens');
    return new HouseChild(child, message.url);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  callUrl(agent: string): string {
    return `${this.url.replace(/^http/, 'ws')}/v1/realtime?model=${agent}`;
  }

  async report(): Promise<HouseReport> {
    this.#child.send('report');
    const message = await nextMessage(this.#child);
    if (message.kind !== 'report') throw new Error('the house did not report');
    return message.report;
  }

  async metrics(): Promise<string> {
    return await (await fetch(`${this.url}/metrics`)).text();
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(kill);
  }
}

function nextMessage(child: ChildProcess): Promise<HouseMessage> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('the house is gone'));
    child.once('exit', gone);
    child.once('message', (message) => {
      child.off('exit', gone);
      resolve(message as HouseMessage);
    });
  });
}
