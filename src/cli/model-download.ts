import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import { z } from 'zod';

import { ModelError } from './model-error.ts';

/** A plain name: it becomes part of a path. */
const plainName = z.string().regex(/^[A-Za-z0-9][\w.-]*$/, 'a plain name');

const downloadFile = z.strictObject({
  file: plainName,
  url: z.url({ protocol: /^https?$/ }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex'),
  sizeBytes: z.int().min(1),
});

const modelDownload = z.strictObject({
  schema: z.literal('parley-download/1'),
  name: plainName,
  description: z.string(),
  license: z.string(),
  homepage: z.url(),
  files: z.array(downloadFile).min(1),
});

/** A model that does not come with the program: what it is, and where its files are had. */
export type ModelDownload = z.infer<typeof modelDownload>;
export type DownloadFile = z.infer<typeof downloadFile>;

/**
 * Every `download.json` one folder down, by name.
 * @throws ModelError when one cannot be read: they come with the program
 */
export function readDownloads(modelsFolder: string): readonly ModelDownload[] {
  return readdirSync(modelsFolder)
    .toSorted()
    .map((name) => join(modelsFolder, name, 'download.json'))
    .filter((path) => existsSync(path))
    .map((path) => {
      try {
        return modelDownload.parse(JSON.parse(readFileSync(path, 'utf8')));
      } catch (error) {
        throw new ModelError(`${path} is not a description of a download`, { cause: error });
      }
    });
}

/**
 * Folder in which pulled models are, one folder each: `PARLEY_MODELS`, or `parley/models` in the
 * user's cache (XDG Base Directory Specification 0.8: a relative path there counts as none).
 */
export function pulledModelsFolder(env: Readonly<Record<string, string | undefined>>): string {
  const own = env['PARLEY_MODELS'];
  if (own !== undefined && own !== '') return resolve(own);
  const cache = env['XDG_CACHE_HOME'];
  const base = cache?.startsWith('/') === true ? cache : join(homedir(), '.cache');
  return join(base, 'parley', 'models');
}

/**
 * Where the first file of a pulled model is, or would be, and what it must be.
 * @throws RangeError when there is no such model
 */
export function pulledFile(
  downloads: readonly ModelDownload[],
  name: string,
  folder: string,
): { readonly path: string; readonly sha256: string } {
  const [source] = downloads.find((download) => download.name === name)?.files ?? [];
  if (source === undefined) throw new RangeError(`no model ${name} can be pulled`);
  return { path: join(folder, name, source.file), sha256: source.sha256 };
}
