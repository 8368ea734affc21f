import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CallError, errorTable, type ErrorCode } from '../../../src/ports/errors.ts';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `(\w+)`\s*\|(.*)\|\s*(\S+)\s*\|\s*(\d+)\s*\|\s*(\w+)\s*\|$/gm)];

test('docs/errors.md says of every code what the table says, in its order, and nothing else', () => {
  const documented = rows.map(([, code, , close, http, again]) => [
    code,
    {
      httpStatus: Number(http),
      closeCode: close === '–' ? null : Number(close),
      retryable: again === 'yes',
    },
  ]);
  expect(documented).toEqual(Object.entries(errorTable));
});

test('every code has a meaning there', () => {
  for (const [, code, meaning] of rows) expect(meaning?.trim(), code).toMatch(/^[A-Z].*\.$/);
});

test('an error takes status and close code from the table', () => {
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    const { httpStatus, closeCode, retryable } = new CallError(code, 'no');
    expect({ httpStatus, closeCode, retryable }).toEqual(errorTable[code]);
  }
});

test('close codes are ones that a server may send, or the one that stands for none', () => {
  for (const { closeCode } of Object.values(errorTable)) {
    if (closeCode === null || closeCode === 1006) continue;
    expect(closeCode === 4000 || (closeCode >= 1001 && closeCode <= 1013)).toBe(true);
    expect([1004, 1005]).not.toContain(closeCode);
  }
});
