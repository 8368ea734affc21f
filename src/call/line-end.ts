import { asCallError } from '../ports/errors.ts';
import type { LineEnd } from '../ports/events.ts';
import type { LineOutcome } from '../ports/backend.ts';

/** What a backend's outcome is to everyone else. */
export function lineEnd(outcome: LineOutcome): LineEnd {
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
