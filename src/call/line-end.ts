import { asCallError } from '../ports/errors.ts';
import type { LineEnd } from '../ports/events.ts';
import type { LineOutcome } from '../ports/backend.ts';

/** How a line ended: on its backend's side, or because that was lost. */
export type TrackOutcome = LineOutcome | (LineEnd & { readonly status: 'incomplete' });

/** What that is to everyone else. */
export function lineEnd(outcome: TrackOutcome): LineEnd {
  switch (outcome.status) {
    case 'completed':
    case 'incomplete':
      return outcome;
    case 'cancelled':
      return { status: 'cancelled', reason: 'client_cancelled' };
    case 'failed': {
      const { code, message } = asCallError(outcome.error);
      return { status: 'failed', code, message };
    }
  }
}
