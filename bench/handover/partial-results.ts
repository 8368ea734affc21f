import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { KilledCall } from './killed-call.ts';

/** What decides which calls are made; with another one nothing is gone on with. */
export type PlanKey = Readonly<Record<string, unknown>>;

/** Calls that were made, written down one by one, so that a run that was broken off can be gone on with. */
export class PartialResults {
  readonly #path: string;
  /** Those of an earlier run. */
  readonly earlier: readonly KilledCall[];

  /** @param resume whether an earlier run is gone on with, where there is one with the same plan */
  constructor(path: string, key: PlanKey, resume: boolean) {
    this.#path = path;
    const head = JSON.stringify(key);
    const [first, ...lines] = resume && existsSync(path) ? linesOf(path) : [];
    this.earlier = first === head ? lines.flatMap(callIn) : [];
    mkdirSync(dirname(path), { recursive: true });
    const kept = this.earlier.map((call) => JSON.stringify(call));
    writeFileSync(path, `${[head, ...kept].join('\n')}\n`);
  }

  add(call: KilledCall): void {
    appendFileSync(this.#path, `${JSON.stringify(call)}\n`);
  }

  /** All calls have been made: the results are somewhere else now. */
  done(): void {
    rmSync(this.#path, { force: true });
  }
}

function linesOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** The last line may have been broken off. */
function callIn(line: string): readonly KilledCall[] {
  try {
    return [JSON.parse(line) as KilledCall];
  } catch {
    return [];
  }
}
