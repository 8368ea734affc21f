// npx does not look at a project's own `bin`. Linking it makes `npx parley` work in a clone
// without fetching anything.
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const binFolder = join(root, 'node_modules', '.bin');
const link = join(binFolder, 'parley');
if (existsSync(join(root, 'node_modules')) && process.platform !== 'win32') {
  mkdirSync(binFolder, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(join('..', '..', 'bin', 'parley.mjs'), link);
}
