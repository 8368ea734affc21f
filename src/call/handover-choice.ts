import type { BackendPort } from '../ports/backend.ts';

/**
 * Who is tried when a backend in use was lost: the others in their order, then the lost one itself
 * where there were others, as the last thing that can be tried.
 *
 * @param acceptUnseeded whether one may take over that cannot be told what was said
 */
export function successorsOf(
  lost: BackendPort,
  backends: readonly BackendPort[],
  acceptUnseeded: boolean,
): readonly BackendPort[] {
  const able = backends.filter(
    ({ capabilities }) => acceptUnseeded || capabilities.seedHistory !== 'none',
  );
  const others = able.filter((port) => port !== lost);
  return others.length > 0 && able.includes(lost) ? [...others, lost] : others;
}
