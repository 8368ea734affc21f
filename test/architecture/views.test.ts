import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../src', import.meta.url));

/** Composition names adapters, the command line is a client, and the built-in agents have a configuration. */
const named = ['composition', 'cli', 'main.ts'];
/** Names of wires and vendors, as code and not as words about it. */
const names =
  /(['"`])(?:openai-|gemini-)?(?:realtime|live)\1|['"`]hydra['"`]|\b\w*(?:Realtime|OpenAi|LiveApi|LiveClient|LiveView)\w*\b/u;

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !named.some((part) => path.startsWith(part)),
  );
}

/** Code without comments, by line. */
function codeOf(text: string): string[] {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//gu, (comment) => comment.replaceAll(/[^\n]/gu, ''))
    .split('\n')
    .map((line) => line.replace(/(^|\s)\/\/.*$/u, ''));
}

function namings(text: string): string[] {
  return codeOf(text).filter((line) => names.test(line));
}

test('nothing in the core knows which wire a client or a backend speaks', () => {
  const found = filesOf(root).flatMap((path) =>
    namings(readFileSync(join(root, path), 'utf8')).map((line) => `${path}: ${line.trim()}`),
  );
  expect(filesOf(root).length).toBeGreaterThan(200);
  expect(found).toEqual([]);
});

test.each([
  ["if (client.name === 'openai-live') return;"],
  ['if (backend.type === "openai-realtime") return;'],
  ['const isRealtimeClient = true;'],
  ["if (wire === 'live') return;"],
])('it would see: %s', (line) => {
  expect(namings(line)).toEqual([line]);
});

test('words about wires are no code', () => {
  expect(namings('/** As the Realtime API has it. */\nrun(); // like Live')).toEqual([]);
});
