import type { AgentLines } from './agent-lines.ts';
import { CallError, type ErrorCode } from '../ports/errors.ts';
import type { LiveBackendEvent } from './backend-events.ts';

/** Failures of an answer that another backend may not have. */
const backendsOwn: ReadonlySet<ErrorCode> = new Set([
  'backend_closed',
  'backend_stalled',
  'backend_refused',
  'backend_overloaded',
  'backend_protocol',
  'model_unavailable',
] satisfies ErrorCode[]);

/**
 * Which of a backend's words mean that it is lost to the call, though its session goes on: an answer
 * that failed, or a turn of which it has not understood everything.
 */
export class LossesInWords {
  readonly #lines: () => AgentLines;
  readonly #limit: number;
  /** Answers that failed since the last one that did not (a count). */
  #failed = 0;

  /** @param limit answers that may fail in a row before it is taken for the question's fault */
  constructor(lines: () => AgentLines, limit: number) {
    this.#lines = lines;
    this.#limit = limit;
  }

  /** To be asked about each event where another backend could take over. @returns the loss in it */
  take(event: LiveBackendEvent): CallError | null {
    if (event.type === 'caller.lost') {
      return new CallError('backend_closed', 'a turn of the caller was not understood');
    }
    if (event.type === 'upstream.lost') return event.error;
    if (event.type !== 'line.done' || this.#lines().find(event.lineId)?.inBand !== true)
      return null;
    const { outcome } = event;
    if (outcome.status !== 'failed') {
      this.#failed = 0;
      return null;
    }
    if (!backendsOwn.has(outcome.error.code) || this.#failed >= this.#limit) return null;
    this.#failed += 1;
    return outcome.error;
  }
}
