import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { prepareResampler } from '../audio/resampler.ts';
import type { LogEntry } from '../ports/events.ts';
import { differences, type Difference } from '../recording/replay/compare.ts';
import { replay } from '../recording/replay/replay.ts';
import { replayReport } from './replay-report.ts';
import type { Terminal } from './terminal.ts';

/** What a recording says about itself when it is made again. */
export interface ReplayResult {
  readonly folder: string;
  readonly recordedEntries: number;
  readonly replayedEntries: number;
  /** What could not be made again: differences may come of it. */
  readonly missing: readonly string[];
  readonly differences: readonly Difference[];
}

/**
 * Makes a recorded call again and compares the logs.
 *
 * @throws Error where the folder holds no call that can be made again
 */
export async function replayFolder(folder: string, toleranceMs?: number): Promise<ReplayResult> {
  const [text, sounds, log] = await Promise.all([
    readFile(join(folder, 'inputs.jsonl'), 'utf8'),
    readFile(join(folder, 'sounds.bin')).catch(() => new Uint8Array(0)),
    readFile(join(folder, 'events.jsonl'), 'utf8'),
  ]);
  await prepareResampler();
  const recorded = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogEntry);
  const settle = (): Promise<void> => turn();
  const { entries, missing } = await replay({ text, sounds }, { settle });
  // As a recorded log has it: what JSON leaves out is left out.
  const replayed = JSON.parse(JSON.stringify(entries)) as readonly LogEntry[];
  return {
    folder,
    recordedEntries: recorded.length,
    replayedEntries: replayed.length,
    missing,
    differences: differences(recorded, replayed, toleranceMs),
  };
}

/** Runs `parley replay`. @returns the exit code: 0 the same, 1 different, 2 no such recording */
export async function runReplay(
  {
    folder,
    json,
    toleranceMs,
  }: { readonly folder: string; readonly json: boolean; readonly toleranceMs: number },
  terminal: Pick<Terminal, 'line'>,
): Promise<number> {
  let result: ReplayResult;
  try {
    result = await replayFolder(folder, toleranceMs);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : 'unknown failure';
    terminal.line(`parley: ${folder} cannot be replayed: ${reason}`);
    return 2;
  }
  console.log(json ? JSON.stringify(result, null, 2) : replayReport(result));
  return result.differences.length === 0 ? 0 : 1;
}
