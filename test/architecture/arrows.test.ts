import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

/** Broken rules in a tree, as `rule: from → to`. */
function brokenArrows(folder: string, parts: readonly string[]): Promise<readonly string[]> {
  const config = join(folder, '.dependency-cruiser.mjs');
  const args = [cruiser, '--config', config, '--output-type', 'json', ...parts];
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) => {
        // It exits with the number of broken rules; only an answer that is none is a failure.
        try {
          const { summary } = JSON.parse(stdout) as {
            summary: {
              totalCruised: number;
              violations: { rule: { name: string }; from: string; to: string }[];
            };
          };
          if (summary.totalCruised === 0) throw new RangeError('nothing was looked at');
          resolve(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`));
        } catch (thrown) {
          reject(error ?? new Error('the answer cannot be read', { cause: thrown }));
        }
      },
    );
  });
}

test('every arrow in the tree points the way it should', async () => {
  const parts = ['src', 'adapters', 'protocol', 'test', 'bench', 'models'];
  const there = parts.filter((part) => existsSync(join(root, part)));
  expect(await brokenArrows(root, there)).toEqual([]);
}, 120_000);

/** A tiny house in which every arrow is right. */
const sound: Readonly<Record<string, string>> = {
  'node_modules/zod/package.json': '{"name":"zod","version":"1.0.0","main":"index.js"}',
  'node_modules/zod/index.js': 'export const z = 1;',
  'node_modules/ws/package.json': '{"name":"ws","version":"1.0.0","main":"index.js"}',
  'node_modules/ws/index.js': 'export const ws = 1;',
  'package.json': '{"name":"house","type":"module","dependencies":{"zod":"1","ws":"1"}}',
  'src/audio/format.ts': 'export const format = 1;',
  'src/echo/guard.ts': "import { format } from '../audio/format.ts';\nexport const guard = format;",
  'src/ports/port.ts': "import { format } from '../audio/format.ts';\nexport const port = format;",
  'src/turn/machine.ts': "import { port } from '../ports/port.ts';\nexport const machine = port;",
  'src/call/call.ts': "import { machine } from '../turn/machine.ts';\nexport const call = machine;",
  'src/routing/agents.ts': "import { call } from '../call/call.ts';\nexport const agents = call;",
  'src/server/http.ts':
    "import { agents } from '../routing/agents.ts';\nimport { ws } from 'ws';\nexport const http = [agents, ws];",
  'src/cli/talk.ts': "import { format } from '../audio/format.ts';\nexport const talk = format;",
  'protocol/wire/events.ts': "import { z } from 'zod';\nexport const events = z;",
  'adapters/shared/plumbing.ts': 'export const plumbing = 1;',
  'adapters/backends/one/index.ts':
    "import { port } from '../../../src/ports/port.ts';\nimport { events } from '../../../protocol/wire/events.ts';\nimport { plumbing } from '../../shared/plumbing.ts';\nexport const one = [port, events, plumbing];",
  'adapters/backends/two/index.ts': 'export const two = 2;',
  'src/main.ts':
    "import { one } from '../adapters/backends/one/index.ts';\nimport { http } from './server/http.ts';\nexport const main = [one, http];",
  'test/support/rig.ts': 'export const rig = 1;',
};

/** Each is one wrong arrow: the file, what it imports, and the rule that has to say no. */
const planted = [
  ['protocol/wire/planted.ts', '../../src/ports/port.ts', 'protocol-is-a-leaf'],
  ['protocol/wire/planted-ws.ts', 'ws', 'protocol-is-a-leaf'],
  ['adapters/backends/one/planted.ts', '../two/index.ts', 'adapters-are-independent'],
  [
    'adapters/backends/one/planted-core.ts',
    '../../../src/call/call.ts',
    'adapters-see-ports-leaves-and-protocol',
  ],
  ['src/turn/planted.ts', 'zod', 'turn-logic-is-pure'],
  ['src/turn/planted-node.ts', 'node:fs', 'turn-logic-is-pure'],
  ['src/call/planted.ts', '../../adapters/backends/two/index.ts', 'only-the-root-composes'],
  ['src/server/planted.ts', '../../adapters/backends/two/index.ts', 'only-the-root-composes'],
  ['src/call/planted-up.ts', '../server/http.ts', 'core-call-points-right'],
  ['src/routing/planted.ts', '../server/http.ts', 'core-routing-points-right'],
  ['src/turn/planted-up.ts', '../call/call.ts', 'core-turn-points-right'],
  ['src/ports/planted.ts', '../turn/machine.ts', 'core-ports-points-right'],
  ['src/audio/planted.ts', '../ports/port.ts', 'core-audio-points-right'],
  ['src/echo/planted.ts', '../ports/port.ts', 'core-echo-points-right'],
  ['src/turn/planted-echo.ts', '../echo/guard.ts', 'core-turn-points-right'],
  ['src/cli/planted.ts', '../server/http.ts', 'core-cli-points-right'],
  ['src/call/planted-wire.ts', '../../protocol/wire/events.ts', 'core-knows-no-wire-format'],
  ['src/call/planted-ws.ts', 'ws', 'zod-and-ws-at-the-edges'],
  ['src/ports/planted-test.ts', '../../test/support/rig.ts', 'product-never-imports-tests'],
] as const;

describe('a wrong arrow', () => {
  let folder: string;
  let broken: readonly string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-arrows-'));
    for (const name of ['.dependency-cruiser.mjs', 'tsconfig.json']) {
      cpSync(join(root, name), join(folder, name));
    }
    for (const [path, text] of Object.entries(sound)) plant(path, text);
    expect(await brokenArrows(folder, ['src', 'adapters', 'protocol', 'test'])).toEqual([]);
    for (const [path, target] of planted) {
      plant(path, `import * as wrong from '${target}';\nexport const it = wrong;`);
    }
    // Types count as well as values, and going round in circles is wrong on its own.
    plant(
      'src/turn/planted-type.ts',
      "import type { call } from '../call/call.ts';\nexport type It = typeof call;",
    );
    plant('src/time/a.ts', "import { b } from './b.ts';\nexport const a = (): unknown => b;");
    plant('src/time/b.ts', "import { a } from './a.ts';\nexport const b = (): unknown => a;");
    broken = await brokenArrows(folder, ['src', 'adapters', 'protocol', 'test']);
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function plant(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  test.each(planted)('from %s to %s breaks %s', (path, _target, rule) => {
    const rules = broken.filter((it) => it.includes(`: ${path} → `)).map((it) => it.split(':')[0]);
    expect(rules).toContain(rule);
  });

  test('counts when it is only a type', () => {
    expect(broken.join('\n')).toContain('core-turn-points-right: src/turn/planted-type.ts');
  });

  test('counts when it closes a circle', () => {
    expect(broken.join('\n')).toMatch(/no-cycles: src\/time\/[ab]\.ts/);
  });
});
