import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { packageManifest } from '../../../adapters/inference/manifest.ts';
import { manifestProblems } from '../../../adapters/inference/manifest-problems.ts';
import { writePorterPackage, type PorterPackage } from '../../upstream/onnx/package.ts';

let porter: PorterPackage;
beforeAll(async () => {
  const asks = { name: 'find_room', arguments: { beds: 2 } };
  porter = await writePorterPackage({ asks, says: ['a', 'b', 'c', 'd'] });
});
afterAll(() => porter.remove());

/** What is wrong with the porter's manifest once its text was changed. */
function problems(...changes: readonly (readonly [from: string, to: string])[]): string[] {
  let text = readFileSync(join(porter.folder, 'manifest.json'), 'utf8');
  for (const [from, to] of changes) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  return manifestProblems(packageManifest.parse(JSON.parse(text)));
}

describe('slots, tools and times of words', () => {
  test('are sound as they are', () => {
    expect(problems()).toEqual([]);
  });

  test('need the second version of the schema', () => {
    expect(problems(['parley-package/2', 'parley-package/1'])).toEqual([
      'slots, tools and times of words need schema parley-package/2',
    ]);
  });

  test('times must be there for every token', () => {
    expect(problems(['["B",1,2]', '["B",2,2]'])).toEqual([
      'porter.onnx: output word_times is int32 [B, 2, 2], must be int32 [B, 1, 2]',
    ]);
  });

  test('there must be a number for every slot', () => {
    expect(
      problems([
        '"sink":"slots","dtype":"int32","shape":["B",2]',
        '"sink":"slots","dtype":"int32","shape":["B",3]',
      ]),
    ).toEqual(['porter.onnx: output slots is int32 [B, 3], must be int32 [B, 2]']);
  });

  test('arguments must be slots, and number 0 nothing', () => {
    expect(
      problems(
        ['"arguments":["beds"]', '"arguments":["rooms"]'],
        ['"results":[null,"answered"', '"results":["answered"'],
      ),
    ).toEqual([
      'streams.tools.results: the first is what 0 means, must be null',
      'streams.tools.calls: find_room has no slot rooms',
    ]);
  });

  test('who calls tools takes their results', () => {
    expect(problems(['"source":"tool_result"', '"source":"value","value":"x"'])).toEqual([
      'porter.onnx: input tool_result is int32 [B], must be made before it',
      'streams.tools needs an input with source tool_result',
    ]);
  });
});
