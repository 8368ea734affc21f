import type { CallControl, CommandResult } from '../ports/client.ts';
import type { CallSeed } from '../ports/conversation.ts';
import type { LogEntry } from '../ports/events.ts';

/** A running call with what operators see of it, beyond its client's view. */
export interface Call extends CallControl {
  /** The log so far, as far as it is kept. */
  readonly entries: readonly LogEntry[];
  /** Name of the backend that answers now. */
  readonly backend: string;
  seed(): CallSeed;
  /** Goes over to another backend at the next pause; `null`: to the first that is not in use. */
  handOver(to: string | null): CommandResult;
  /** Its backend is lost from now on, as if it had died. Refused while none is open. */
  breakBackend(): CommandResult;
}
