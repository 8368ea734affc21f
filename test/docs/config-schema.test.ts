import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { schemaPath, schemaText } from './config-schema.ts';

const example = new URL('../../parley.example.yaml', import.meta.url);

const schema = JSON.parse(readFileSync(schemaPath, 'utf8')) as Record<string, unknown>;
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);

function check(text: string): readonly string[] {
  validate(parse(text));
  return (validate.errors ?? []).map(
    ({ instancePath, message }) => `${instancePath} ${message ?? ''}`,
  );
}

describe('docs/parley.schema.json', () => {
  test('is as the code has it (else: npm run docs)', async () => {
    expect(readFileSync(schemaPath, 'utf8')).toBe(await schemaText());
  });

  test.each([
    ['{}'],
    [readFileSync(example, 'utf8')],
    [
      `agents:
  a:
    backends: { order: [x], rules: [ { name: r, split: [ { name: a, use: [x] }, { name: b, weight: 2, use: [y] } ] } ] }
    allow: { instructions: 500, voice: [v], tools: false }
backends: { x: { type: rehearsal }, y: { type: onnx, package: parrot } }`,
    ],
  ])('takes what is sound (%#)', (text) => {
    expect(check(text)).toEqual([]);
  });

  test.each([
    ['server: { prot: 1 }', '/server'],
    ['server: { port: 70000 }', '/server/port'],
    ['backends: { x: { type: onnx } }', '/backends/x'],
    ['backends: { x: { type: rehearsal, sed: 1 } }', '/backends/x'],
    ['backends: { x: { type: nothing } }', '/backends/x'],
    ['agents: { a: { backends: [] } }', '/agents/a/backends'],
    ['agents: { a: { backends: [x], turns: { profile: quick } } }', '/agents/a/turns/profile'],
    ['agents: { "a b": { backends: [x] } }', '/agents'],
  ])('refuses %s', (text, place) => {
    expect(check(text).some((problem) => problem.startsWith(place))).toBe(true);
  });
});
