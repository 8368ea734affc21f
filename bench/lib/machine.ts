import { existsSync, readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import process from 'node:process';

/** What the figures were taken on. A figure without it says nothing. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
  readonly parley: string;
  readonly virtual: boolean;
  /** Load average of the last minute before the run: other work on the machine shows here. */
  readonly loadBefore: number;
  readonly atTime: string;
}

/** Describes this machine, now. */
export function describeMachine(): Machine {
  const packageFile = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    parley: version,
    virtual: isVirtual(),
    loadBefore: loadavg()[0] ?? 0,
    atTime: new Date().toISOString(),
  };
}

function isVirtual(): boolean {
  const file = '/proc/cpuinfo';
  return existsSync(file) && /^flags\s*:.*\bhypervisor\b/m.test(readFileSync(file, 'latin1'));
}
