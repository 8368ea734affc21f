import type { LogEntry } from '../ports/events.ts';
import type { Logger } from '../ports/log.ts';
import type { ObservedCall, ObserverPort } from '../ports/observer.ts';

/** Tells every observer; what one throws stays with it and is logged. */
export function tellObservers(
  observers: readonly ObserverPort[],
  call: ObservedCall,
  entry: LogEntry,
  logger: Logger,
): void {
  for (const observer of observers) {
    try {
      observer.entry(call, entry);
    } catch (thrown) {
      logger.error('observer.failed', {
        entry: entry.type,
        error: thrown instanceof Error ? thrown.name : typeof thrown,
      });
    }
  }
}
