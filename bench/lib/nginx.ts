import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Program } from './program.ts';
import { withChildren } from './process-usage.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** A proxy that only passes bytes on, as the yardstick. */
export interface Nginx {
  readonly version: string;
  readonly port: number;
  /** Of its master and its one worker. */
  readonly pids: readonly number[];
  end(): Promise<void>;
}

/** Starts nginx in front of the upstream. @returns why not, where it cannot be had */
export async function startNginx(upstreamPort: number): Promise<Nginx | string> {
  let version: string;
  try {
    version = versionOf();
  } catch {
    return 'nginx is not installed';
  }
  const temporary = new TemporaryFolder('parley-bench-nginx');
  const folder = temporary.path;
  const port = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), configOf({ folder, port, upstreamPort }));
  const program = new Program({
    command: 'nginx',
    args: ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')],
  });
  const end = async (): Promise<void> => {
    await program.end();
    temporary.remove();
  };
  for (let tries = 0; tries < 40 && program.running; tries += 1) {
    if (await answers(port)) return { version, port, pids: withChildren(program.pid), end };
    await wait(50);
  }
  await end();
  return 'nginx did not start';
}

function versionOf(): string {
  // It writes its version to standard error.
  const text = execFileSync('/bin/sh', ['-c', 'nginx -v 2>&1'], { encoding: 'utf8' });
  const found = /nginx\/(\S+)/.exec(text);
  if (found?.[1] === undefined) throw new Error('no version');
  return found[1];
}

function configOf(options: {
  readonly folder: string;
  readonly port: number;
  readonly upstreamPort: number;
}): string {
  const { folder, port, upstreamPort } = options;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${join(folder, name)};`)
    .join('\n');
  return `daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')} warn;
events { worker_connections 8192; }
http {
  access_log off;
${temporary}
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`;
}

/** nginx cannot choose a port by itself; between this and its start another may take it. */
async function freePort(): Promise<number> {
  const server = createServer();
  const listening = Promise.withResolvers<null>();
  server.once('error', listening.reject);
  server.listen(0, '127.0.0.1', () => listening.resolve(null));
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  const closed = Promise.withResolvers<null>();
  server.close(() => closed.resolve(null));
  await closed.promise;
  return port;
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`);
    return true;
  } catch {
    return false;
  }
}
