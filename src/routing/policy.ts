/** How far a backend is on its way to its first call. */
export type BackendReadiness = 'preparing' | 'ready' | 'failed';

/** A backend by name, as the choice sees it. */
export interface BackendCandidate {
  readonly name: string;
  readonly readiness: BackendReadiness;
  /** Whether calls that have a choice are sent there; absent: they are. */
  readonly trusted?: boolean;
}

/**
 * The order in which a call tries an agent's backends: those that are ready in the agent's order, those
 * that have failed calls of late behind the others, then those still preparing, then those that failed
 * to prepare. The failed stay in the list so
 * that a call with nothing else is refused with the reason, and not for want of a backend.
 */
export function backendOrder(candidates: readonly BackendCandidate[]): readonly string[] {
  const rank = { ready: 0, preparing: 1, failed: 2 } as const satisfies Record<
    BackendReadiness,
    number
  >;
  return candidates
    .map((candidate, place) => ({ candidate, place }))
    .sort(
      (a, b) =>
        rank[a.candidate.readiness] - rank[b.candidate.readiness] ||
        Number(a.candidate.trusted === false) - Number(b.candidate.trusted === false) ||
        a.place - b.place,
    )
    .map(({ candidate }) => candidate.name);
}

/** Whether a call has to be asked to come back: nothing is ready, and something soon may be. */
export function stillPreparing(candidates: readonly BackendCandidate[]): boolean {
  return (
    candidates.some(({ readiness }) => readiness === 'preparing') &&
    !candidates.some(({ readiness }) => readiness === 'ready')
  );
}
