import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { CallPlan, MeasuredCall } from './measured-call.ts';

/** One call as it was made. */
export interface MadeCall extends MeasuredCall {
  readonly plan: CallPlan;
  readonly warmUp: boolean;
}

/** What decides which calls a run has: a run is gone on with only by the same. */
export interface RunTerms {
  readonly agents: readonly string[];
  readonly turns: number;
  readonly turnsPerCall: number;
  readonly seed: number;
  /** `null`: the bench's own gateway. */
  readonly url: string | null;
}

/** What there is of a run by now. */
export interface RunSoFar {
  /** Wall-clock time of its beginning, ms since 1970. */
  readonly startedEpochMs: number;
  /** How often it was begun or gone on with. */
  readonly sittings: number;
  readonly calls: readonly MadeCall[];
}

interface Beginning {
  readonly version: 1;
  readonly startedEpochMs: number;
  readonly terms: RunTerms;
}

type Line = { readonly sitting: true } | { readonly call: MadeCall };

/**
 * Reads a journal again. A last line that was cut off by the break is left out.
 *
 * @throws Error when it is none, or of a run on other terms
 */
export function readJournal(text: string, terms: RunTerms): RunSoFar {
  const lines = text.split('\n');
  // What follows the last line's end was being written.
  lines.pop();
  const [first, ...rest] = lines.map((line, place) => parsed(line, place + 1));
  const beginning = first as Partial<Beginning> | undefined;
  if (beginning?.version !== 1 || beginning.startedEpochMs === undefined) {
    throw new Error('the samples that are there are not those of a run of this bench');
  }
  const other = differing(beginning.terms, terms);
  if (other.length > 0) {
    throw new Error(`the run that is there has other terms: ${other.join('; ')}`);
  }
  const entries = rest as readonly Line[];
  return {
    startedEpochMs: beginning.startedEpochMs,
    sittings: 1 + entries.filter((line) => 'sitting' in line).length,
    calls: entries.flatMap((line) => ('call' in line ? [line.call] : [])),
  };
}

function parsed(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`line ${number} of the samples that are there cannot be read`);
  }
}

function differing(there: Partial<RunTerms> | undefined, wanted: RunTerms): readonly string[] {
  return (Object.keys(wanted) as (keyof RunTerms)[])
    .filter((key) => !isDeepStrictEqual(there?.[key], wanted[key]))
    .map((key) => `${key} ${JSON.stringify(there?.[key])}, not ${JSON.stringify(wanted[key])}`);
}

/**
 * A run's samples in a file, a line for each call as soon as it is over: a break costs the calls that
 * were under way and no others.
 */
export class Journal {
  readonly soFar: RunSoFar;
  readonly #path: string;
  /** To be written before the next call. */
  #sitting: boolean;

  private constructor(path: string, soFar: RunSoFar, sitting: boolean) {
    this.#path = path;
    this.soFar = soFar;
    this.#sitting = sitting;
  }

  /** Begins anew. What is there becomes `….previous`: samples may have cost something. */
  static begin(path: string, terms: RunTerms, startedEpochMs: number): Journal {
    mkdirSync(dirname(path), { recursive: true });
    if (existsSync(path)) renameSync(path, `${path}.previous`);
    const beginning: Beginning = { version: 1, startedEpochMs, terms };
    writeFileSync(path, `${JSON.stringify(beginning)}\n`);
    return new Journal(path, { startedEpochMs, sittings: 1, calls: [] }, false);
  }

  /** Goes on with the run that is there. @throws Error when there is none on these terms */
  static resume(path: string, terms: RunTerms): Journal {
    if (!existsSync(path)) throw new Error('there is no run to go on with');
    const text = readFileSync(path, 'utf8');
    const soFar = readJournal(text, terms);
    // A line that was cut off would spoil the next one.
    writeFileSync(path, text.slice(0, text.lastIndexOf('\n') + 1));
    return new Journal(path, { ...soFar, sittings: soFar.sittings + 1 }, true);
  }

  add(call: MadeCall): void {
    if (this.#sitting) this.#line({ sitting: true });
    this.#sitting = false;
    this.#line({ call });
  }

  #line(line: Line): void {
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }
}

/** The plans that no call was made for yet. */
export function leftOf(
  plans: readonly CallPlan[],
  calls: readonly MadeCall[],
): readonly CallPlan[] {
  const made = new Set(calls.flatMap(({ plan, warmUp }) => (warmUp ? [] : [plan.call])));
  return plans.filter(({ call }) => !made.has(call));
}
