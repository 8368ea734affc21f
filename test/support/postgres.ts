import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';

/** Where Debian puts its servers, one folder a version. */
const home = '/usr/lib/postgresql';

/** Why there is no PostgreSQL to test with; `null` when there is. */
export const noPostgres =
  binaries() === null ? `no ${home}/*/bin/initdb (Debian: apt-get install postgresql)` : null;

/** A PostgreSQL of its own in a folder of its own. */
export interface Postgres {
  /** Makes a database that is not there yet. @returns its address */
  database(name: string): string;
  stop(): void;
}

/** Starts a server on a free port of this machine. @throws Error when it does not start */
export async function startPostgres(): Promise<Postgres> {
  const programs = binaries();
  if (programs === null) throw new Error(noPostgres ?? '');
  const folder = mkdtempSync(join(tmpdir(), 'parley-postgres-'));
  // It refuses to run as root.
  const asUser = getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (asUser.uid !== undefined) chownSync(folder, asUser.uid, asUser.gid);
  const data = join(folder, 'data');
  const port = await freePort();
  const run = (program: string, args: readonly string[]): void => {
    const done = spawnSync(join(programs, program), args, { ...asUser, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${program}: ${done.stdout}${done.stderr}`);
  };
  run('initdb', ['-D', data, '-U', 'parley', '-A', 'trust', '--no-sync']);
  const options = `-k ${folder} -p ${port} -c listen_addresses=127.0.0.1`;
  run('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', options, 'start']);
  const known = new Set<string>();
  return {
    database: (name) => {
      const made = ['-h', '127.0.0.1', '-p', String(port), '-U', 'parley', name];
      if (!known.has(name)) run('createdb', made);
      known.add(name);
      return `postgres://parley@127.0.0.1:${port}/${name}`;
    },
    stop: () => {
      spawnSync(join(programs, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop'], asUser);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function binaries(): string | null {
  const versions = existsSync(home) ? readdirSync(home) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) return null;
  const folder = join(home, newest, 'bin');
  return existsSync(join(folder, 'initdb')) ? folder : null;
}

function idOf(flag: '-u' | '-g'): number {
  return Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim());
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
