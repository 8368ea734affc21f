import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** File in `console/dist` that holds the hash of what it was built from. */
export const hashFile = 'sources.sha256';

/** SHA-256 over names and contents of everything that the built console is made from, hex. */
export function sourceHash(): string {
  const sources = readdirSync(join(folder, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length));
  const hash = createHash('sha256');
  for (const path of [...sources, 'index.html', 'vite.config.ts'].sort()) {
    hash.update(`${path.replaceAll('\\', '/')}\0`);
    hash.update(readFileSync(join(folder, path)));
    hash.update('\0');
  }
  return hash.digest('hex');
}
