import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, above the sources or what was compiled from them. */
export const root = above(dirname(fileURLToPath(import.meta.url)));

function above(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const next = dirname(folder);
  if (next === folder) throw new Error('the folder of package.json is not above the program');
  return above(next);
}

/** A name stands for a package that comes with the program, anything with a slash for a folder. */
export function packageFolder(nameOrPath: string, folder: string): string {
  if (isAbsolute(nameOrPath) || /[/\\]/.test(nameOrPath)) return resolve(folder, nameOrPath);
  return join(root, 'models', nameOrPath);
}
