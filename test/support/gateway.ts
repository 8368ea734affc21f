import { parse } from 'yaml';
import type { WireFolder } from '../../adapters/shared/wire-folder.ts';
import { backendSchemas } from '../../src/composition/backend-types.ts';
import { openGateway } from '../../src/main.ts';
import { silentLogger, type Logger } from '../../src/ports/log.ts';
import { readConfig } from '../../src/server/config.ts';
import { problemText } from '../../src/server/problems.ts';

export interface TestGatewayOptions {
  /** Text of a parley.yaml; nothing means the built-in configuration. The port is always free. */
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** PEM texts: serves https and wss. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly log?: Logger;
  /** Takes recordings of connections to upstreams. */
  readonly wires?: WireFolder;
}

export interface TestGateway {
  /** `http://127.0.0.1:<port>`, or `https://…`. */
  readonly url: string;
  /** The same with `ws://` or `wss://`. */
  readonly wsUrl: string;
  readonly port: number;
  /** What could not be prepared; empty in a gateway that is ready. */
  readonly reasons: readonly string[];
  /** Ends it in order, as the first signal does: running calls may finish. */
  drain(): Promise<void>;
  /** Ends it at once. */
  close(): Promise<void>;
}

/** Starts the whole gateway in this process, on a free port, and waits until it is prepared. */
export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { config = '', env = {}, tls = null, log = silentLogger, wires = null } = options;
  const result = readConfig(withParrot(config), {
    env,
    backendSchemas,
    readFile: (path) => {
      throw new RangeError(`the test configuration names a file: ${path}`);
    },
    overrides: { host: '127.0.0.1', port: 0 },
  });
  if (!result.ok) {
    throw new RangeError(result.problems.map((it) => problemText('test', it)).join('\n'));
  }
  const gateway = await openGateway({
    config: { ...result.config, server: { ...result.config.server, tls } },
    folder: process.cwd(),
    log,
    wires,
  });
  const reasons = await gateway.prepared;
  return {
    url: gateway.url,
    wsUrl: gateway.url.replace(/^http/, 'ws'),
    port: gateway.port,
    reasons,
    drain: () => gateway.close(),
    close: () => gateway.closeNow(),
  };
}

/**
 * The quick agent answers whom nobody asks for, unless the configuration says otherwise, and the large
 * bundled model is not loaded by every test.
 */
function withParrot(config: string): string {
  const file = (parse(config) ?? {}) as { server?: object; backends?: object };
  return JSON.stringify({
    ...file,
    server: { defaultAgent: 'parrot', ...file.server },
    backends: { barista: { type: 'rehearsal' }, ...file.backends },
  });
}
