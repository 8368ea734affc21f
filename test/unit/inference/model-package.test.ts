import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { openGraphs } from '../../../adapters/inference/graph.ts';
import { readModelPackage, verifyFiles } from '../../../adapters/inference/model-package.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { parrotFolder } from '../../support/parrot-rig.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  for (const file of ['manifest.json', 'parrot.onnx']) {
    cpSync(join(parrotFolder, file), join(folder, file));
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Replaces text in the copied manifest; every piece must be there. */
function change(...changes: readonly (readonly [from: string, to: string])[]): void {
  const path = join(folder, 'manifest.json');
  let text = readFileSync(path, 'utf8');
  for (const [from, to] of changes) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  writeFileSync(path, text);
}

async function load(): Promise<void> {
  const model = readModelPackage(folder);
  await verifyFiles(model);
  const graphs = await openGraphs(model);
  await Promise.all(graphs.map((graph) => graph.release()));
}

async function refused(): Promise<string> {
  const error: unknown = await load().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CallError)) throw new Error('the package was not refused');
  expect(error.code).toBe('model_unavailable');
  return error.message;
}

describe('a model package', () => {
  test('as it is in the repository loads', async () => {
    await expect(load()).resolves.toBeUndefined();
  });

  test('is refused without a manifest, or with one that is not JSON', async () => {
    writeFileSync(join(folder, 'manifest.json'), '{');
    expect(await refused()).toContain('manifest.json cannot be read');
    rmSync(join(folder, 'manifest.json'));
    expect(await refused()).toContain('manifest.json cannot be read');
  });

  test('is refused when a graph file is missing, by name', async () => {
    rmSync(join(folder, 'parrot.onnx'));
    expect(await refused()).toBe('model package parrot: parrot.onnx cannot be read');
  });

  test('is refused when a graph is not the one that was hashed, with both hashes', async () => {
    const path = join(folder, 'parrot.onnx');
    const bytes = readFileSync(path);
    bytes[100] = bytes[100]! ^ 1;
    writeFileSync(path, bytes);
    const actual = createHash('sha256').update(bytes).digest('hex');
    expect(await refused()).toContain(`parrot.onnx has SHA-256 ${actual}, the manifest says`);
  });

  test('is refused when a file lies outside its folder', async () => {
    change(['"parrot.onnx"', '"../parrot.onnx"']);
    expect(await refused()).toContain('graphs.0.file: a plain file name');
  });

  test('is refused on names the graph does not have, with what it has instead', async () => {
    change(['"name": "mark"', '"name": "marks"']);
    expect(await refused()).toBe(
      'model package parrot: parrot.onnx: output marks is declared but the graph has none; ' +
        'output mark is in the graph but not declared',
    );
  });

  test('is refused on another dtype', async () => {
    change([
      '"dtype": "int32",\n          "shape": ["B", 8]',
      '"dtype": "int64",\n"shape": ["B", 8]',
    ]);
    expect(await refused()).toBe(
      'model package parrot: parrot.onnx: input control is declared int64 but is int32; ' +
        'output control_next is declared int64 but is int32',
    );
  });

  test('is refused on another rank', async () => {
    change(['["B", 8]', '["B", 2, 4]']);
    expect(await refused()).toContain('input control is declared with rank 3, has 2');
  });

  test('is refused on another length of an axis', async () => {
    change(['["B", 250, 1920]', '["B", 200, 1920]']);
    expect(await refused()).toContain(
      'input memory is declared [B, 200, 1920] but is [B, 250, 1920]',
    );
  });

  test('is refused when its frame does not fit its rates', async () => {
    change(['"frameMs": 80', '"frameMs": 40']);
    expect(await refused()).toContain('input audio is float32 [B, 1920], must be float32 [B, 960]');
  });

  test('is refused when nothing comes out, or a stream is not explained', async () => {
    change(['"sink": "audio"', '"sink": "value", "value": "x"'], ['"events": {', '"text": {']);
    expect(await refused()).toContain('streams.text');
    change(['"text": {', '"events": {']);
    expect(await refused()).toContain('0 outputs are the audio, must be 1');
  });

  test('is refused when its graph is no graph', async () => {
    const bytes = Buffer.from('not a graph');
    writeFileSync(join(folder, 'parrot.onnx'), bytes);
    const model = readModelPackage(parrotFolder);
    const sha256 = model.manifest.graphs[0]!.sha256;
    change([sha256, createHash('sha256').update(bytes).digest('hex')]);
    expect(await refused()).toBe('model package parrot: parrot.onnx does not load');
  });
});
