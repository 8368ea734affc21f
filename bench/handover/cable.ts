import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** The network between a gateway and one upstream, which can be taken away. */
export class Cable {
  readonly #server: Server;
  readonly #pairs = new Map<Socket, Socket>();
  /** Nothing goes through, and whoever calls is turned away. */
  #down = false;

  private constructor(toPort: number) {
    this.#server = createServer((near) => this.#take(near, toPort));
  }

  /** @param toPort where it leads, on this machine */
  static async lay(toPort: number): Promise<Cable> {
    const cable = new Cable(toPort);
    await new Promise<void>((resolve, reject) => {
      cable.#server.once('error', reject);
      cable.#server.listen(0, '127.0.0.1', resolve);
    });
    return cable;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whether anybody is connected through it, and anything gets through. */
  get used(): boolean {
    return !this.#down && this.#pairs.size > 0;
  }

  /** All connections are reset, and nobody gets through until it is mended. */
  cut(): void {
    this.#down = true;
    for (const [near, far] of this.#pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  }

  /** Whoever calls from now on is turned away; what is open stays. */
  shut(): void {
    this.#down = true;
  }

  /** Connections stay, and nothing comes through them any more. */
  freeze(): void {
    this.#down = true;
    for (const [near, far] of this.#pairs) {
      far.unpipe(near);
      near.unpipe(far);
      far.resume();
      near.resume();
    }
  }

  mend(): void {
    this.#down = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(near: Socket, toPort: number): void {
    near.on('error', () => undefined);
    if (this.#down) {
      near.resetAndDestroy();
      return;
    }
    near.setNoDelay(true);
    const far = connect({ port: toPort, host: '127.0.0.1', noDelay: true });
    this.#pairs.set(near, far);
    const over = (): void => {
      this.#pairs.delete(near);
      near.destroy();
      far.destroy();
    };
    far.on('error', over).on('close', over);
    near.on('close', over);
    near.pipe(far);
    far.pipe(near);
  }
}
