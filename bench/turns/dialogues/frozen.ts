import { createHash } from 'node:crypto';
import { generateDialogue } from './generate.ts';
import type { GeneratorParameters } from './parameters.ts';

/** Dialogues whose scripts are part of the record. */
const recordedDialogues = 20;

/** What FROZEN.json holds: which generator the figures belong to. */
export interface FrozenRecord {
  readonly parameters: unknown;
  readonly dialogues: number;
  /** SHA-256 over the scripts of the first dialogues, as JSON. */
  readonly scriptsSha256: string;
}

/**
 * The record of a generator. It covers parameters, texts, draws and scripts; not the sound, whose
 * bytes depend on the engines installed, nor the recordings beside the repository.
 */
export function frozenRecord(parameters: GeneratorParameters): FrozenRecord {
  const hash = createHash('sha256');
  for (let index = 0; index < recordedDialogues; index += 1) {
    hash.update(JSON.stringify(generateDialogue(index, parameters)));
  }
  return { parameters, dialogues: recordedDialogues, scriptsSha256: hash.digest('hex') };
}
