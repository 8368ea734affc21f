import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type { CascadeParts } from './capabilities.ts';

/**
 * Prepares every part, all at once. Rejects when all have settled, with everything that is missing:
 * one reason after the other would be one restart after the other.
 */
export async function prepareParts(parts: CascadeParts, signal: AbortSignal): Promise<void> {
  const entries = Object.entries(parts) as readonly [string, CascadeParts[keyof CascadeParts]][];
  const outcomes = await Promise.allSettled(entries.map(([, part]) => part.prepare(signal)));
  const failures = outcomes.flatMap((outcome, i) =>
    outcome.status === 'rejected'
      ? [{ part: entries[i]![0], error: asCallError(outcome.reason, 'model_unavailable') }]
      : [],
  );
  const [first] = failures;
  if (first === undefined) return;
  const message = failures.map(({ part, error }) => `${part}: ${error.message}`).join('; ');
  throw new CallError(first.error.code, message, { cause: first.error });
}
