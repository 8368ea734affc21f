import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { entryName } from './config-names.ts';
import { suggestion } from './suggestion.ts';
import type { OpeningLimits } from '../routing/opening-bucket.ts';
import type { ConfigProblem, PositionedYaml } from './problems.ts';

/** How a process treats one backend, beside the first session of each call. */
export interface ConnectionLimits extends OpeningLimits {
  /** Most sessions that stand by at once (a count). */
  readonly standbys: number;
  /** How often it is tried whether a fallback that nobody uses opens, ms; `null`: never. */
  readonly probeEveryMs: number | null;
}

export const defaultConnections: ConnectionLimits = {
  perSecond: 50,
  waiting: 1000,
  standbys: 16,
  probeEveryMs: 300_000,
};

const limits = {
  perSecond: z.int().min(1).max(10_000),
  waiting: z.int().min(0).max(100_000),
  standbys: z.int().min(0).max(10_000),
  probeEveryMs: z.int().min(1_000).max(86_400_000).nullable(),
};

/** How a process treats its backends, as the file says it. */
export const connectionsSchema = z
  .strictObject({
    perSecond: limits.perSecond.default(defaultConnections.perSecond),
    waiting: limits.waiting.default(defaultConnections.waiting),
    standbys: limits.standbys.default(defaultConnections.standbys),
    probeEveryMs: limits.probeEveryMs.default(defaultConnections.probeEveryMs),
    /** What differs for single backends. */
    backends: z.record(entryName, z.strictObject(limits).partial()).default({}),
  })
  .prefault({});

export type ConnectionsEntry = z.output<typeof connectionsSchema>;

/** Limits of backends, where the file says any; what it says of those that there are not is a problem. */
export function readConnections(
  yaml: PositionedYaml,
  entry: ConnectionsEntry,
  names: readonly string[],
  problems: ConfigProblem[],
): (backend: string) => { readonly connections?: ConnectionLimits } {
  for (const name of Object.keys(entry.backends)) {
    if (names.includes(name)) continue;
    const message = `There is no backend ${JSON.stringify(name)}.${suggestion(name, names)}`;
    problems.push(yaml.problem(['connections', 'backends', name], message));
  }
  const { backends, ...all } = entry;
  return (backend) => {
    const connections = { ...all, ...given(backends[backend] ?? {}) };
    return isDeepStrictEqual(connections, defaultConnections) ? {} : { connections };
  };
}

function given(limits: ConnectionsEntry['backends'][string]): Partial<ConnectionLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
