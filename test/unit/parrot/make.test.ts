import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { parrotFolder } from '../../support/parrot-rig.ts';

/** What keeps this machine from making the graph, or `null`. */
function obstacle(): string | null {
  const pinned = /^onnx==(.+)$/m.exec(readFileSync(join(parrotFolder, 'requirements.txt'), 'utf8'));
  const { status, stdout } = spawnSync('python3', ['-c', 'import onnx; print(onnx.__version__)'], {
    encoding: 'utf8',
  });
  if (status !== 0) return 'python3 with the package onnx is not installed';
  const found = stdout.trim();
  return found === pinned?.[1] ? null : `onnx ${found} is installed, ${String(pinned?.[1])} pinned`;
}

test('make.py writes the graph and the manifest that are in the repository', (context) => {
  const reason = obstacle();
  if (reason !== null) {
    process.stderr.write(`skipped: remaking parrot.onnx, because ${reason}\n`);
    context.skip(reason);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'parrot-'));
  try {
    const made = spawnSync('python3', [join(parrotFolder, 'make.py'), folder], {
      encoding: 'utf8',
    });
    expect(made.stderr).toBe('');
    for (const file of ['parrot.onnx', 'manifest.json']) {
      expect(readFileSync(join(folder, file)).equals(readFileSync(join(parrotFolder, file)))).toBe(
        true,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
