import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LoadedConfig } from '../config-file.ts';
import {
  looseReferences,
  type LooseReferences,
  type ReferenceKind,
} from '../server/config-references.ts';
import { placeOrderName } from '../tools/place-order.ts';
import { packageFolder } from './root.ts';

/** Settings that lead out of the file without saying so by their names. */
const others: Readonly<Record<string, Readonly<Record<string, ReferenceKind>>>> = {
  onnx: { package: 'package' },
  rehearsal: { script: 'file' },
};

/** What of a sound configuration leads nowhere on this machine. */
export function checkReferences(
  { text, folder }: LoadedConfig,
  env: Readonly<Record<string, string | undefined>>,
): LooseReferences {
  return looseReferences(text, {
    env,
    others,
    registeredTools: [placeOrderName],
    isThere: (kind, path) => {
      switch (kind) {
        case 'package':
          return isFile(join(packageFolder(path, folder), 'manifest.json'));
        case 'folder':
          return statSync(resolve(folder, path), { throwIfNoEntry: false })?.isDirectory() === true;
        case 'file':
          return isFile(resolve(folder, path));
      }
    },
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
