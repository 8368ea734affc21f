import type { EventLog } from './event-log.ts';
import type { Logger } from '../ports/log.ts';
import type { Clock } from '../time/clock.ts';
import type { IdSource } from '../time/ids.ts';

/** What the parts of one call share. */
export interface CallScope {
  readonly clock: Clock;
  /** Monotonic time of the call's start. */
  readonly originMs: number;
  /** Call time, ms since the start. */
  readonly nowMs: () => number;
  readonly ids: IdSource;
  /** The call's event log. */
  readonly log: EventLog;
  /** Structured process logs. */
  readonly logger: Logger;
}
