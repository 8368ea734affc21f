import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { PositionedYaml, problemText } from '../../../src/server/problems.ts';
import { schemaProblems } from '../../../src/server/schema-problems.ts';

/** Shapes as those of a backend that is made of parts. */
const schema = z.strictObject({
  voice: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('near'), file: z.string() }),
    z.strictObject({
      type: z.literal('far'),
      url: z.string(),
      rateHz: z.int().min(8000).optional(),
    }),
  ]),
  limit: z
    .union([z.boolean(), z.int().min(1)], { error: 'must be true, false or a count' })
    .optional(),
});

function problems(text: string): readonly string[] {
  const yaml = new PositionedYaml(text);
  const { error } = schema.safeParse(yaml.toData(), { reportInput: true });
  if (error === undefined) return [];
  return schemaProblems(yaml, schema, error).map((problem) => problemText('t', problem));
}

describe('what is wrong inside one of several shapes', () => {
  test.each([
    ['voice: { type: near, file: x }', []],
    [
      'voice: { type: near, flie: x }',
      [
        't:1:8 voice.file is missing: it must be text.',
        't:1:22 voice.flie: "flie" is not known here. Did you mean "file"?',
      ],
    ],
    // What the other shape knows is not suggested.
    [
      'voice: { type: near, file: x, rateHz: 1 }',
      ['t:1:31 voice.rateHz: "rateHz" is not known here. Known here: type, file.'],
    ],
    ['voice: { type: far, url: u, rateHz: 1 }', ['t:1:37 voice.rateHz must be at least 8000.']],
    [
      'voice: { type: fra, url: u }',
      ['t:1:16 voice.type is unknown: it must be one of near, far. Did you mean "far"?'],
    ],
    ['voice: { url: u }', ['t:1:8 voice.type is missing: it must be one of near, far.']],
    ['voice: near', ['t:1:8 voice must be a group of settings.']],
    ['{ voice: { type: near, file: x }, limit: 0 }', ['t:1:42 limit must be at least 1.']],
    [
      '{ voice: { type: near, file: x }, limit: all }',
      ['t:1:42 limit must be true, false or a count.'],
    ],
  ])('%s', (text, expected) => {
    expect(problems(text)).toEqual(expected);
  });
});
