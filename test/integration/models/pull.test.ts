import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import {
  pulledFile,
  pulledModelsFolder,
  readDownloads,
  type ModelDownload,
} from '../../../src/cli/model-download.ts';
import { listDownloads, pullModel, verifyDownload } from '../../../src/cli/models.ts';
import { progressLine, sizeText } from '../../../src/cli/progress.ts';
import { terminal } from '../../../src/cli/terminal.ts';
import { serveFiles, type FileServer } from '../../support/file-server.ts';

const models = fileURLToPath(new URL('../../../models', import.meta.url));
const graph = readFileSync(join(models, 'smart-turn', 'stand-in', 'stand-in.onnx'));
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A download of the stand-in, pinned as the real weights are. */
const standIn: ModelDownload = {
  schema: 'parley-download/1',
  name: 'stand-in',
  description: 'Same contract, made for tests',
  license: 'Apache-2.0',
  homepage: 'https://example.invalid/',
  files: [
    {
      file: 'stand-in.onnx',
      url: 'https://example.invalid/stand-in.onnx',
      sha256: digest(graph),
      sizeBytes: graph.length,
    },
  ],
};

let server: FileServer;
let folder: string;
let target: string;
let said: string;
/** Called when a line of progress is shown. */
let onProgress = (): void => undefined;

beforeAll(async () => {
  server = await serveFiles({
    '/m/stand-in.onnx': graph,
    '/other/stand-in.onnx': graph.map((byte) => byte ^ 1),
    '/long/stand-in.onnx': Buffer.concat([graph, graph]),
  });
});
afterAll(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-models-'));
  target = join(folder, 'stand-in', 'stand-in.onnx');
  said = '';
  server.requests.length = 0;
  server.faults.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const stream = (isTTY: boolean): { isTTY: boolean; write(text: string): void } => ({
  isTTY,
  write: (text) => {
    said += text;
    if (text.startsWith('\r')) onProgress();
  },
});

async function pull(from: string | null, { isTTY = false, stallMs = 5_000 } = {}): Promise<void> {
  const options = { folder, from, terminal: terminal(stream(isTTY)), stallMs };
  await pullModel(standIn, options);
}

const left = (bytes: Uint8Array): void => {
  mkdirSync(join(folder, 'stand-in'));
  writeFileSync(`${target}.part`, bytes);
};

describe('models pull', () => {
  test('fetches from any base address, checks, and does nothing the second time', async () => {
    await pull(`${server.url}/m`);
    expect(digest(readFileSync(target))).toBe(digest(graph));
    expect(existsSync(`${target}.part`)).toBe(false);
    expect(said).toContain(`${server.url}/m/stand-in.onnx, 4.0 kB`);
    expect(said).not.toContain('\r');
    await pull(`${server.url}/m/`);
    expect(server.requests).toEqual(['/m/stand-in.onnx whole']);
    expect(said).toContain('is there already');
  });

  test('shows a bar where somebody watches', async () => {
    await pull(`${server.url}/m`, { isTTY: true });
    expect(said).toMatch(/\r█{24} 100 % +4\.0 kB of 4\.0 kB +\d+\.\d s\n/);
  });

  test('goes on where the connection was cut, by itself', async () => {
    const arrived = new Promise<void>((resolve) => {
      onProgress = resolve;
    });
    server.faults.push({ kind: 'cut', afterBytes: 1_000, when: arrived });
    await pull(`${server.url}/m`, { isTTY: true });
    expect(server.requests).toEqual(['/m/stand-in.onnx whole', '/m/stand-in.onnx bytes=1000-']);
    expect(digest(readFileSync(target))).toBe(digest(graph));
  });

  test('goes on where an earlier run stopped', async () => {
    left(graph.subarray(0, 2_500));
    await pull(`${server.url}/m`);
    expect(server.requests).toEqual(['/m/stand-in.onnx bytes=2500-']);
    expect(digest(readFileSync(target))).toBe(digest(graph));
  });

  test('takes what an earlier run had whole without asking', async () => {
    left(graph);
    await pull(`${server.url}/m`);
    expect(server.requests).toEqual([]);
    expect(existsSync(target)).toBe(true);
  });

  test('begins again where what was left is of another file, or too long', async () => {
    for (const wrong of [new Uint8Array(1_000), Buffer.concat([graph, graph])]) {
      left(wrong);
      await pull(`${server.url}/m`);
      expect(digest(readFileSync(target))).toBe(digest(graph));
      rmSync(join(folder, 'stand-in'), { recursive: true });
    }
  });

  test.each(['no-range', 'wrong-range'] as const)(
    'gets the file of a server that answers a range with %s',
    async (kind) => {
      left(graph.subarray(0, 2_500));
      server.faults.push({ kind });
      await pull(`${server.url}/m`);
      expect(digest(readFileSync(target))).toBe(digest(graph));
    },
  );

  test('refuses a file with another hash and keeps nothing of it', async () => {
    await expect(pull(`${server.url}/other`)).rejects.toThrow(
      new RegExp(`has SHA-256 [0-9a-f]{64}, expected ${digest(graph)}`),
    );
    expect([existsSync(target), existsSync(`${target}.part`)]).toEqual([false, false]);
    expect(server.requests).toHaveLength(1);
  });

  test('refuses a file that is longer than it should be', async () => {
    await expect(pull(`${server.url}/long`)).rejects.toThrow(/longer than the 4043 bytes/);
    expect([existsSync(target), existsSync(`${target}.part`)]).toEqual([false, false]);
  });

  test('keeps what it has of a file that ends early, and says so', async () => {
    server.faults.push(
      { kind: 'short', bytes: 1_000 },
      { kind: 'short', bytes: 500 },
      { kind: 'short', bytes: 0 },
    );
    await expect(pull(`${server.url}/m`)).rejects.toThrow(
      /ended early\. 1500 of 4043 bytes are kept: run it again to go on/,
    );
    expect(existsSync(target)).toBe(false);
    await pull(`${server.url}/m`);
    expect(server.requests.at(-1)).toBe('/m/stand-in.onnx bytes=1500-');
  });

  test('gives up a server that stands still', async () => {
    server.faults.push({ kind: 'stall', afterBytes: 0 });
    await expect(pull(`${server.url}/m`, { stallMs: 50 })).rejects.toThrow(/nothing for 0.05 s/);
  });

  test('says what is not there, and what the server answered', async () => {
    await expect(pull(`${server.url}/none`)).rejects.toThrow(/not there \(404\).*--from/);
    server.faults.push({ kind: 'status', status: 503 });
    await expect(pull(`${server.url}/m`)).rejects.toThrow(/answered 503/);
  });

  test('without a network says what to do', async () => {
    const gone = await serveFiles({});
    await gone.close();
    await expect(pull(gone.url)).rejects.toThrow(/cannot be reached \(ECONNREFUSED\).*--from/);
  });

  test('takes no other address than a web one', async () => {
    for (const from of ['file:///m', 'm', 'ftp://h/']) {
      await expect(pull(from)).rejects.toThrow(/http:\/\/ or https:\/\//);
    }
  });

  test('a folder that cannot be written is named', async () => {
    writeFileSync(join(folder, 'stand-in'), 'a file');
    await expect(pull(`${server.url}/m`)).rejects.toThrow(/stand-in/);
  });
});

test('list and verify tell what is here, what is not, and what is wrong', async () => {
  const list = async (): Promise<string> => (await listDownloads([standIn], folder)).join();
  expect(await list()).toMatch(/stand-in: not here; npx parley models pull stand-in .*4\.0 kB/);
  expect(await verifyDownload(standIn, folder)).toMatchObject({ ok: true });
  await pull(`${server.url}/m`);
  expect(await list()).toContain(join(folder, 'stand-in'));
  expect(await verifyDownload(standIn, folder)).toEqual({
    ok: true,
    text: 'stand-in: SHA-256 as pinned',
  });
  writeFileSync(
    target,
    graph.map((byte) => byte ^ 1),
  );
  expect(await verifyDownload(standIn, folder)).toMatchObject({ ok: false });
  await pull(`${server.url}/m`);
  expect(await verifyDownload(standIn, folder)).toMatchObject({ ok: true });
});

test('the pinned download of Smart Turn is sound', () => {
  const downloads = readDownloads(models);
  expect(downloads.map(({ name }) => name)).toEqual(['smart-turn', 'vits-ljs', 'zipformer-en']);
  expect(pulledFile(downloads, 'smart-turn', '/m')).toEqual({
    path: '/m/smart-turn/smart-turn-v3.2-cpu.onnx',
    sha256: expect.stringMatching(/^2bb02631.*f8cca967e4f$/) as string,
  });
  expect(() => pulledFile(downloads, 'none', '/m')).toThrow(RangeError);
});

test('a description of a download that cannot be read is named', () => {
  mkdirSync(join(folder, 'a'));
  writeFileSync(join(folder, 'a', 'download.json'), '{}');
  expect(() => readDownloads(folder)).toThrow(/a\/download\.json/);
});

test('pulled models are in PARLEY_MODELS, else in the cache', () => {
  expect(pulledModelsFolder({ PARLEY_MODELS: '/p', XDG_CACHE_HOME: '/c' })).toBe('/p');
  expect(pulledModelsFolder({ XDG_CACHE_HOME: '/c' })).toBe('/c/parley/models');
  expect(pulledModelsFolder({ XDG_CACHE_HOME: 'c', PARLEY_MODELS: '' })).toMatch(
    /\/\.cache\/parley\/models$/,
  );
});

test('progress and sizes for people', () => {
  expect(progressLine({ doneBytes: 4_339_591, totalBytes: 8_679_182, elapsedMs: 1_234 })).toBe(
    '████████████░░░░░░░░░░░░  50 %   4.3 MB of 8.7 MB    1.2 s',
  );
  expect(sizeText(99_900)).toBe('99.9 kB');
});
