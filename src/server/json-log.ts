import { pino, type DestinationStream } from 'pino';
import type { Logger } from '../ports/log.ts';

/** JSON lines with a time, a level and the event's name. The stream is the caller's. */
export function jsonLogger(stream: DestinationStream): Logger {
  const lines = pino({ base: null, messageKey: 'event' }, stream);
  return {
    debug: (event, fields) => lines.debug(fields ?? {}, event),
    info: (event, fields) => lines.info(fields ?? {}, event),
    warn: (event, fields) => lines.warn(fields ?? {}, event),
    error: (event, fields) => lines.error(fields ?? {}, event),
  };
}
