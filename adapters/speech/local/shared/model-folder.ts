import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { CallError } from '../../../../src/ports/errors.ts';
import type { SpeechSurroundings } from '../../../shared/surroundings.ts';

/** Where a local engine's weights are: a model that was pulled, or a folder of one's own. */
export interface ModelSource {
  /** Name for `parley models pull`. */
  readonly model: string;
  /** Path of a folder; goes before the name. */
  readonly modelFolder?: string | undefined;
}

/** Files of a model's folder, found by their names. */
export interface ModelFiles {
  readonly folder: string;
  readonly names: readonly string[];
}

/**
 * The folder and what is in it.
 * @throws CallError `model_unavailable` saying what to do
 */
export async function openModelFolder(
  { model, modelFolder }: ModelSource,
  { resolvePath, pulledModel }: Pick<SpeechSurroundings, 'resolvePath' | 'pulledModel'>,
): Promise<ModelFiles> {
  const folder = modelFolder === undefined ? pulledModel(model) : resolvePath(modelFolder);
  if (folder === null || !existsSync(folder)) {
    throw new CallError(
      'model_unavailable',
      modelFolder === undefined
        ? `the weights of ${model} are not here: npx parley models pull ${model} fetches them`
        : `there is no model folder ${modelFolder}`,
    );
  }
  return { folder, names: await readdir(folder) };
}

/**
 * Path of the one file whose name fits; of several the smallest kind (`int8`) where `int8` is wanted.
 * @throws CallError `model_unavailable` naming what is missing: the engine itself would end the
 * whole process
 */
export function modelFile(
  { folder, names }: ModelFiles,
  pattern: RegExp,
  { what, int8 = false }: { readonly what: string; readonly int8?: boolean },
): string {
  const found = names.filter((name) => pattern.test(name)).toSorted();
  const chosen = found.find((name) => name.includes('int8') === int8) ?? found[0];
  if (chosen === undefined) {
    throw new CallError('model_unavailable', `the model folder ${folder} has no ${what}`);
  }
  return join(folder, chosen);
}

/** Path of a file or folder of that name; empty, as the engine has it, where there is none. */
export function optionalFile({ folder, names }: ModelFiles, name: string): string {
  return names.includes(name) ? join(folder, name) : '';
}
