import { readdirSync, readFileSync } from 'node:fs';

/** CPU a process has used since it began, ms, user and system together. */
export interface CpuTime {
  readonly allMs: number;
  /** Of its first thread, where Node runs JavaScript and reads sockets. */
  readonly mainMs: number;
}

/**
 * CPU of processes, all threads, from the scheduler's own nanosecond count (Linux: `schedstat`).
 * Threads that have ended are not in it; what is measured here keeps its threads.
 *
 * @throws Error where a process is gone or the system is not Linux
 */
export function cpuTime(pids: readonly number[]): CpuTime {
  let allMs = 0;
  let mainMs = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1');
      const ranMs = Number(text.split(' ', 1)[0]) / 1e6;
      allMs += ranMs;
      if (thread === String(pid)) mainMs += ranMs;
    }
  }
  return { allMs, mainMs };
}

/** Resident memory of a process, KiB. */
export function residentKib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  if (found?.[1] === undefined) throw new Error(`no resident memory of process ${pid}`);
  return Number(found[1]);
}

/** A process and those it started. */
export function withChildren(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return [pid, ...(text === '' ? [] : text.split(' ').map(Number))];
}
