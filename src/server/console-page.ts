import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the console, ready to be sent. */
export interface ConsoleFile {
  /** Path under which it is served. */
  readonly path: string;
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
  readonly cacheControl: string;
}

/** Where `npm run build:console` puts it, beside the sources as well as in an image. */
export const consoleFolder = fileURLToPath(new URL('../../console/dist/', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * What a page of the console may do: load its own files, talk to its own host, and nothing else. No
 * script or style is written into the page, no other page may show it in a frame.
 */
export const consoleHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    // Recordings are fetched with the key and played from the page's memory.
    "media-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'permissions-policy': 'microphone=(self), camera=(), geolocation=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Reads the built console, a few files in all, into memory. Names of assets carry a hash of their
 * content and never change; the page itself is asked for again each time.
 *
 * @returns what there is; without a build only a page that says so
 */
export function readConsole(folder: string = consoleFolder): readonly ConsoleFile[] {
  const names = listed(folder).filter((name) => types[extname(name)] !== undefined);
  const files = names.map((name) => {
    const path = name === 'index.html' ? '/' : `/${name.replaceAll('\\', '/')}`;
    return fileOf(path, types[extname(name)]!, readFileSync(join(folder, name)));
  });
  if (files.some(({ path }) => path === '/')) return files;
  return [fileOf('/', types['.html']!, Buffer.from(unbuilt))];
}

function fileOf(path: string, type: string, body: Buffer): ConsoleFile {
  const digest = createHash('sha256').update(body).digest('base64url');
  const cacheControl = path === '/' ? 'no-cache' : 'public, max-age=31536000, immutable';
  return { path, type, body, etag: `"${digest.slice(0, 22)}"`, cacheControl };
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}

const unbuilt = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Parley</title></head>
  <body>
    <h1>Parley</h1>
    <p>The console is not built here: <code>npm run build:console</code>. The API is at
    <a href="/api/calls">/api/calls</a>.</p>
  </body>
</html>
`;
