#!/usr/bin/env node
// Starts the sources in a clone (Node 24 strips the types) and the compiled files in a package.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [major, minor] = process.versions.node.split('.').map(Number);
const pinned = join(root, 'node_modules', 'node', 'bin', 'node');

if (major > 22 || (major === 22 && minor >= 18)) {
  const args = process.argv.slice(2);
  const bench = join(root, 'bench', 'main.ts');
  const source = join(root, 'src', 'main.ts');
  // The product imports no benchmark, so the way to them begins here. A package has none.
  const wantsBench = args[0] === 'bench' && existsSync(bench);
  const sourceOrBuilt = existsSync(source) ? source : join(root, 'dist', 'src', 'main.js');
  const { main } = await import(pathToFileURL(wantsBench ? bench : sourceOrBuilt).href);
  process.exitCode = await main(wantsBench ? args.slice(1) : args);
} else if (existsSync(pinned)) {
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
} else {
  console.error(`parley needs Node 22.18 or newer, this is ${process.versions.node}.`);
  process.exitCode = 1;
}
