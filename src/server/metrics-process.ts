import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | null = null;

/**
 * What Node says of the process: CPU time of all threads, memory, open files, garbage collection.
 * One for the whole process, because its observers watch the process and cannot be stopped.
 */
export function processRegistry(): Registry {
  if (registry === null) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
