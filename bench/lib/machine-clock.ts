import { hrtime } from 'node:process';

/**
 * Microseconds on the machine's monotonic clock, the same in all processes of one machine, so that
 * one process can say how long ago another one sent something. (`performance.now()` begins anew in
 * every process, and where it began is only known to within a preemption.)
 */
export function machineUs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e6 + nanoseconds / 1e3;
}
