import type { LogEntry } from './events.ts';

/** One call seen from outside: labels of its measurements. */
export interface ObservedCall {
  readonly callId: string;
  readonly agent: string;
  readonly backend: string;
}

/** Caller → backend, or backend → caller. */
export type FrameDirection = 'up' | 'down';

/** What waits in one call at this moment. */
export interface CallDepths {
  /** Accepted by the client's socket and not yet written to the network. */
  readonly unsentBytes: number;
  /** Agent audio that was not given to the client yet, ms. */
  readonly unplayedMs: number;
  /** Commands that wait for a backend to open (a count). */
  readonly waitingCommands: number;
}

/** Watches calls. Called on the media path: must be quick; what it throws is caught and counted. */
export interface ObserverPort {
  entry(call: ObservedCall, entry: LogEntry): void;
  /**
   * One piece of audio went through. Up: from the moment the call got it to the moment the backend
   * had taken it. Down: from the moment it could be given, which is when the call got it or when the
   * pace allowed it, whichever was later, to the moment the client's view had it. Never negative.
   * Called for every frame of every call.
   */
  frameDelay?(call: ObservedCall, direction: FrameDirection, delayMs: number): void;
  /** Once, before the first entry: `depths` may be asked at any time until `call.closed`. */
  watch?(call: ObservedCall, depths: () => CallDepths): void;
}
