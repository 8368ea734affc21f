import type { LogEntry } from './events.ts';

/** One call seen from outside: labels of its measurements. */
export interface ObservedCall {
  readonly callId: string;
  readonly agent: string;
  readonly backend: string;
}

/** Watches calls. Called on the media path: must be quick; what it throws is caught and counted. */
export interface ObserverPort {
  entry(call: ObservedCall, entry: LogEntry): void;
}
