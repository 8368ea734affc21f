import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { fetchFile, sha256Of } from './fetch-file.ts';
import type { DownloadFile, ModelDownload } from './model-download.ts';
import { ModelError } from './model-error.ts';
import { progressLine, sizeText } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface PullOptions {
  /** Folder of pulled models; the model gets one of its own in it. */
  readonly folder: string;
  /** Where the files are had instead of their home: `<from>/<file>`. */
  readonly from: string | null;
  readonly terminal: Terminal;
  /** Longest wait for a piece of a file, ms. */
  readonly stallMs?: number;
}

type FileState = 'absent' | 'good' | 'different';

/** Time between two lines of progress, ms. */
const progressMs = 100;

/**
 * Fetches what is missing of a model.
 * @throws ModelError saying what to do
 */
export async function pullModel(model: ModelDownload, options: PullOptions): Promise<void> {
  const { folder, from, terminal, stallMs = 30_000 } = options;
  for (const source of model.files) {
    const target = join(folder, model.name, source.file);
    if ((await stateOf(target, source)) === 'good') {
      terminal.line(`${model.name}: ${target} is there already`);
      continue;
    }
    const url = addressOf(source, from);
    terminal.line(`${model.name} (${model.license}): ${url.href}, ${sizeText(source.sizeBytes)}`);
    const startMs = terminal.nowMs();
    let shownMs = -Infinity;
    await fetchFile({
      source,
      url,
      target,
      stallMs,
      onProgress: (doneBytes) => {
        const nowMs = terminal.nowMs();
        if (nowMs - shownMs < progressMs && doneBytes < source.sizeBytes) return;
        shownMs = nowMs;
        const elapsedMs = nowMs - startMs;
        terminal.progress?.(progressLine({ doneBytes, totalBytes: source.sizeBytes, elapsedMs }));
      },
    });
    terminal.line(`${model.name}: ${target}, SHA-256 as pinned`);
  }
}

/** One line about each model that can be pulled. */
export async function listDownloads(
  models: readonly ModelDownload[],
  folder: string,
): Promise<readonly string[]> {
  return await Promise.all(
    models.map(async (model) => {
      const sizes = model.files.map(async ({ file, sizeBytes }) => {
        const found = await stat(join(folder, model.name, file)).catch(() => null);
        return found?.size === sizeBytes;
      });
      const present = (await Promise.all(sizes)).every((is) => is);
      const bytes = model.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const where = present
        ? join(folder, model.name)
        : `not here; npx parley models pull ${model.name} fetches ${sizeText(bytes)}`;
      return `${model.name}: ${where} (${model.description}, ${model.license})`;
    }),
  );
}

/**
 * Compares a pulled model with its pinned hashes.
 * @returns what to say, and whether something is wrong; a model that is not there is not wrong
 */
export async function verifyDownload(
  model: ModelDownload,
  folder: string,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const states = await Promise.all(
    model.files.map((source) => stateOf(join(folder, model.name, source.file), source)),
  );
  const wrong = model.files.filter((_, index) => states[index] === 'different');
  if (wrong.length > 0) {
    const files = wrong.map(({ file }) => join(folder, model.name, file)).join(', ');
    return { ok: false, text: `${model.name}: ${files} is not the pinned file; pull it again` };
  }
  const text = states.includes('absent') ? 'not here, nothing to verify' : 'SHA-256 as pinned';
  return { ok: true, text: `${model.name}: ${text}` };
}

async function stateOf(path: string, { sha256, sizeBytes }: DownloadFile): Promise<FileState> {
  const found = await stat(path).catch(() => null);
  if (found === null) return 'absent';
  if (found.size !== sizeBytes) return 'different';
  return (await sha256Of(path)) === sha256 ? 'good' : 'different';
}

function addressOf({ file, url }: DownloadFile, from: string | null): URL {
  if (from === null) return new URL(url);
  const base = URL.parse(from.endsWith('/') ? from : `${from}/`);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new ModelError(`--from must be an address that begins with http:// or https://`);
  }
  return new URL(file, base);
}
