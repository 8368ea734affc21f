import type { BackendPort } from '../ports/backend.ts';

export interface ChoiceOptions {
  /** One may take over that cannot be told what was said. */
  readonly acceptUnseeded: boolean;
  /** Whether calls that have a choice are sent there. */
  readonly trusted: (port: BackendPort) => boolean;
}

/**
 * Who is tried when a backend in use was lost: the others in their order, those behind that have
 * failed calls of late, then the lost one itself where there were others, as the last thing that can
 * be tried.
 */
export function successorsOf(
  lost: BackendPort,
  backends: readonly BackendPort[],
  { acceptUnseeded, trusted }: ChoiceOptions,
): readonly BackendPort[] {
  const able = backends.filter(
    ({ capabilities }) => acceptUnseeded || capabilities.seedHistory !== 'none',
  );
  const others = able.filter((port) => port !== lost);
  if (others.length === 0) return [];
  const [good, bad] = [others.filter(trusted), others.filter((port) => !trusted(port))];
  return [...good, ...bad, ...(able.includes(lost) ? [lost] : [])];
}
