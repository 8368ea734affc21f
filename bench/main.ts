import { mkdirSync } from 'node:fs';
import process from 'node:process';
import { benchHelp, parseBench, type BenchCommand } from './arguments.ts';
import { describeMachine, type Machine } from './lib/machine.ts';
import { outFolder, writeReport, type BenchResult } from './lib/report.ts';
import { handoverText } from './handover/handover-text.ts';
import { runHandover } from './handover/handover.ts';
import { runLoad } from './load/load.ts';
import { runOverhead } from './overhead/overhead.ts';
import { consentOf } from './ttfb/paid-run.ts';
import { runTtfb } from './ttfb/ttfb.ts';
import { ttfbText } from './ttfb/ttfb-text.ts';
import { runTurns } from './turns/turns.ts';
import { summaryText } from './lib/summary-text.ts';
import { turnsText } from './turns/turns-text.ts';

/** Runs one benchmark. Progress goes to standard error. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  const command = parseBench(args);
  switch (command.kind) {
    case 'help':
      console.log(benchHelp);
      return 0;
    case 'usage':
      console.error(`parley bench: ${command.message}\nTry: npx parley bench help`);
      return 2;
    case 'overhead':
    case 'load':
    case 'turns':
    case 'ttfb':
    case 'handover':
      return await measure(command);
  }
}

type Measurement = BenchCommand & {
  readonly kind: 'overhead' | 'load' | 'turns' | 'ttfb' | 'handover';
};

const texts = {
  overhead: summaryText,
  load: summaryText,
  turns: turnsText,
  ttfb: ttfbText,
  handover: handoverText,
};

async function measure(command: Measurement): Promise<number> {
  const readsProc = command.kind === 'overhead' || command.kind === 'load';
  if (process.platform !== 'linux' && readsProc) {
    console.error('parley bench: the CPU of other processes is read from /proc, so Linux only.');
    return 1;
  }
  const machine = describeMachine();
  // An orderly exit, so that no process is left behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => process.exit(130));
  }
  try {
    const report = writeReport(await run(command, machine), machine);
    console.log(command.json ? JSON.stringify(report) : texts[command.kind](report));
    return 0;
  } catch (thrown) {
    console.error(`parley bench: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return 1;
  }
}

function run(command: Measurement, machine: Machine): Promise<BenchResult> {
  const progress = (line: string): void => console.error(line);
  if (command.kind === 'turns') return runTurns({ ...command, progress });
  if (command.kind === 'handover') return runHandover({ ...command, progress });
  if (command.kind === 'ttfb') {
    const consent = consentOf(command.yes);
    const key = process.env['PARLEY_KEY'] ?? null;
    return runTtfb({ ...command, key, consent, machine, progress });
  }
  const profileFolder = command.profile ? outFolder : null;
  if (profileFolder !== null) mkdirSync(profileFolder, { recursive: true });
  switch (command.kind) {
    case 'overhead':
      return runOverhead({ ...command, profileFolder, progress });
    case 'load':
      return runLoad({ ...command, machineCoreCount: machine.cores, profileFolder, progress });
  }
}
