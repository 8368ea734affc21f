import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { relative } from 'node:path';
import process from 'node:process';
import type { Machine } from './machine.ts';
import { chartSvg, escaped, type Chart } from './svg.ts';

/** What one benchmark found. */
export interface BenchResult {
  readonly bench: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly summary: Readonly<Record<string, unknown>>;
  /** Raw samples, as they are to be kept. */
  readonly samples: unknown;
  readonly charts: readonly Chart[];
  /** The same in other forms, by the ending of the file. */
  readonly tables?: Readonly<Record<string, string>>;
}

/** The object that a benchmark prints. */
export interface BenchReport {
  readonly bench: string;
  readonly machine: Machine;
  readonly config: Readonly<Record<string, unknown>>;
  readonly summary: Readonly<Record<string, unknown>>;
  /** Relative to where the command was given. */
  readonly samplesFile: string;
}

/** Folder of samples, plots and profiles. */
export const outFolder = fileURLToPath(new URL('../out/', import.meta.url));

/** Writes samples and plots of a result. @returns what to print of it */
export function writeReport(result: BenchResult, machine: Machine): BenchReport {
  const { bench, config, summary } = result;
  mkdirSync(outFolder, { recursive: true });
  const samplesPath = `${outFolder}${bench}.json`;
  const samplesFile = relative(process.cwd(), samplesPath);
  const report: BenchReport = { bench, machine, config, summary, samplesFile };
  writeFileSync(samplesPath, JSON.stringify({ ...report, samples: result.samples }, plain));
  writeFileSync(`${outFolder}${bench}.html`, page(report, result.charts));
  for (const [ending, text] of Object.entries(result.tables ?? {})) {
    writeFileSync(`${outFolder}${bench}.${ending}`, text);
  }
  return report;
}

/** Typed arrays as lists, with a microsecond's precision. */
function plain(_key: string, value: unknown): unknown {
  return value instanceof Float64Array
    ? Array.from(value, (sample) => Math.round(sample * 1e3) / 1e3)
    : value;
}

function page(report: BenchReport, charts: readonly Chart[]): string {
  const { bench, machine, summary, config } = report;
  const figures = escaped(JSON.stringify({ summary, config, machine }, null, 2));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>parley bench ${escaped(bench)}</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem }
  svg { width: 100%; height: auto; margin: 1rem 0; font: 12px system-ui, sans-serif }
  pre { background: #f6f6f6; padding: 1rem; overflow: auto }
</style>
<h1>parley bench ${escaped(bench)}</h1>
<p>${escaped(machine.atTime)}, ${escaped(machine.cpu)}, ${machine.cores} cores, Node ${escaped(machine.node)}</p>
${charts.map((chart) => chartSvg(chart)).join('\n')}
<pre>${figures}</pre>
</html>
`;
}
