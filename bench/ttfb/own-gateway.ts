import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Program } from '../lib/program.ts';
import { TemporaryFolder } from '../lib/temporary-folder.ts';

const entry = fileURLToPath(new URL('../../bin/parley.mjs', import.meta.url));

/** A gateway of the bench's own, in a process of its own. Owned by who started it. */
export interface OwnGateway {
  /** `http://…` */
  readonly url: string;
  /** Ends it in order. Idempotent. */
  end(): Promise<void>;
}

/** @throws Error with its last words when it does not start */
export async function startOwnGateway(config: unknown): Promise<OwnGateway> {
  const folder = new TemporaryFolder('parley-ttfb');
  const configFile = join(folder.path, 'parley.yaml');
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify(config));
  const program = new Program({
    command: process.execPath,
    args: [entry, 'serve', '--config', configFile],
  });
  const end = async (): Promise<void> => {
    await program.end();
    folder.remove();
  };
  try {
    const [, url] = await program.lineLike(/^Parley listens on (\S+)$/);
    await ready(url!);
    return { url: url!, end };
  } catch (thrown) {
    await end();
    throw thrown;
  }
}

/** Calls that come before models are loaded would measure the loading. */
async function ready(url: string): Promise<void> {
  const response = await fetch(`${url}/readyz`);
  if (!response.ok) throw new Error(`the gateway is not ready: ${await response.text()}`);
}
